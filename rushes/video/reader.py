"""Reading frames by number: exactly those asked for, each from its own keyframe on, in one pass.

Frames are told by presentation time, never by counting or by a frame rate. Packets on which nothing that is wanted
depends are not decoded. Here: decoding, turning upright, scaling. Not here: the index (``probe``), which frames to ask
for (``sampling``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import BinaryIO

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.probe import PacketIndex, video_streams

# Reading on is cheaper than seeking when the keyframe to seek to is at most this far ahead.
_SEEK_GAP = 4
# FFmpeg looks keyframes up by presentation time in these containers, and by decoding time in all others. The wrong one
# leads to the group of pictures before, or past the keyframe.
_SEEK_BY_PTS = ("mov", "matroska")
# In MPEG program streams most frames have no time of their own, and FFmpeg guesses others after seeking.
_NO_SEEKING = ("mpeg",)


class VideoReader:
    """Reads frames of one file as RGB. Not to be shared between threads; close it, or use it in ``with``."""

    def __init__(self, source: str | BinaryIO, index: PacketIndex, rotation: int = 0) -> None:
        self._index = index
        self._turns = rotation // 90
        try:
            self._container = av.open(source, "r")
        except av.error.FFmpegError as error:
            raise VideoError(Reason.NOT_VIDEO, f"{source}: cannot be opened ({error.strerror})") from None
        self._stream = video_streams(self._container)[0]
        # Work is shared out by the video, one process a core: more threads here would only wait for one another.
        self._stream.codec_context.thread_count = 1
        self._frame_of_pts = {int(pts): i for i, pts in enumerate(index.pts)}
        self._keyframes = np.flatnonzero(index.keyframe)
        self._seek_times = _seek_times(self._container.format.name.split(",")[0], index)
        self._forward: _Forward | None = None
        self._scaling, self._converting = VideoReformatter(), VideoReformatter()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def __len__(self) -> int:
        return len(self._index)

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times of all frames, float64 seconds."""
        return self._index.times_s

    def frames(self, wanted: Iterable[int], size: tuple[int, int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (frame number, uint8 (h, w, 3) RGB) for each wanted frame once, in presentation order.

        ``size`` is (width, height) of the upright picture to scale to. Raises ``IndexError`` for a frame that the video
        does not have, ``VideoError`` for one that cannot be decoded.
        """
        numbers = sorted({int(n) for n in wanted})
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(self):
            bad = numbers[-1] if numbers[-1] >= len(self) else numbers[0]
            raise IndexError(f"frame {bad} of a video of {len(self)} frames")
        for run in self._runs(numbers):
            for number, frame in self._decode(run):
                yield number, self._picture(frame, size)

    def _runs(self, numbers: list[int]) -> Iterator[list[int]]:
        """Split wanted frames where seeking to the next one's keyframe beats reading on to it."""
        run: list[int] = []
        for number in numbers:
            if run and self._keyframe(number) > run[-1] + _SEEK_GAP:
                yield run
                run = []
            run.append(number)
        if run:
            yield run

    def _keyframe(self, number: int) -> int:
        """Return the last keyframe shown no later than a frame (0 when the first frame is no keyframe)."""
        at = int(np.searchsorted(self._keyframes, number, side="right")) - 1
        return int(self._keyframes[at]) if at >= 0 else 0

    def _decode(self, run: list[int]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield the frames of one run: reading on if that leads there, else from the keyframe before the first."""
        pending = set(run)
        for forward in self._ways_to(run):
            try:
                for number, frame in forward.frames(sorted(pending)):
                    pending.discard(number)
                    yield number, frame
            except av.error.FFmpegError as error:
                self._forward = None
                raise VideoError(Reason.UNDECODABLE, f"frame {run[0]} cannot be decoded ({error.strerror})") from None
            if not pending:
                return
        raise VideoError(Reason.UNDECODABLE, f"frames {sorted(pending)[:5]} cannot be decoded")

    def _ways_to(self, run: list[int]) -> Iterator[_Forward]:
        """Yield the ways to a run's frames, the cheapest first; the next is tried when frames are still missing."""
        keyframe = self._keyframe(run[0])
        if self._forward is not None and self._forward.leads_to(run) and keyframe <= self._forward.at + _SEEK_GAP:
            yield self._forward
        else:
            yield self._from(int(self._seek_times[keyframe]), keyframe)
        # The container's own seeking came out too late (a broken index, or none): read from the very first packet.
        yield self._from(int(self._index.dts.min()), 0)

    def _from(self, time: int, first: int) -> _Forward:
        """Begin to decode at the last keyframe no later than ``time``, in ticks, for frames from ``first`` on."""
        self._forward = None
        self._container.seek(time, stream=self._stream)
        packets = self._container.demux(self._stream)
        self._forward = _Forward(packets, self._frame_of_pts, self._index.droppable, first)
        return self._forward

    def _picture(self, frame: VideoFrame, size: tuple[int, int] | None) -> np.ndarray:
        if size is not None and self._turns % 2:
            size = (size[1], size[0])
        if size is not None and size != (frame.width, frame.height) and frame.format.chroma_width(2) == 1:
            # Scaling to RGB at once is not vectorised: this takes half the time and comes nearer to area averages.
            planar = "yuv422p" if 2 * size[0] >= frame.width else "yuv444p"  # as much colour as the frame has to give
            frame = self._scaling.reformat(frame, *size, format=planar, interpolation=Interpolation.AREA, threads=1)
        width, height = size or (frame.width, frame.height)
        picture = self._converting.reformat(
            frame, width, height, format="rgb24", interpolation=Interpolation.AREA, threads=1
        ).to_ndarray()
        return np.ascontiguousarray(np.rot90(picture, self._turns)) if self._turns else picture


def _seek_times(container: str, index: PacketIndex) -> np.ndarray:
    """Return for each frame the time to seek to, so that reading on from there comes to it if it is a keyframe."""
    if container in _NO_SEEKING:
        return np.full(len(index), index.dts.min())
    return index.pts if container in _SEEK_BY_PTS else index.dts


class _Forward:
    """Decoding onwards from one place of a file; kept between calls, so that the next frames are read on to.

    ``at`` is the last frame that came out; at first, the one before ``first``.
    """

    def __init__(
        self, packets: Iterator[Packet], frame_of_pts: Mapping[int, int], droppable: np.ndarray, first: int
    ) -> None:
        self.at = first - 1
        self._frame_of_pts, self._droppable = frame_of_pts, droppable
        self._wanted: set[int] = set()
        self._left_out: set[int] = set()
        self._decoded = self._decode(packets)

    def leads_to(self, run: list[int]) -> bool:
        """Tell whether a run's frames are still to come."""
        return run[0] > self.at and self._left_out.isdisjoint(run)

    def frames(self, run: list[int]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (frame number, frame) of a run in its order; stop after the last one, or when one does not come."""
        self._wanted = set(run)
        due = iter(run)
        awaited = next(due)
        for number, frame in self._decoded:
            self.at = max(self.at, number)
            if number == awaited:
                yield number, frame
                awaited = next(due, -1)
            if awaited <= self.at:
                return

    def _decode(self, packets: Iterator[Packet]) -> Iterator[tuple[int, VideoFrame]]:
        for packet in packets:
            number = self._number(packet.pts if packet.pts is not None else packet.dts)
            if number >= 0 and number not in self._wanted and self._droppable[number]:
                self._left_out.add(number)
                continue
            for frame in packet.decode():
                yield self._number(frame.pts), frame

    def _number(self, pts: int | None) -> int:
        """The number of the frame shown at a time, -1 for a time that the index does not have."""
        return -1 if pts is None else self._frame_of_pts.get(pts, -1)
