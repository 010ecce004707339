"""How far each candidate is from what is chosen so far, kept up to date while choosing.

Distances come from float32 products of many at once and are known up to ``slack``; what that leaves open is decided
exactly (``distances``). Here: that bookkeeping. Not here: what follows from a distance (``constraints``, ``gains``).
"""

from __future__ import annotations

import numpy as np

from rushes.selection.geometry.distances import blocks, nearest_among, slack, squared_norms

# Rows are compared with so many choices at once, together with so many of those that are asked about next.
_CHOICES = 256
_AHEAD = 1024


class Nearest:
    """Distances of unit vectors, float32 (n, d), to those that are chosen. ``pooled``: rows chosen from the start."""

    def __init__(self, vectors: np.ndarray, pooled: np.ndarray) -> None:
        self._vectors = vectors
        self._norms = squared_norms(vectors, np.arange(len(vectors)))
        self.slack = slack(vectors.shape[1], self._norms)
        self._rows = np.empty(0, np.int64)
        self._chosen = np.empty((0, vectors.shape[1]), np.float32)
        self._count = 0
        self._rough = np.full(len(vectors), np.inf, np.float32)
        self._seen = np.zeros(len(vectors), np.int64)
        self.expect(np.arange(len(vectors)))
        for at in pooled.tolist():
            self.add(at)

    def __len__(self) -> int:
        return self._count

    def expect(self, ahead: np.ndarray) -> None:
        """Say in which order rows will about be asked for."""
        self._ahead = ahead
        self._place = np.zeros(len(self._vectors), np.int64)
        self._place[ahead] = np.arange(len(ahead))

    def add(self, at: int) -> None:
        """Count a row as chosen."""
        if self._count == len(self._rows):
            more = max(64, self._count)
            self._rows = np.concatenate([self._rows, np.empty(more, np.int64)])
            self._chosen = np.concatenate([self._chosen, np.empty((more, self._chosen.shape[1]), np.float32)])
        self._rows[self._count] = at
        self._chosen[self._count] = self._vectors[at]
        self._count += 1

    def rough(self) -> np.ndarray:
        """Return float32 (n,) squared distances to the nearest chosen, true up to ``slack``; infinite without one."""
        first = int(self._seen.min(initial=self._count))
        if first < self._count:
            for part in blocks(len(self._rough), max(_CHOICES, self._vectors.shape[1])):
                self._bring(part, first, self._count)
        return self._rough

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """Return float64 (r,) squared distances to the nearest chosen; infinite where nothing is chosen."""
        chosen, starts = self._rows[: self._count], np.zeros(len(rows), np.int64)
        return nearest_among(self._vectors, self._norms, rows, chosen, starts, starts + self._count)[1]

    def at_least(self, at: int, least: float) -> bool:
        """Tell whether a row is at least so far from all that are chosen."""
        whole = self._count // _CHOICES * _CHOICES
        if self._seen[at] < whole:
            next_ = self._ahead[self._place[at] : self._place[at] + _AHEAD]
            for first in np.unique(self._seen[next_]).tolist():
                if first < whole:
                    self._bring(next_[self._seen[next_] == first], first, whole)
        rough = float(min(self._rough[at], self._among_last(at)))
        if abs(rough - least**2) > self.slack:
            return rough > least**2
        return bool(np.sqrt(self.exact(np.array([at]))[0]) >= least)

    def _among_last(self, at: int) -> float:
        """Return a row's squared distance to the nearest of the few that it was not compared with; infinite for none.

        Without the library of products, whose threads are slow to wake.
        """
        last = slice(int(self._seen[at]), self._count)
        dots = np.einsum("ij,j->i", self._chosen[last], self._vectors[at])
        return float((self._norms[self._rows[last]] - 2 * dots).min(initial=np.inf) + self._norms[at])

    def _bring(self, rows: np.ndarray | slice, first: int, end: int) -> None:
        """Compare rows, which know the choices before ``first``, with those up to ``end``."""
        vectors, norms = self._vectors[rows], self._norms[rows]
        for start in range(first, end, _CHOICES):
            stop = min(start + _CHOICES, end)
            dots = vectors @ self._chosen[start:stop].T
            dots *= -2
            dots += self._norms[self._rows[start:stop]]
            self._rough[rows] = np.minimum(self._rough[rows], dots.min(axis=1) + norms)
        self._seen[rows] = end
