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
    if end <= start:
        return np.empty(0, np.int64)
    times = times_s[start:end]
    grid = times[0] + np.arange(int(np.floor((times[-1] - times[0]) * fps + 1e-9)) + 1) / fps
    right = np.searchsorted(times, grid, side="left").clip(0, len(times) - 1)
    left = (right - 1).clip(0)
    nearest = np.where(grid - times[left] <= times[right] - grid + 1e-9, left, right)
    return start + np.unique(nearest).astype(np.int64)


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
