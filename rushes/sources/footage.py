"""A video as annotations see it: its size, its frames' times, and the numbers on its pictures.

Here: from a moment or a number to a frame. Not here: reading the video (``rushes.video``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rushes.video.probe import VideoInfo

# A moment and a frame's time, each rounded in its own way, are the same within this.
_SAME_S = 1e-6


@dataclass(frozen=True)
class Footage:
    """``times_s`` float64 (n,) are the frames' times, ascending from 0; ``end_s`` is when the last one ends.

    Annotations count seconds from the first frame, as players do, whatever the container calls that moment.

    ``numbers`` int64 (n,) are the numbers in the names of an image sequence's pictures, and ``names`` these names; None
    for a video file.
    """

    video_id: str
    width: int
    height: int
    times_s: np.ndarray
    end_s: float
    numbers: np.ndarray | None = None
    names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, video_id: str, info: VideoInfo) -> Footage:
        """Take it from what probing told."""
        times = info.index.times_s - info.index.times_s[0]
        names = info.index.names
        numbers = None if names is None else _numbers(names, info.index.pts)
        return cls(video_id, info.width, info.height, times, info.duration_s, numbers, names)

    def __len__(self) -> int:
        return len(self.times_s)

    def numbered(self, number: int) -> int | None:
        """Return the frame of a picture's number; in a video file, whose frames have none, they count from 1."""
        if self.numbers is None:
            return number - 1 if 1 <= number <= len(self) else None
        at = int(np.searchsorted(self.numbers, number))
        return at if at < len(self) and self.numbers[at] == number else None

    def nearest(self, time_s: float) -> int | None:
        """Return the frame whose time is nearest (the earlier one of two); None for a moment outside the video."""
        if not self.times_s[0] - _SAME_S <= time_s <= self.end_s + _SAME_S:
            return None
        after = min(int(np.searchsorted(self.times_s, time_s)), len(self) - 1)
        before = max(after - 1, 0)
        return before if time_s - self.times_s[before] <= self.times_s[after] - time_s else after

    def between(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Return the frames ``[first, end)`` of ``start_s`` ≤ time < ``end_s``; an empty range where there are none."""
        first, end = np.searchsorted(self.times_s, [start_s - _SAME_S, end_s - _SAME_S]).tolist()
        return first, max(first, end)

    def through(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Return the frames ``[first, end)``, the one nearest to ``end_s`` being the last; none outside the video."""
        if end_s < self.times_s[0] - _SAME_S or start_s > self.end_s + _SAME_S:
            return 0, 0
        first, last = (self.nearest(min(max(t, float(self.times_s[0])), self.end_s)) for t in (start_s, end_s))
        return first or 0, (last or 0) + 1


def _numbers(names: tuple[str, ...], pts: np.ndarray) -> np.ndarray:
    """Return the numbers on pictures: the last in each name if these are one series, else they count from 1."""
    found = [re.findall(r"\d+", name.rpartition(".")[0]) for name in names]
    numbers = np.array([int(digits[-1]) if digits else 0 for digits in found], np.int64)
    return numbers if all(found) and np.array_equal(numbers - numbers[0], pts - pts[0]) else pts + 1
