"""Fades: a shot goes to black or white, and the next comes from there.

Here: what counts as a fade. Not here: what becomes of it (``gradual``).
"""

from __future__ import annotations

from array import array

import numpy as np

from rushes.shots.detector import Change

# Black is what PySceneDetect takes for it on average, with nothing bright in it, such as titles; white is its mirror.
_BLACK_MEAN, _BLACK_MOST = 12.0, 48.0
# A fade takes some frames, over which the brightness changes by so much, and by no more than this part of it at once.
_FEWEST, _LEAST_FALL, _SUDDEN = 4, 16.0, 0.6
# Its brightness grows by so much within so many frames: coding makes some frames stand still.
_SLOPE, _PATIENCE = 0.2, 4


class Fades:
    """Finds fades in one pass: it keeps two numbers a frame. White is looked at as black is, turned over."""

    def __init__(self) -> None:
        self._levels = array("f")
        self._empty = array("b")  # 1: black, 2: white

    def see(self, tiny: np.ndarray) -> None:
        """Take the next frame, float32 (h, w): luma from 0 to 255."""
        level = float(tiny.sum()) / tiny.size
        black = level < _BLACK_MEAN and float(tiny.max()) < _BLACK_MOST
        white = 255 - level < _BLACK_MEAN and 255 - float(tiny.min()) < _BLACK_MOST
        self._levels.append(level)
        self._empty.append(1 if black else 2 if white else 0)

    def changes(self) -> list[Change]:
        """Return the fades, counted from the first frame seen; those at the video's ends lead to no other shot."""
        levels = np.array(self._levels)
        empty = np.array(self._empty)
        return _through(levels, empty == 1) + _through(255 - levels, empty == 2)


def _through(levels: np.ndarray, black: np.ndarray) -> list[Change]:
    edges = np.flatnonzero(np.diff(black.astype(np.int8), prepend=0, append=0))
    changes = []
    for start, end in edges.reshape(-1, 2).tolist():
        out, into = _slope(levels[:start][::-1]), _slope(levels[end:])
        gone, come = levels[start - out : start + 1][::-1], levels[end - 1 : end + into]
        if _is_gradual(gone) or _is_gradual(come):
            middle = None if start == 0 or end == len(levels) else start + round((end - start) / 2)
            changes.append(Change(start - out, end + into, middle, 1.0))
    return changes


def _slope(levels: np.ndarray) -> int:
    """Return for how many frames, counted away from the black, it goes on getting brighter."""
    brightest, last = -1.0, -1
    for frame, level in enumerate(levels.tolist()):
        if level > brightest + _SLOPE:
            brightest, last = level, frame
        elif frame - last >= _PATIENCE:
            break
    return last + 1


def _is_gradual(rise: np.ndarray) -> bool:
    """Tell whether a rise out of black is a fade's, not a hard cut's."""
    whole = rise[-1] - rise[0]
    return bool(len(rise) > _FEWEST and whole >= _LEAST_FALL and np.diff(rise).max() <= _SUDDEN * whole)
