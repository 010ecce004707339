"""Decoding onwards from a keyframe, by packets fetched one by one or through the file's container.

Here: the two kinds of packet sources, and what both do with packets. Not here: which frames to decode from where
(``reader``), where a file's bytes are (``rushes.ranges``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from rushes.errors import VideoError
from rushes.ranges import Ranges
from rushes.store.rejects import Reason
from rushes.video.containers import open_container
from rushes.video.index import Coding, PacketIndex
from rushes.video.probe import seek_to_start, video_streams

# As much is fetched at a time, and held.
_BLOCK = 8 << 20
# FFmpeg looks keyframes up by presentation time in these containers, and by decoding time in all others. The wrong one
# leads to the group of pictures before, or past the keyframe.
_SEEK_BY_PTS = ("mov", "matroska")


class PacketSource(Protocol):
    """Where a reader's packets come from."""

    def expect(self, runs: Sequence[Sequence[int]]) -> None:
        """Take notice of the frames that will be asked for, in runs that are each decoded from a keyframe on."""
        ...

    def forward(self, keyframe: int) -> Forward:
        """Begin to decode at a keyframe. Only the latest one that was begun may be used."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


class Forward(ABC):
    """Decoding onwards from one place of a file; kept between calls, so that the next frames are read on to.

    ``at`` is the last frame that came out; at first, the one before the keyframe.
    """

    def __init__(self, index: PacketIndex, keyframe: int) -> None:
        self.at = keyframe - 1
        self._index = index
        self._left_out: set[int] = set()
        self._out: deque[tuple[int, VideoFrame]] = deque()
        self._end = 0  # one past the last packet that is wanted, in the order of decoding
        self._ended = False

    def leads_to(self, run: Sequence[int]) -> bool:
        """Tell whether a run's frames are still to come."""
        return not self._ended and run[0] > self.at and self._left_out.isdisjoint(run)

    def frames(self, run: Sequence[int], *, reading_on: bool) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (frame number, frame) of a run in its order; stop after the last one, or when one does not come.

        Unless ``reading_on``, the decoder is emptied after the run's last packet, and can be used no more.
        """
        wanted = frozenset(run)
        due = iter(run)
        awaited = next(due)
        self._end = max(self._end, int(self._index.decode_order[list(run)].max()) + 1)
        while awaited >= 0:
            while not self._out:
                if self._ended:
                    return
                self._feed(wanted, run[-1], reading_on=reading_on)
            number, frame = self._out.popleft()
            self.at = max(self.at, number)
            if number == awaited:
                yield number, frame
                awaited = next(due, -1)
            elif awaited < self.at:
                return

    @abstractmethod
    def _feed(self, wanted: Collection[int], last: int, *, reading_on: bool) -> None:
        """Give the decoder one more packet, or none any more, and put what comes out into ``_out``."""

    def _is_left_out(self, number: int, wanted: Collection[int], last: int) -> bool:
        """Tell whether a packet need not be decoded. What is shown after the run may be wanted by the next."""
        if number in wanted or number > last or not self._index.droppable[number]:
            return False
        self._left_out.add(number)
        return True


class ByPackets:
    """Fetches packets by their place in the file: nothing is opened, no header is read."""

    def __init__(self, ranges: Ranges, index: PacketIndex, coding: Coding, threads: int = 1) -> None:
        self._index, self._coding = index, coding
        self._decoder = coding.decoder(threads)
        self._fetched = _Fetched(ranges, index)

    def expect(self, runs: Sequence[Sequence[int]]) -> None:
        """Fetch what several runs need together."""
        self._fetched.expect(self._needed(run) for run in runs)

    def _needed(self, run: Sequence[int]) -> tuple[int, int]:
        order = self._index.decode_order
        return int(order[self._index.keyframe_before(run[0])]), int(order[list(run)].max()) + 1

    def forward(self, keyframe: int) -> Forward:
        """Begin to decode at a keyframe."""
        # One decoder for all: it keeps its memory, whose first touch would cost as much as some frames.
        self._decoder.flush_buffers()
        self._decoder.reorder_depth = self._coding.reorder_depth
        return _PacketForward(self._fetched, self._index, self._decoder, keyframe)

    def close(self) -> None:
        """Forget what was fetched."""
        self._fetched.forget()


class _PacketForward(Forward):
    def __init__(self, fetched: _Fetched, index: PacketIndex, decoder: VideoCodecContext, keyframe: int) -> None:
        super().__init__(index, keyframe)
        self._fetched, self._decoder = fetched, decoder
        self._next = int(index.decode_order[keyframe])

    def _feed(self, wanted: Collection[int], last: int, *, reading_on: bool) -> None:
        over = self._next >= (len(self._index) if reading_on else self._end)
        if over:
            self._ended = True
            self._put(self._decoder.decode(None))
            return
        number = int(self._index.decoded[self._next])
        self._next += 1
        if self._is_left_out(number, wanted, last):
            return
        data = self._fetched.packet(self._next - 1, self._end)
        packet = Packet(len(data))  # with room after its end: some decoders look there
        packet.update(data)
        packet.pts, packet.dts, packet.is_keyframe = number, self._next - 1, bool(self._index.keyframe[number])
        self._put(self._decoder.decode(packet))

    def _put(self, frames: list[VideoFrame]) -> None:
        self._out.extend((-1 if frame.pts is None else int(frame.pts), frame) for frame in frames)


class _Fetched:
    """Packets by their place in the order of decoding, fetched some megabytes at a time."""

    def __init__(self, ranges: Ranges, index: PacketIndex) -> None:
        self._ranges = ranges
        self._pos = index.pos[index.decoded]
        self._size = index.size[index.decoded].astype(np.int64)
        self._expected: deque[tuple[int, int]] = deque()
        self._held: dict[int, bytes] = {}

    def expect(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Take notice of the ranges of places that will be wanted, in order."""
        self._expected = deque(ranges)

    def packet(self, place: int, end: int) -> bytes:
        """Return a packet's bytes; ``end`` is the place up to which packets will be asked for one after another."""
        if place not in self._held:
            self._fetch(place, max(end, place + 1))
        return self._held[place]

    def forget(self) -> None:
        """Hold nothing any more."""
        self._held = {}

    def _fetch(self, place: int, end: int) -> None:
        """Fetch what is wanted from a place on, and the runs that come after it if they fit into a block as well."""
        places = self._fitting(place, end, _BLOCK)
        room = _BLOCK - int(self._size[places].sum())
        while self._expected and self._expected[0][0] < end:
            self._expected.popleft()  # its turn has come
        pieces = [places]
        for start, stop in self._expected if len(places) == end - place else ():
            more = self._fitting(start, stop, room)
            room -= int(self._size[more].sum())
            if len(more) < stop - start or room < 0:
                break
            pieces.append(more)
        places = np.concatenate(pieces)
        spans = list(zip(self._pos[places].tolist(), (self._pos[places] + self._size[places]).tolist(), strict=True))
        self._held = dict(zip(places.tolist(), self._ranges.read(spans), strict=True))

    def _fitting(self, start: int, stop: int, room: int) -> np.ndarray:
        """Return the places from ``start`` on, at least one, whose packets fit into so many bytes."""
        fit = int(np.searchsorted(np.cumsum(self._size[start:stop]), room, side="right"))
        return np.arange(start, start + max(1, fit))


