"""Dissolves: one shot's picture becomes another's by a mixture of both.

While a dissolve lasts, each frame lies on the straight line between a frame before it and one after it, further along
with each. A pan or a wipe leave that line by half its length and more, a hard cut jumps along it, a change of light
joins pictures of the same edges, and a slow motion ones of the same light and dark. Here: that test. Not here: what
becomes of a dissolve (``gradual``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rushes.shots.detector import Change

# Runs of so many steps are looked at; a dissolve is found by those that are as long as it is and longer, up to twice.
_RUNS = (12, 24, 48, 96)
_AT_A_TIME = 32  # frames
_LOOKS = 6  # how often a run is looked at while it passes: every sixth of its length
_LEAST_CHANGE = 16.0  # root mean square of what the pictures differ by, of 255
_FLAT = 6.0  # a picture with less contrast shows nothing: that is a fade's
_MOST_ALIKE = 0.45  # correlation of the two pictures, and of their edges
_MOST_OFF = 0.3  # distance from the line, in lengths of it
_MOST_AT_ONCE = 0.3  # of the way, in one step
_MOST_BACK = 0.05
_MIDDLE = 0.5
_BEGUN = 0.04  # of the way: where the dissolve is taken to begin, and to end as far from the other side
_FEWEST = 4  # frames of mixture


class Dissolves:
    """Finds dissolves in one pass, holding the latest frames, at most 128.

    It looks back over some frames at a time: one after another, between frames that are decoded, that is twice as dear.
    """

    def __init__(self) -> None:
        self._held = np.empty((0, 0, 0), np.float32)
        self._filled = self._looked_at = 0
        self._first = 0  # which of all frames seen is held first
        self._found: list[_Found] = []

    def see(self, tiny: np.ndarray) -> None:
        """Take the next frame, float32 (h, w): luma from 0 to 255."""
        if not len(self._held):
            self._held = np.empty((_RUNS[-1] + _AT_A_TIME, *tiny.shape), np.float32)
        self._held[self._filled] = tiny
        self._filled += 1
        if self._filled == len(self._held):
            self._look_back()
            self._held[: _RUNS[-1]] = self._held[_AT_A_TIME:].copy()
            self._first += _AT_A_TIME
            self._filled = self._looked_at = _RUNS[-1]

    def _look_back(self) -> None:
        for place in range(self._looked_at, self._filled):
            seen = self._first + place + 1
            for run in _RUNS:
                if seen > run and seen % (run // _LOOKS) == 0:
                    self._look(self._held[place - run : place + 1], seen)
        self._looked_at = self._filled

    def changes(self) -> list[Change]:
        """Return the dissolves, the clearest first, counted from the first frame seen.

        A run that begins or ends within a clearer dissolve compares that one's mixtures: it counts for nothing.
        """
        self._look_back()
        kept: list[Change] = []
        for found in sorted(self._found, key=lambda found: -found.clearness):
            if not any(found.start < other.end and other.start < found.end for other in kept):
                kept.append(found.change)
        return kept

    def _look(self, run: np.ndarray, seen: int) -> None:
        """Note the dissolve that goes on between the first and the last picture of a run, if one does.

        ``seen`` counts the frames up to the run's end.
        """
        way = (run[-1] - run[0]).reshape(-1)
        squared = float(way @ way)
        if squared < _LEAST_CHANGE**2 * way.size:
            return
        gone = (run - run[0]).reshape(len(run), -1)
        along = gone @ way / squared
        steps = along[1:] - along[:-1]
        if steps.max() > _MOST_AT_ONCE or steps.min() < -_MOST_BACK:
            return
        # What ends most of the runs that are left, the cheapest first.
        alike = _alike(run[0], run[-1])
        if alike > _MOST_ALIKE or min(run[0].std(), run[-1].std()) < _FLAT:
            return
        off = float(np.sqrt(np.square(gone - along[:, None] * way).sum(axis=1).max() / squared))
        mixed = np.flatnonzero((along > _BEGUN) & (along < 1 - _BEGUN))
        if off > _MOST_OFF or len(mixed) < _FEWEST:
            return
        start, end = int(mixed[0]), int(mixed[-1]) + 1
        around = 2 + (end - start) // 8  # the first and the last mixtures look like one picture alone, but not to all
        first, middle = seen - len(run), int(np.argmax(along >= _MIDDLE))
        change = Change(first + start - around, first + end + around, first + middle, 1 - off)
        self._found.append(_Found(first, seen, (squared / way.size) ** 0.5 * (1 - alike), change))


@dataclass(frozen=True)
class _Found:
    """A dissolve in the run of frames ``[start, end)``; the clearest tells best where its middle is."""

    start: int
    end: int
    clearness: float
    change: Change


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two pictures or that of their edges, whichever is more; the first that is too much."""
    alike = _cosine(one - one.mean(), other - other.mean())
    for axis in (0, 1):
        if alike <= _MOST_ALIKE:
            alike = max(alike, _cosine(np.diff(one, axis=axis), np.diff(other, axis=axis)))
    return alike


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.vdot(one, other)) / lengths if lengths else 1.0
