"""Making a file's packet index: one pass over its packets, none of them decoded where the container says enough.

Here: which packets are frames, in what order they are shown, and where in the file their bytes are. Not here: the
file's other properties (``probe``), what a packet says of itself (``bitstream``), reading frames (``reader``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.bitstream import References
from rushes.video.containers import open_container
from rushes.video.index import PacketIndex

# What stands between the place that a container gives and the frame's own bytes is shorter than this.
_HEADER_BYTES = 64
_PALETTE_CODECS = ("rawvideo", "qtrle", "cinepak", "msvideo1", "smc", "8bps")
# FFmpeg's AVI calls every H.263 packet a keyframe.
_ONE_ENTRY = (("avi", "h263"), ("avi", "h263p"))
_PROGRESSIVE = (0, 1)


class ReadBy(StrEnum):
    """How a file's frames are come by."""

    PACKETS = "packets"  # each frame's bytes are fetched from their place
    CONTAINER = "container"  # the file is opened and sought in
    START = "start"  # the file is decoded from its first frame on, and frames are counted


@dataclass(frozen=True)
class Packets:
    """A file's index, how it is to be read and, in words, why so or what is amiss; ``last_s``: the last's duration."""

    index: PacketIndex
    read_by: ReadBy
    note: str | None
    last_s: float


@dataclass
class _Pass:
    """What one pass over the packets found, in the order of decoding."""

    pts: list[int | None] = field(default_factory=list)
    dts: list[int | None] = field(default_factory=list)
    pos: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    keyframe: list[bool] = field(default_factory=list)
    duration: list[int] = field(default_factory=list)
    discarded: list[bool] = field(default_factory=list)
    located: bool = True
    self_contained: bool = True
    cut_off: bool = False
    droppable: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    hidden: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


def read_packets(source: str | BinaryIO, container: InputContainer, stream: VideoStream, name: str) -> Packets:
    """Read the index of an open file's stream. Raises ``VideoError`` with the reason why there is none."""
    kind = container.format.name.split(",")[0]
    time_base = stream.time_base or Fraction(1, 1)
    found = _demux(source, container, stream, name)
    shown = _presented(source, kind, stream, found, name)
    read_by, why = _way(found, kind, whole=len(shown.packets) == len(found.size), timed=not shown.timeless)
    one_entry = (kind, stream.codec_context.codec.canonical_name) in _ONE_ENTRY
    notes = [text for text in (shown.note, why, "its last packet is cut off" if found.cut_off else None) if text]
    return Packets(
        _index(found, shown, time_base, read_by, one_entry=one_entry),
        read_by,
        "; ".join(notes) or None,
        float(found.duration[shown.packets[-1]] * time_base),
    )


@dataclass(frozen=True)
class _Presented:
    """The packets that are frames, by their place in the order of decoding, as they are shown, and when.

    ``timeless``: the container tells no presentation times, and decoding times in order stand for them.
    """

    packets: np.ndarray
    pts: np.ndarray
    timeless: bool
    note: str | None


def _presented(source: str | BinaryIO, kind: str, stream: VideoStream, found: _Pass, name: str) -> _Presented:
    """Find what is shown, and in what order: by the container's times, or by decoding where it does not tell them."""
    packets = np.flatnonzero(~(found.hidden | np.array(found.discarded, bool)))
    if not len(packets):
        raise VideoError(Reason.NO_VIDEO_STREAM, f"{name}: the video stream holds no frame")
    unsaid = any(found.pts[i] is None for i in packets)
    reordered = kind == "avi" and stream.codec_context.reorder_depth > 0
    fields = (
        kind == "mpegts" and stream.codec_context.field_order not in _PROGRESSIVE
    )  # may come in packets of their own
    note = None
    if unsaid or reordered or fields or kind == "mpeg":
        packets = _shown_order(source, len(found.size), name)
        note = "the order of its frames was found by decoding them: the container does not say it"
    timeless = unsaid or kind == "avi"  # which holds no presentation times; FFmpeg makes some up
    pts = _times(found, packets, name, timeless)
    order = np.argsort(pts, kind="stable")  # timeless ones are in order already
    packets, pts = packets[order], pts[order]
    if (np.diff(pts) <= 0).any():
        raise VideoError(Reason.UNDECODABLE, f"{name}: two frames at one time")
    return _Presented(packets, pts, timeless, note)


def _index(
    found: _Pass, presented: _Presented, time_base: Fraction, read_by: ReadBy, *, one_entry: bool
) -> PacketIndex:
    shown, pts = presented.packets, presented.pts
    keyframe = np.array(found.keyframe, bool)[shown]
    if one_entry or read_by == ReadBy.START:
        keyframe = np.arange(len(shown)) == np.flatnonzero(keyframe)[:1].sum()
    return PacketIndex(
        time_base,
        pts,
        np.array([pts[n] if (dts := found.dts[i]) is None else dts for n, i in enumerate(shown)], np.int64),
        np.array(found.pos, np.int64)[shown] if read_by == ReadBy.PACKETS else np.full(len(shown), -1, np.int64),
        np.array(found.size, np.int32)[shown],
        keyframe,
        found.droppable[shown] & ~keyframe if not keyframe.all() else keyframe,
        np.argsort(np.argsort(shown)).astype(np.int32),
    )