class ByContainer:
    """Opens the file and seeks in it, for formats in which a frame's bytes are not one range of the file.

    ``counting``: presentation times are not to be had, so frames are counted from the first one on.
    """

    def __init__(self, source: str | BinaryIO, index: PacketIndex, *, counting: bool = False, threads: int = 1) -> None:
        try:
            self._container = open_container(source)
        except av.error.FFmpegError as error:
            raise VideoError(Reason.NOT_VIDEO, f"{source}: cannot be opened ({error.strerror})") from None
        self._index, self._counting = index, counting
        self._stream = video_streams(self._container)[0]
        self._stream.codec_context.thread_count = threads
        self._stream.codec_context.thread_type = "SLICE" if threads == 1 else "AUTO"
        self._reorder_depth = self._stream.codec_context.reorder_depth
        by_pts = self._container.format.name.split(",")[0] in _SEEK_BY_PTS
        self._seek_times = index.pts if by_pts else index.dts
        self._frame_of_pts = {int(pts): i for i, pts in enumerate(index.pts)}

    def expect(self, runs: Sequence[Sequence[int]]) -> None:
        """The container fetches what it likes."""

    def forward(self, keyframe: int) -> Forward:
        """Begin to decode at a keyframe."""
        if self._counting or keyframe == 0:
            seek_to_start(self._container, self._stream, self._index)
        else:
            self._container.seek(int(self._seek_times[keyframe]), stream=self._stream)
        self._stream.codec_context.reorder_depth = self._reorder_depth
        packets = self._container.demux(self._stream)
        return _ContainerForward(packets, None if self._counting else self._frame_of_pts, self._index, keyframe)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class _ContainerForward(Forward):
    def __init__(
        self, packets: Iterator[Packet], frame_of_pts: dict[int, int] | None, index: PacketIndex, keyframe: int
    ) -> None:
        super().__init__(index, keyframe)
        self._packets, self._frame_of_pts = packets, frame_of_pts
        self._counted = 0

    def _feed(self, wanted: Collection[int], last: int, *, reading_on: bool) -> None:
        packet = next(self._packets, None)
        if packet is None:
            self._ended = True
            return
        if packet.is_corrupt:
            return
        number = self._number(packet.pts if packet.pts is not None else packet.dts)
        if number < 0 or not self._is_left_out(number, wanted, last):
            self._out.extend((self._shown(frame), frame) for frame in packet.decode())

    def _number(self, pts: int | None) -> int:
        """The number of the frame shown at a time, -1 for a time that the index does not have."""
        return -1 if pts is None or self._frame_of_pts is None else self._frame_of_pts.get(pts, -1)

    def _shown(self, frame: VideoFrame) -> int:
        if self._frame_of_pts is not None:
            return self._number(frame.pts)
        self._counted += 1
        return self._counted - 1
