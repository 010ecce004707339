"""Finding the farthest from all that were chosen before, again and again, without looking at all distances.

A distance to the nearest choice only falls as choices are added, so an old one is an upper bound. The vectors with the
highest bounds form a pool that fits the processor's cache, and only its bounds are kept up; the pool's farthest is the
farthest of all while it is beyond the highest bound outside. Then bounds outside are brought up to date from the
highest down, by products of matrices, until a new pool stands: most vectors come near a choice early and are never
looked at again. Bounds that cross within the products' rounding are replaced by true figures (``distances``). Here:
bounds and the pool. Not here: how many are chosen, and among which (``k_center``).
"""

from __future__ import annotations

import numpy as np

from rushes.selection.geometry.distances import (
    blocks,
    mean_of,
    nearest_among,
    products,
    slack,
    squared,
    squared_norms,
    take,
)

# Bytes of the pool's vectors, and how few and how many there may be.
_POOL_BYTES = 8 << 20
_POOL_LEAST, _POOL_MOST = 256, 4096
# Centres that vectors outside the pool are compared with at once.
_CENTRES = 512


class Farthest:
    """The choices so far, and bounds of every row's squared distance to the nearest of them.

    ``rows`` are those that may ever be chosen, and the admitted ones those that may be now. ``_upper`` and ``_lower``
    hold for the first ``_seen`` centres, ``_upper`` for all later ones too; −∞ stands for rows that are not to be
    chosen any more. ``_exact`` is the true figure for the first ``_since`` centres.
    """

    def __init__(self, vectors: np.ndarray, usable: np.ndarray | None, pooled: np.ndarray | None) -> None:
        count = len(vectors)
        self._vectors = vectors
        self._pooled = np.empty(0, np.int64) if pooled is None else np.sort(pooled).astype(np.int64)
        self.chosen: list[int] = []
        may = np.ones(count, bool) if usable is None else usable.copy()
        may[self._pooled] = False
        self.rows = np.flatnonzero(may)
        self._admitted = np.zeros(count, bool)
        self._norms = np.zeros(count, np.float32)
        for rows in (self._pooled, self.rows):
            self._norms[rows] = squared_norms(vectors, rows)
        self._error = slack(vectors.shape[1], self._norms)
        self._upper = np.where(may, np.inf, -np.inf)
        self._lower = self._upper.copy()
        self._seen, self._since = np.zeros(count, np.int32), np.zeros(count, np.int32)
        self._exact = np.full(count, np.inf)
        self._set_pool(self.rows[:0])

    def admit(self, rows: np.ndarray) -> None:
        """Let rows be chosen from now on."""
        self._put_back()
        self._admitted[rows] = True

    def farthest_outside(self, count: int) -> np.ndarray:
        """Return those rows, in ascending order, that are not admitted and farthest from all centres."""
        self._put_back()
        rows = self.rows[~self._admitted[self.rows]]
        if len(rows) <= count:
            return rows
        self._bring_up_to_date(rows)
        upper = self._upper[rows]
        last = np.partition(upper, len(rows) - count)[len(rows) - count]  # the true one is at most two errors below
        sure = rows[self._lower[rows] > last]
        close = rows[(self._lower[rows] <= last) & (upper >= last - 2 * self._error)]
        farthest = np.lexsort((close, -self._sharpened(close)))[: count - len(sure)]
        return np.sort(np.concatenate([sure, close[farthest]]))

    def extend(self, count: int, min_distance: float | None, first: int | None) -> None:
        """Choose until there are ``count``, or none is left, or all are nearer than ``min_distance``."""
        if count and not self.chosen and (first is not None or not len(self._pooled)) and len(self._open_rows()):
            row = self._nearest_to_mean() if first is None else first
            self._upper[row] = self._lower[row] = -np.inf
            self.chosen.append(row)
        while len(self.chosen) < count:
            at = self._farthest()
            if at is None or (min_distance is not None and self._is_nearer(at, min_distance)):
                return
            self._choose(at)

    def nearest_before(self) -> tuple[np.ndarray, np.ndarray]:
        """Return int64 and float64 (k,): for each choice the nearest centre before it (−1: none), and how far it is."""
        at = np.array(self.chosen, np.int64)
        ends = len(self._pooled) + np.arange(len(at))
        nearest, apart = nearest_among(self._vectors, self._norms, at, self._centres(), np.zeros_like(ends), ends)
        return nearest, np.sqrt(apart)

    def _centres(self) -> np.ndarray:
        return np.concatenate([self._pooled, np.array(self.chosen, np.int64)])

    def _open_rows(self) -> np.ndarray:
        """Return the rows that may be chosen now."""
        return self.rows[self._admitted[self.rows] & (self._upper[self.rows] > -np.inf)]

    def _nearest_to_mean(self) -> int:
        rows = self._open_rows()
        mean = mean_of(self._vectors, rows)
        rough = self._norms[rows].astype(np.float64)
        for part in blocks(len(rows), len(mean)):
            rough[part] -= 2 * np.vecdot(take(self._vectors, rows[part]), mean.astype(np.float32))
        close = rows[rough <= rough.min() + 2 * self._error]
        return int(close[np.argmin(squared(self._vectors[close], mean))])

    def _choose(self, at: int) -> None:
        """Choose a row of the pool, and bring the pool's bounds up to date."""
        row = self._pool[at]
        self.chosen.append(int(row))
        self._pool_upper[at] = self._pool_lower[at] = -np.inf
        apart = self._pool_norms - 2 * np.vecdot(self._pool_vectors, self._vectors[row]) + self._norms[row]
        np.minimum(self._pool_upper, apart + self._error, out=self._pool_upper)
        np.minimum(self._pool_lower, np.maximum(apart - self._error, 0), out=self._pool_lower)

    def _is_nearer(self, at: int, distance: float) -> bool:
        """Tell whether a row of the pool is nearer than that to the centres."""
        if np.sqrt(self._pool_lower[at]) < distance <= np.sqrt(self._pool_upper[at]):
            self._sharpen_pool(np.array([at]))
        return bool(np.sqrt(self._pool_upper[at]) < distance)

    def _farthest(self) -> int | None:
        """Return the farthest row's place in the pool, which is renewed where it must be; None when none is left."""
        while True:
            at = int(np.argmax(self._pool_upper)) if len(self._pool) else None  # of equals the lowest row
            if at is not None and self._pool_upper[at] >= max(self._outside, 0):
                upper, lower = self._pool_upper[at], self._pool_lower[at]
                self._pool_upper[at] = -np.inf
                rest = max(self._pool_upper.max(), self._outside)
                self._pool_upper[at] = upper
                if lower > rest:
                    return at
                if lower < upper:
                    self._sharpen_pool(np.flatnonzero((self._pool_upper >= lower) & self._pool_is_open()))
                    continue
                if upper > self._outside or self._pool[at] < self._outside_row:
                    return at
            if not self._renew_pool():
                return None

    def _pool_is_open(self) -> np.ndarray:
        is_open: np.ndarray = self._pool_lower < self._pool_upper
        return is_open

    def _sharpen_pool(self, places: np.ndarray) -> None:
        self._pool_upper[places] = self._pool_lower[places] = self._sharpened(self._pool[places])

    def _sharpened(self, rows: np.ndarray) -> np.ndarray:
        """Return float64 exact squared distances of rows to the centres."""
        centres = self._centres()
        starts, ends = self._since[rows], np.full(len(rows), len(centres))
        _, apart = nearest_among(self._vectors, self._norms, rows, centres, starts, ends)
        self._exact[rows] = np.minimum(self._exact[rows], apart)
        self._since[rows] = len(centres)
        exact: np.ndarray = self._exact[rows]
        return exact

    def _renew_pool(self) -> bool:
        """Make a pool of the highest bounds, right enough for its farthest to be the farthest of all."""
        self._put_back()
        most = int(np.clip(_POOL_BYTES // (4 * self._vectors.shape[1]), _POOL_LEAST, _POOL_MOST))
        look = most
        while True:
            rows = self._highest(most)
            if not self._bring_up_to_date(rows if look == most else self._highest(look)):
                contested = self._contested(rows)
                if not len(contested):
                    break
                self._bring_up_to_date(contested)
                self._upper[contested] = self._lower[contested] = self._sharpened(contested)
            look *= 2
        self._set_pool(rows)
        return bool(len(rows))

    def _contested(self, pool: np.ndarray) -> np.ndarray:
        """Return the rows whose true figures have to be known, because one outside the pool may be the farthest."""
        least = self._lower[pool].max(initial=0.0)
        rows = self._open_rows()
        rows = rows[self._upper[rows] >= least]
        if np.isin(rows, pool, assume_unique=True).all():
            return rows[:0]
        return rows[self._lower[rows] < self._upper[rows]]

    def _highest(self, count: int) -> np.ndarray:
        """Return the rows of the highest upper bounds, in ascending order; of equals the lowest rows."""
        rows = self._open_rows()
        if len(rows) <= count:
            return rows
        bounds = self._upper[rows]
        least = np.partition(bounds, len(rows) - count)[len(rows) - count]
        above = bounds > least
        above[np.flatnonzero(bounds == least)[: count - np.count_nonzero(above)]] = True
        return rows[above]

    def _bring_up_to_date(self, rows: np.ndarray) -> bool:
        """Compare rows with the centres that they have not seen yet; tell whether there were any."""
        centres = self._centres()
        rows = rows[self._seen[rows] < len(centres)]
        for seen in np.unique(self._seen[rows]):
            alike = rows[self._seen[rows] == seen]
            for part in blocks(len(alike), max(_CENTRES, self._vectors.shape[1])):
                self._compare(alike[part], centres[seen:])
        self._seen[rows] = len(centres)
        return bool(len(rows))

    def _compare(self, rows: np.ndarray, centres: np.ndarray) -> None:
        vectors = take(self._vectors, rows)
        nearest = np.full(len(rows), -np.inf, np.float32)
        for start in range(0, len(centres), _CENTRES):
            some = centres[start : start + _CENTRES]
            near = products(2 * self._vectors[some], vectors)
            near -= self._norms[some, None]
            np.maximum(nearest, near.max(axis=0), out=nearest)
        apart = self._norms[rows] - nearest
        self._upper[rows] = np.minimum(self._upper[rows], apart + self._error)
        self._lower[rows] = np.minimum(self._lower[rows], np.maximum(apart - self._error, 0))

    def _set_pool(self, rows: np.ndarray) -> None:
        self._pool = rows
        self._pool_vectors, self._pool_norms = self._vectors[rows], self._norms[rows]
        self._pool_upper, self._pool_lower = self._upper[rows], self._lower[rows]
        outside = self._open_rows()
        outside = outside[~np.isin(outside, rows, assume_unique=True)]
        self._outside = float(self._upper[outside].max(initial=-np.inf))
        self._outside_row = int(outside[np.argmax(self._upper[outside])]) if len(outside) else -1

    def _put_back(self) -> None:
        self._upper[self._pool], self._lower[self._pool] = self._pool_upper, self._pool_lower
        self._seen[self._pool] = len(self._pooled) + len(self.chosen)
        self._set_pool(self._pool[:0])
