"""One track's scores for every class of the vocabulary, summed up while its boxes come.

A box has as many scores as there are classes: kept for all boxes of a long clip, those of 1203 classes are gigabytes.
Of a track's mean and deviation three numbers a class say all. Here: these sums, and the best classes by them. Not here:
which box belongs to which track (``follow``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 10


@dataclass(frozen=True)
class TopClasses:
    """A track's best classes, best first: numbers, mean scores, and population deviations, in lists of one length."""

    ids: list[int]
    mean: list[float]
    std: list[float]


class ClassScores:
    """The sums of a track's scores. Deviations are summed from its first box's scores, near which the others lie: so
    nothing is lost when large sums are subtracted."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, scores: NDArray[np.floating]) -> None:
        """Count one more box, with its scores (C,) for all classes."""
        values = np.asarray(scores, np.float64)
        if self._count == 0:
            self._first = values.copy()
            self._sum, self._from_first, self._squares = np.zeros((3, len(values)))
        self._count += 1
        self._sum += values
        values = values - self._first
        self._from_first += values
        values *= values
        self._squares += values

    def top(self, k: int = TOP) -> TopClasses:
        """The min(k, C) classes with the greatest means over the boxes so far, of equal means the lower number first.

        Means are those that float64 sums of all scores in their order have. Raises ValueError where there is no box or
        no class.
        """
        if self._count == 0 or not len(self._sum):
            raise ValueError("class scores must be of at least one box and one class")
        mean = self._sum / self._count
        best = np.argsort(-mean, kind="stable")[:k]
        variance = (self._squares[best] - self._from_first[best] ** 2 / self._count) / self._count
        return TopClasses(best.tolist(), mean[best].tolist(), np.sqrt(np.maximum(variance, 0.0)).tolist())
