"""What a media file holds: its properties and its packet index.

Only the first frame is decoded, to see that decoding works and how the picture is turned. Here: reading files as they
are, and the reasons why one cannot be used. Not here: the packets (``packets``), frames (``reader``), hashes and copies
(``rushes.sources``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.containers import open_container
from rushes.video.index import Coding, PacketIndex
from rushes.video.packets import ReadBy, read_packets
from rushes.video.recorded import recorded_at


@dataclass(frozen=True)
class VideoInfo:
    """A file's properties; ``width`` and ``height`` as shown, after turning by ``rotation`` degrees.

    ``recorded_at`` is in UTC, without a zone; None where the file does not say.
    """

    container: str
    codec: str
    width: int
    height: int
    rotation: int
    duration_s: float
    fps: float
    is_vfr: bool
    has_audio: bool
    recorded_at: datetime | None
    coding: Coding
    read_by: ReadBy
    read_note: str | None
    index: PacketIndex


def probe(source: str | BinaryIO) -> VideoInfo:
    """Read a file's index. Raises ``VideoError`` with the reason why it is no usable video."""
    name = source if isinstance(source, str) else getattr(source, "name", "the file")
    try:
        with open_container(source) as container:
            return _probe_open(source, container, str(name))
    except av.error.FFmpegError as error:
        if isinstance(source, str) and _lacks_index(source):
            raise VideoError(Reason.TRUNCATED, f"{name}: cut off: the mp4's index of frames is missing") from None
        raise VideoError(Reason.NOT_VIDEO, f"{name}: not a video that can be opened ({error.strerror})") from None


def _lacks_index(path: str) -> bool:
    """Tell whether a file begins as an mp4 and ends before its ``moov`` box does (ISO/IEC 14496-12, 4.2)."""
    with open(path, "rb") as handle:
        end = handle.seek(0, os.SEEK_END)
        at, kind = 0, b""
        while at < end and kind != b"moov":
            handle.seek(at)
            header = handle.read(16)
            kind = header[4:8]
            if at == 0 and kind != b"ftyp":
                return False
            size = int.from_bytes(header[:4], "big")
            size = int.from_bytes(header[8:16], "big") if size == 1 else size
            at = at + size if size >= 8 else end
    return at > end or kind != b"moov"


def video_streams(container: InputContainer) -> list[VideoStream]:
    """Return a file's video streams, of which the first is read, without attached pictures (covers)."""
    return [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]


def seek_to_start(container: InputContainer, stream: VideoStream, index: PacketIndex) -> None:
    """Go back to where decoding can begin first."""
    for time in (index.dts.min(), *index.pts[index.keyframes[:1]]):
        try:
            container.seek(int(time), stream=stream)
            return
        except av.error.FFmpegError:
            continue  # refused where packets stand before the first keyframe
    container.seek(0, unsupported_byte_offset=True)  # FFmpeg finds no time at all in a transport stream of one frame


def check_file(path: str) -> None:
    """Raise ``VideoError`` for a path that is missing, empty or no file."""
    if not os.path.exists(path):
        raise VideoError(Reason.MISSING_FILE, f"{path}: no such file")
    if not os.path.isfile(path):
        raise VideoError(Reason.NOT_VIDEO, f"{path}: not a file")
    if os.path.getsize(path) == 0:
        raise VideoError(Reason.EMPTY_FILE, f"{path}: the file is empty")


def _probe_open(source: str | BinaryIO, container: InputContainer, name: str) -> VideoInfo:
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        raise VideoError(Reason.NOT_VIDEO, f"{name}: a single picture, not a video")
    streams = video_streams(container)
    if not streams:
        raise VideoError(Reason.NO_VIDEO_STREAM, f"{name}: no video stream in it")
    stream = streams[0]
    stream.codec_context.thread_count = 1  # one frame is decoded: threads would take longer to start than that
    packets = read_packets(source, container, stream, name)
    index = packets.index
    first = _first_frame(container, stream, index, name)
    if stream.codec_context.codec.canonical_name == "mpeg4" and first.interlaced_frame:
        # Its field times are learnt from the first B-frame: decoding begins at the first frame and nowhere else.
        index = replace(index, keyframe=np.arange(len(index)) == index.keyframes[0])
    rotation = int(first.rotation) % 360
    turned = rotation in (90, 270)
    times = index.times_s
    span = np.diff(times)
    step = float(np.median(span)) if len(span) else packets.last_s or 1 / 25
    duration = float(times[-1] - times[0]) + (packets.last_s or step)
    tick = float(index.time_base)
    return VideoInfo(
        container=container.format.name.split(",")[0],
        codec=stream.codec_context.codec.canonical_name,
        width=first.height if turned else first.width,
        height=first.width if turned else first.height,
        rotation=rotation,
        duration_s=duration,
        fps=len(index) / duration,
        is_vfr=bool(len(span) and np.abs(span - step).max() > max(1.5 * tick, 0.1 * step)),
        has_audio=bool(container.streams.audio),
        recorded_at=recorded_at(container.metadata, stream.metadata),
        coding=Coding.of(stream.codec_context),
        read_by=packets.read_by,
        read_note=packets.note,
        index=index,
    )


def _first_frame(container: InputContainer, stream: VideoStream, index: PacketIndex, name: str) -> VideoFrame:
    try:
        seek_to_start(container, stream, index)
        for frame in container.decode(stream):
            return frame
    except av.error.FFmpegError as error:
        raise VideoError(Reason.UNDECODABLE, f"{name}: the first frame cannot be decoded ({error.strerror})") from None
    raise VideoError(Reason.UNDECODABLE, f"{name}: no frame can be decoded")
