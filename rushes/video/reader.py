"""Reading frames by number: exactly those asked for, each from its own keyframe on, in one pass.

Frames are told by presentation time, never by counting or by a frame rate. Packets on which nothing that is wanted
depends are not decoded. Here: decoding, turning upright, scaling. Not here: the index (``probe``), which frames to ask
for (``sampling``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.probe import PacketIndex

# Reading on is cheaper than seeking when the keyframe to seek to is at most this far ahead.
_SEEK_GAP = 4


class VideoReader:
    """Reads frames of one file as RGB. Not to be shared between threads; close it, or use it in ``with``."""

    def __init__(self, source: str | BinaryIO, index: PacketIndex, rotation: int = 0) -> None:
        self._index = index
        self._turns = rotation // 90
        try:
            self._container = av.open(source)
        except av.error.FFmpegError as error:
            raise VideoError(Reason.NOT_VIDEO, f"{source}: cannot be opened ({error.strerror})") from None
        self._stream = self._container.streams.video[0]
        # Work is shared out by the video, one process a core: more threads here would only wait for one another.
        self._stream.codec_context.thread_count = 1
        self._frame_of_pts = {int(pts): i for i, pts in enumerate(index.pts)}
        self._keyframes = np.flatnonzero(index.keyframe)
        self._reformatter = VideoReformatter()

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

    def frames(
        self, wanted: Iterable[int], size: tuple[int, int] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (frame number, uint8 (h, w, 3) RGB) for each wanted frame once, in presentation order.

        ``size`` is (width, height) of the upright picture to scale to. Raises ``IndexError`` for a frame that the video
        does not have, ``VideoError`` for one that cannot be decoded.
        """
        numbers = sorted(set(int(n) for n in wanted))
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
        """Yield the frames of one run, decoded from the keyframe before the first; retried from the start if need be."""
        pending = set(run)
        for number, frame in self._decode_from(self._keyframe(run[0]), run):
            pending.discard(number)
            yield number, frame
        if not pending:
            return
        # The container's own seeking came out too late (a broken index, or none): read from the very first packet.
        for number, frame in self._decode_from(None, sorted(pending)):
            pending.discard(number)
            yield number, frame
        if pending:
            raise VideoError(Reason.UNDECODABLE, f"frames {sorted(pending)[:5]} cannot be decoded")

    def _decode_from(self, keyframe: int | None, run: list[int]) -> Iterator[tuple[int, VideoFrame]]:
        start = self._index.dts.min() if keyframe is None else self._index.pts[keyframe]
        wanted = set(run)
        try:
            self._container.seek(int(start), stream=self._stream)
            for packet in self._container.demux(self._stream):
                number = self._frame_of_pts.get(packet.pts if packet.pts is not None else packet.dts, -1)
                if number >= 0 and number not in wanted and self._index.droppable[number]:
                    continue
                for frame in packet.decode():
                    shown = self._frame_of_pts.get(frame.pts, -1)
                    if shown in wanted:
                        wanted.discard(shown)
                        yield shown, frame
                if not wanted:
                    break
        except av.error.FFmpegError as error:
            raise VideoError(Reason.UNDECODABLE, f"frame {run[0]} cannot be decoded ({error.strerror})") from None

    def _picture(self, frame: VideoFrame, size: tuple[int, int] | None) -> np.ndarray:
        if size is not None and self._turns % 2:
            size = (size[1], size[0])
        width, height = size or (frame.width, frame.height)
        picture = self._reformatter.reformat(
            frame, width, height, format="rgb24", interpolation=Interpolation.BILINEAR
        ).to_ndarray()
        return np.ascontiguousarray(np.rot90(picture, self._turns)) if self._turns else picture
