"""Near duplicates: vectors so near to one before that they show the same.

Here: which rows repeat which. Not here: duplicates to the bit (``duplicates``), and what becomes of either.
"""

from __future__ import annotations

import numpy as np

from rushes.selection.geometry.distances import of_pairs, slack, squared_norms

# Rows that are looked at together, and kept ones that they are compared with at once.
_ROWS, _KEPT = 1024, 1024
# Dimensions that most pairs are told apart by, and vectors that these are found from.
_SHORT, _LOOKED_AT = 32, 4096
# Of a block's pairs that are left then, one in so many may be measured one by one; else a product is quicker.
_FEW = 256


def near_duplicates(vectors: np.ndarray, threshold: float) -> np.ndarray:
    """Return int64 (n,): for each row −1 where it is kept, else the first kept row that is nearer than ``threshold``.

    A row is kept when no kept row before it is that near: kept ones are all at least ``threshold`` apart, and whatever
    is dropped is near to one that is kept (the leader algorithm; Hartigan, 1975). ``vectors``: float32 (n, d), finite,
    perhaps a read-only map of a file. The time grows with rows times kept ones.
    """
    repeats = np.full(len(vectors), -1, np.int64)
    near = _Near(vectors, threshold)
    kept = np.empty(0, np.int64)
    for start in range(0, len(vectors), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(vectors)))
        for at in range(0, len(kept), _KEPT):
            rows = rows[repeats[rows] < 0]
            some = kept[at : at + _KEPT]
            which, first = _firsts(near.pairs(rows, some))
            repeats[rows[which]] = some[first]
        rows = rows[repeats[rows] < 0]
        pairs = near.pairs(rows, rows)
        for row in np.flatnonzero(np.triu(pairs, 1).any(axis=1)):
            if repeats[rows[row]] < 0:
                later = rows[row + 1 :][pairs[row, row + 1 :]]
                repeats[later[repeats[later] < 0]] = rows[row]
        kept = np.concatenate([kept, rows[repeats[rows] < 0]])
    return repeats


def _firsts(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that have a pair, and the column of the first of each."""
    which = np.flatnonzero(pairs.any(axis=1))
    return which, pairs[which].argmax(axis=1)


class _Near:
    """Tells which pairs of rows are nearer than a threshold.

    A projection only brings vectors nearer to each other, so what is far apart in the few directions in which the
    vectors differ most is not looked at further.
    """

    def __init__(self, vectors: np.ndarray, threshold: float) -> None:
        self._vectors, self._limit = vectors, threshold**2
        self._norms = squared_norms(vectors, np.arange(len(vectors)))
        self._error = slack(vectors.shape[1], self._norms)
        basis = _directions(vectors)
        short = np.empty((len(vectors), basis.shape[1]), np.float32)
        for start in range(0, len(vectors), _KEPT):
            short[start : start + _KEPT] = vectors[start : start + _KEPT] @ basis
        norms, ones = np.square(short).sum(axis=1, keepdims=True), np.ones((len(short), 1), np.float32)
        # The product of one's row and the other's is their squared distance.
        self._one, self._other = np.hstack([short, norms, ones]), np.hstack([-2 * short, ones, norms])
        # How far a projected vector may be from where it should be, and a squared distance of two of them.
        moved = 2 * (basis.shape[1] * self._error * slack(vectors.shape[1], np.ones(1))) ** 0.5
        self._short_limit = (threshold + moved) ** 2 + self._error

    def pairs(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return bool (r, o): which pairs are nearer than the threshold."""
        found: np.ndarray = self._one[rows] @ self._other[others].T <= self._short_limit
        if np.count_nonzero(found) > found.size // _FEW:
            rough = self._vectors[rows] @ (-2 * self._vectors[others]).T
            rough += self._norms[others]
            rough += self._norms[rows, None]
            found = rough < self._limit - self._error
            undecided = np.flatnonzero(np.abs(rough - np.float32(self._limit)) <= 2 * self._error)
        else:
            undecided = np.flatnonzero(found)
        which, at = np.divmod(undecided, max(1, len(others)))
        found[which, at] = of_pairs(self._vectors, rows[which], others[at]) < self._limit
        return found


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Return float32 (d, ≤ 32) orthonormal directions in which some of the vectors differ most."""
    some = np.asarray(vectors[:: max(1, len(vectors) // _LOOKED_AT)], np.float64)
    some = some - some.mean(axis=0) if len(some) else some
    _, axes = np.linalg.eigh(some.T @ some)
    most: np.ndarray = axes[:, ::-1][:, :_SHORT].astype(np.float32)
    return most
