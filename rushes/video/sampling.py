"""How much of a video is looked at: frames on a time grid, and the size at which they are read.

Here: which frames stand for a rate of so many a second, and scaling down to so many lines. Not here: reading them.
"""

from __future__ import annotations

import numpy as np


def frames_at(times_s: np.ndarray, start: int, end: int, fps: float) -> np.ndarray:
    """Return the frames of ``[start, end)`` that are nearest to a grid of ``fps`` a second beginning at ``start``.

    ``times_s``: float64 presentation times of all frames. Returns int64 frame numbers, ascending, each at most once
    (all frames, save perhaps the last, when they are no closer than the grid); ties go to the earlier frame.
    """
    return frames_at_each(times_s, np.array([start]), np.array([min(end, len(times_s))]), fps)[0]


def frames_at_each(
    times_s: np.ndarray, starts: np.ndarray, ends: np.ndarray, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what ``frames_at`` gives for many pieces ``[start, end)`` of one video: int64 frames of one after the
    other, and int64 (n,) how many are each piece's.
    """
    which = np.flatnonzero(ends > starts)
    first, last = starts[which], ends[which] - 1
    points = np.floor((times_s[last] - times_s[first]) * fps + 1e-9).astype(np.int64) + 1
    of = np.repeat(np.arange(len(which)), points)
    nth = np.arange(len(of)) - (np.cumsum(points) - points)[of]
    grid = times_s[first][of] + nth / fps
    right = np.searchsorted(times_s, grid, side="left").clip(first[of], last[of])
    left = (right - 1).clip(first[of])
    nearest = np.where(grid - times_s[left] <= times_s[right] - grid + 1e-9, left, right)
    once = np.diff(nearest, prepend=-1) != 0
    once |= nth == 0
    return nearest[once].astype(np.int64), np.bincount(which[of[once]], minlength=len(starts))


def evenly(items: np.ndarray, count: int) -> np.ndarray:
    """Return at most ``count`` of the items, spread evenly, the middle one when it is one."""
    if len(items) <= count:
        return items
    at = ((np.arange(count) + 0.5) * len(items) / count).astype(np.int64)
    return items[at]


def scaled_down(width: int, height: int, lines: int) -> tuple[int, int]:
    """Return the even (width, height) at which the shorter side has at most ``lines`` pixels; never larger."""
    scale = min(1.0, lines / min(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
