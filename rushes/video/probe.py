"""What a media file holds: its properties and, for each frame, its packet. One pass over the packets, none decoded.

Only the first frame is decoded, to see that decoding works and how the picture is turned. Here: reading files as they
are, and the reasons why one cannot be used. Not here: frames (``reader``), hashes and copies (``rushes.sources``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.bitstream import droppable_test


@dataclass(frozen=True)
class PacketIndex:
    """A file's frames in presentation order.

    ``pts``, ``dts``, ``pos`` int64 (n,), in ticks of ``time_base`` and bytes, -1 in ``pos`` where a container has none;
    ``size`` int32 (n,); ``keyframe`` and ``droppable`` bool (n,).
    """

    time_base: Fraction
    pts: np.ndarray
    dts: np.ndarray
    pos: np.ndarray
    size: np.ndarray
    keyframe: np.ndarray
    droppable: np.ndarray

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times, float64 seconds (n,)."""
        return self.pts * self.time_base.numerator / self.time_base.denominator


@dataclass(frozen=True)
class VideoInfo:
    """A file's properties; ``width`` and ``height`` as shown, after turning by ``rotation`` degrees."""

    container: str
    codec: str
    width: int
    height: int
    rotation: int
    duration_s: float
    fps: float
    is_vfr: bool
    has_audio: bool
    index: PacketIndex


def probe(source: str | BinaryIO) -> VideoInfo:
    """Read a file's index. Raises ``VideoError`` with the reason why it is no usable video."""
    name = source if isinstance(source, str) else getattr(source, "name", "the file")
    try:
        with av.open(source, "r") as container:
            return _probe_open(container, str(name))
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


def check_file(path: str) -> None:
    """Raise ``VideoError`` for a path that is missing, empty or no file."""
    if not os.path.exists(path):
        raise VideoError(Reason.MISSING_FILE, f"{path}: no such file")
    if not os.path.isfile(path):
        raise VideoError(Reason.NOT_VIDEO, f"{path}: not a file")
    if os.path.getsize(path) == 0:
        raise VideoError(Reason.EMPTY_FILE, f"{path}: the file is empty")


def _probe_open(container: InputContainer, name: str) -> VideoInfo:
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        raise VideoError(Reason.NOT_VIDEO, f"{name}: a single picture, not a video")
    streams = video_streams(container)
    if not streams:
        raise VideoError(Reason.NO_VIDEO_STREAM, f"{name}: no video stream in it")
    stream = streams[0]
    index, last_duration = _packet_index(container, stream, name)
    first = _first_frame(container, stream, index, name)
    rotation = int(first.rotation) % 360
    turned = rotation in (90, 270)
    times = index.times_s
    span = np.diff(times)
    step = float(np.median(span)) if len(span) else float(last_duration or 1 / 25)
    duration = float(times[-1] - times[0]) + (last_duration or step)
    tick = float(index.time_base)
    return VideoInfo(
        container=container.format.name.split(",")[0],
        codec=stream.codec_context.name,
        width=first.height if turned else first.width,
        height=first.width if turned else first.height,
        rotation=rotation,
        duration_s=duration,
        fps=len(index) / duration,
        is_vfr=bool(len(span) and np.abs(span - step).max() > max(1.5 * tick, 0.1 * step)),
        has_audio=bool(container.streams.audio),
        index=index,
    )


def _packet_index(container: InputContainer, stream: VideoStream, name: str) -> tuple[PacketIndex, float]:
    """Demux all packets; return the index and the last frame's duration in seconds (0 when not stated)."""
    droppable = droppable_test(stream.codec_context.name, stream.codec_context.extradata)
    rows = []
    read = whole = 0
    try:
        for packet in container.demux(stream):
            pts = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0 and pts is None:  # the end, to flush decoders with
                continue
            read += 1
            whole += not packet.is_corrupt
            if packet.size == 0 or packet.is_discard:
                continue
            if pts is None:
                raise VideoError(Reason.UNDECODABLE, f"{name}: a packet has no time")
            pos = packet.pos if packet.pos is not None else -1
            dts = packet.dts if packet.dts is not None else pts
            drop = not packet.is_keyframe and droppable(bytes(packet))
            rows.append((pts, dts, pos, packet.size, packet.is_keyframe, drop, packet.duration or 0))
    except av.error.FFmpegError as error:
        raise VideoError(Reason.TRUNCATED, f"{name}: broken after {len(rows)} frames ({error.strerror})") from None
    promised = max(_promised_packets(container, stream), read)
    if whole < promised:
        raise VideoError(Reason.TRUNCATED, f"{name}: cut off: {whole} of {promised} frames are there")
    if not rows:
        raise VideoError(Reason.NO_VIDEO_STREAM, f"{name}: the video stream holds no frame")
    rows.sort(key=lambda row: row[0])
    times, decoding, positions, sizes, keyframe, without, duration = zip(*rows, strict=True)
    if len(set(times)) < len(times):
        raise VideoError(Reason.UNDECODABLE, f"{name}: two frames at one time")
    time_base = stream.time_base or Fraction(1, 1)
    index = PacketIndex(
        time_base,
        np.array(times, np.int64),
        np.array(decoding, np.int64),
        np.array(positions, np.int64),
        np.array(sizes, np.int32),
        np.array(keyframe, bool),
        np.array(without, bool),
    )
    return index, float(duration[-1] * time_base)


def _promised_packets(container: InputContainer, stream: VideoStream) -> int:
    """Return how many packets a file's header tells of: those cut off are missing or marked corrupt.

    An mp4's edit list may leave frames out for good, which its index knows and its count of frames does not.
    """
    return len(stream.index_entries) if container.format.name.startswith("mov") else stream.frames


def _first_frame(container: InputContainer, stream: VideoStream, index: PacketIndex, name: str) -> VideoFrame:
    try:
        container.seek(int(index.dts.min()), stream=stream)
        for frame in container.decode(stream):
            return frame
    except av.error.FFmpegError as error:
        raise VideoError(Reason.UNDECODABLE, f"{name}: the first frame cannot be decoded ({error.strerror})") from None
    raise VideoError(Reason.UNDECODABLE, f"{name}: no frame can be decoded")