def _way(found: _Pass, kind: str, *, whole: bool, timed: bool) -> tuple[ReadBy, str | None]:
    """Choose how the file is read; in words, why not by packets."""
    if found.located and found.self_contained and whole:
        return ReadBy.PACKETS, None
    why = (
        "frames are not single ranges of the file"
        if not found.located
        else "its packets and its frames do not answer to one another"
        if not whole
        else "its packets cannot be decoded by themselves"
    )
    if timed and kind != "mpeg":
        return ReadBy.CONTAINER, f"read through its container: {why}"
    return ReadBy.START, f"read from its first frame on: {why}"


def _demux(source: str | BinaryIO, container: InputContainer, stream: VideoStream, name: str) -> _Pass:
    """Go over all packets. Raises ``VideoError`` when the file ends before what it promises."""
    found = _Pass()
    codec = stream.codec_context.codec.canonical_name
    references = References(codec, stream.codec_context.extradata)
    read = whole = 0
    with _bytes_of(source) as handle:
        locate = _Locator(handle)
        try:
            for packet in container.demux(stream):
                if packet.size == 0 and packet.pts is None and packet.dts is None:  # the end, to flush decoders with
                    continue
                read += 1
                if packet.size == 0 or packet.is_corrupt:
                    continue
                whole += 1
                data = bytes(packet)
                references.add(data)
                found.located = found.located and packet.pos is not None
                at = locate(packet.pos, data) if found.located and packet.pos is not None else None
                found.located = at is not None
                found.self_contained &= not _needs_side_data(packet, codec)
                found.pts.append(packet.pts)
                found.dts.append(packet.dts)
                found.pos.append(-1 if at is None else at)
                found.size.append(packet.size)
                found.keyframe.append(packet.is_keyframe)
                found.duration.append(packet.duration or 0)
                found.discarded.append(packet.is_discard)
        except av.error.FFmpegError as error:
            raise VideoError(Reason.TRUNCATED, f"{name}: broken after {whole} frames ({error.strerror})") from None
    promised = max(_promised_packets(container, stream), read)
    if promised - whole > 1 or (promised and not whole):
        raise VideoError(Reason.TRUNCATED, f"{name}: cut off: {whole} of {promised} frames are there")
    found.cut_off = promised > whole
    found.droppable, found.hidden = references.droppable(), references.hidden()
    return found


def _needs_side_data(packet: Packet, codec: str) -> bool:
    """Tell whether a packet cannot be decoded from its bytes alone."""
    return (
        packet.has_sidedata("new_extradata")
        or packet.has_sidedata("param_change")
        or (codec in _PALETTE_CODECS and packet.has_sidedata("palette"))
    )


class _Locator:
    """Finds where a packet's bytes stand in the file, near where the container says, and sees that they are those."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._header = 0

    def __call__(self, pos: int, data: bytes) -> int | None:
        here = self._handle.tell()
        self._handle.seek(pos)
        there = self._handle.read(len(data) + _HEADER_BYTES)
        self._handle.seek(here)
        if there.startswith(data, self._header):
            return pos + self._header
        at = there.find(data)
        if at < 0:
            return None
        self._header = at
        return pos + at


@contextmanager
def _bytes_of(source: str | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, str):
        with open(source, "rb") as handle:
            yield handle
    else:
        yield source


def _times(found: _Pass, shown: np.ndarray, name: str, timeless: bool) -> np.ndarray:
    """Return the shown packets' presentation times, int64; where there are none, decoding times in order do."""
    times = [found.dts[i] if timeless else found.pts[i] for i in shown]
    if any(time is None for time in times):
        raise VideoError(Reason.UNDECODABLE, f"{name}: a packet has no time")
    return np.sort(np.array(times, np.int64)) if timeless else np.array(times, np.int64)


def _shown_order(source: str | BinaryIO, count: int, name: str) -> np.ndarray:
    """Decode the whole file; return which packet, by its place in the order of decoding, each shown frame came from."""
    shown = []
    if not isinstance(source, str):
        source.seek(0)
    try:
        with open_container(source) as container:
            stream = next(s for s in container.streams.video if not s.disposition & _COVER)
            number = 0
            for packet in container.demux(stream):
                if packet.size and not packet.is_corrupt:
                    packet.pts = packet.dts = number
                    number += 1
                shown += [frame.pts for frame in packet.decode() if frame.pts is not None]
    except av.error.FFmpegError as error:
        raise VideoError(Reason.UNDECODABLE, f"{name}: cannot be decoded ({error.strerror})") from None
    if not shown or len(set(shown)) < len(shown) or max(shown) >= count:
        raise VideoError(Reason.UNDECODABLE, f"{name}: its packets have no times, and do not tell them by decoding")
    return np.array(shown, np.int64)


_COVER = av.stream.Disposition.attached_pic


def _promised_packets(container: InputContainer, stream: VideoStream) -> int:
    """Return how many packets a file's header tells of: those cut off are missing or marked corrupt.

    An mp4's edit list may leave frames out for good, which its index knows and its count of frames does not; an AVI's
    counts pauses, which in its index are empty.
    """
    kind = container.format.name.split(",")[0]
    if kind == "mov":
        return len(stream.index_entries)
    if kind == "avi" and len(stream.index_entries):
        return sum(entry.size > 0 for entry in stream.index_entries)
    return stream.frames
