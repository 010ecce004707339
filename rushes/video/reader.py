"""Reading frames by number: exactly those asked for, each from its own keyframe on, in one pass.

Frames are told by their packets or presentation times, never by a frame rate. Packets on which nothing that is wanted
depends are not decoded. Here: which packets to decode, and in what runs. Not here: the index (``index``), where packets
come from (``decoding``), pictures out of decoded frames (``convert``), which frames to ask for (``sampling``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.convert import Converter
from rushes.video.decoding import Forward, PacketSource
from rushes.video.index import PacketIndex

# Reading on is cheaper than seeking when the keyframe to seek to is at most this far ahead.
_SEEK_GAP = 4


class VideoReader:
    """Reads frames of one video. Not to be shared between threads; close it, or use it in ``with``.

    ``size`` is the (width, height) of the upright picture where a call says none: what differs in it, as frames may
    after a change in mid-stream, is scaled. ``rotation`` turns frames upright, degrees counter-clockwise;
    ``pixel_format`` is one of ``convert.LAYOUTS``.
    """

    def __init__(
        self,
        source: PacketSource,
        index: PacketIndex,
        size: tuple[int, int],
        rotation: int = 0,
        pixel_format: str = "rgb24",
    ) -> None:
        self._source = source
        self._index = index
        self._size = size
        self._converter = Converter(rotation, pixel_format)
        self._forward: Forward | None = None

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file and the decoder."""
        self._forward = None
        self._converter.close()
        self._source.close()

    def __len__(self) -> int:
        return len(self._index)

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times of all frames, float64 seconds."""
        return self._index.times_s

    def frames(
        self, wanted: Iterable[int], size: tuple[int, int] | None = None, *, reading_on: bool = True
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (frame number, picture) for each wanted frame once, in presentation order.

        Pictures are uint8 (h, w, 3) RGB unless the reader's ``pixel_format`` says otherwise. ``size`` is (width,
        height) of the upright picture to scale to. ``reading_on`` keeps the decoder where it is at the end, which is
        dearer by some packets now and cheaper if the next call's frames follow. Raises ``IndexError`` for a frame that
        the video does not have, ``VideoError`` for one that cannot be decoded.
        """
        for number, frame in self._decoded(wanted, reading_on=reading_on):
            yield number, self._converter.picture(frame, size or self._size)

    def fill(self, wanted: np.ndarray, out: np.ndarray, *, reading_on: bool = False) -> None:
        """Decode frames, numbered by int64 (n,), ascending and each once, into ``out``, uint8 (n, h, w, 3)."""
        for row, (_, frame) in enumerate(self._decoded(wanted, reading_on=reading_on)):
            self._converter.into(frame, self._size, out[row])

    def decoded(self, wanted: Iterable[int]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (frame number, frame as it was decoded) as ``frames`` does: not turned upright, not scaled."""
        return self._decoded(wanted, reading_on=True)

    def check(self, wanted: Iterable[int]) -> None:
        """Decode frames and make nothing of them. Raises ``VideoError`` for one that is damaged or does not decode."""
        for number, frame in self._decoded(wanted, reading_on=False):
            if frame.is_corrupt:
                raise VideoError(Reason.UNDECODABLE, f"frame {number} is damaged")

    def _decoded(self, wanted: Iterable[int], *, reading_on: bool) -> Iterator[tuple[int, VideoFrame]]:
        numbers = sorted({int(n) for n in wanted})
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(self):
            bad = numbers[-1] if numbers[-1] >= len(self) else numbers[0]
            raise IndexError(f"frame {bad} of a video of {len(self)} frames")
        runs = list(self._runs(numbers))
        self._source.expect(runs)
        for at, run in enumerate(runs):
            yield from self._decode(run, reading_on=reading_on and at == len(runs) - 1)

    def _runs(self, numbers: list[int]) -> Iterator[list[int]]:
        """Split wanted frames where seeking to the next one's keyframe beats reading on to it."""
        run: list[int] = []
        for number in numbers:
            if run and self._index.keyframe_before(number) > run[-1] + _SEEK_GAP:
                yield run
                run = []
            run.append(number)
        if run:
            yield run

    def _decode(self, run: list[int], *, reading_on: bool) -> Iterator[tuple[int, VideoFrame]]:
        """Yield the frames of one run: reading on if that leads there, else from the keyframe before the first."""
        pending = set(run)
        for forward in self._ways_to(run):
            try:
                for number, frame in forward.frames(sorted(pending), reading_on=reading_on):
                    pending.discard(number)
                    yield number, frame
            except av.error.FFmpegError as error:
                self._forward = None
                raise VideoError(Reason.UNDECODABLE, f"frame {run[0]} cannot be decoded ({error.strerror})") from None
            if not pending:
                return
        self._forward = None
        raise VideoError(Reason.UNDECODABLE, f"frames {sorted(pending)[:5]} cannot be decoded")

    def _ways_to(self, run: list[int]) -> Iterator[Forward]:
        """Yield the ways to a run's frames, the cheapest first; the next is tried when frames are still missing.

        They are missing where decoding cannot begin at what the container calls a keyframe: pictures that are refreshed
        bit by bit, or a broken table of keyframes.
        """
        keyframe = self._index.keyframe_before(run[0])
        if self._forward is not None and self._forward.leads_to(run) and keyframe <= self._forward.at + _SEEK_GAP:
            yield self._forward
        else:
            yield self._from(keyframe)
        if keyframe > 0:
            yield self._from(self._index.keyframe_before(keyframe - 1))
        yield self._from(0)

    def _from(self, keyframe: int) -> Forward:
        self._forward = None
        self._forward = self._source.forward(keyframe)
        return self._forward
