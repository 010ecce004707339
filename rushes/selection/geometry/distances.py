"""Distances between many vectors: quick ones by products of matrices, and exact ones for the pairs they leave open.

A product in float32 is known up to ``slack``; what that leaves open is decided in float64 from the vectors themselves.
So what is chosen depends on no library of products, no number of threads and no size of blocks. Here: those two kinds
of distance, the nearest of some vectors, their mean, and which rows a sample takes. Not here: what is chosen by them
(``k_center``, ``near``, …).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# So many float32 values of a block are held at once, and so many centres are compared with at once.
_HELD = 1 << 21
_AT_ONCE = 4096
_FEW = 16


def blocks(count: int, width: int) -> Iterator[slice]:
    """Yield slices of ``count`` rows, ``width`` values each, with as many rows as may be held at once."""
    step = max(1, _HELD // max(1, width))
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))


def take(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return some rows, given in ascending order; without a copy where they stand together."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return vectors[rows[0] : rows[-1] + 1]
    return vectors[rows]


def squared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return float64 (…,) squared Euclidean distances along the last axis: the figure that decides everywhere."""
    apart = np.subtract(one, other, dtype=np.float64)
    np.multiply(apart, apart, out=apart)
    total: np.ndarray = apart.sum(axis=-1)
    return total


def products(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return float32 (o, p) scalar products of float32 (o, d) and (p, d) vectors.

    Where one side is few they are taken one by one: a product of matrices would set threads on it, which wait for each
    other longer than it takes wherever the machine has more to do.
    """
    if min(len(ones), len(others)) <= _FEW:
        return np.vecdot(ones[:, None], others[None])
    return ones @ others.T


def of_pairs(vectors: np.ndarray, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return float64 (p,) squared distances of pairs of rows, in bounded memory."""
    found = np.empty(len(ones))
    for part in blocks(len(ones), 8 * vectors.shape[1]):
        found[part] = squared(vectors[ones[part]], vectors[others[part]])
    return found


def squared_norms(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return float32 squared lengths of some rows, in ascending order. Raises ``ValueError`` where one is no number."""
    norms = np.empty(len(rows), np.float32)
    for part in blocks(len(rows), vectors.shape[1]):
        norms[part] = np.square(take(vectors, rows[part])).sum(axis=1)
    if not np.isfinite(norms).all():
        raise ValueError(f"vector {int(rows[~np.isfinite(norms)][0])} is not finite")
    return norms


def slack(dimensions: int, norms: np.ndarray) -> float:
    """Return how far a squared distance made of float32 products and norms can be from the true one.

    A sum of d products, in whatever order, is off by d rounding errors of the lengths' product at most; it counts
    twice. The rest is for the norms, which are summed in pairs, and for putting both together.
    """
    return 2.0 * (dimensions + 64) * 2.0**-24 * float(norms.max(initial=0.0))


def mean_of(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return float64 (d,): the mean of some rows, given in ascending order, one at least."""
    total = np.zeros(vectors.shape[1])
    for part in blocks(len(rows), len(total)):
        total += take(vectors, rows[part]).sum(axis=0, dtype=np.float64)
    mean: np.ndarray = total / len(rows)
    return mean


def nearest_among(
    vectors: np.ndarray, norms: np.ndarray, rows: np.ndarray, others: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of ``rows`` the nearest of ``others[start:end]``: its row (−1: none; of equals the lowest).

    Also float64 (r,) squared distances, infinite for none. ``norms`` are float32 (n,), right at least for these rows.
    """
    involved = norms[np.concatenate([rows, others])]
    error = slack(vectors.shape[1], involved)
    found, distance = np.full(len(rows), -1, np.int64), np.full(len(rows), np.inf)
    for first in range(int(starts.min(initial=len(others))), int(ends.max(initial=0)), _AT_ONCE):
        place = np.arange(first, min(first + _AT_ONCE, len(others)))
        centres = vectors[others[place]]
        for part in blocks(len(rows), max(len(place), vectors.shape[1])):
            if first >= ends[part].max():
                continue
            rough = products(vectors[rows[part]], centres)
            rough *= -2
            rough += norms[others[place]]
            rough[(place < starts[part, None]) | (place >= ends[part, None])] = np.inf
            least = rough.min(axis=1, keepdims=True)
            which, at = np.nonzero((rough <= least + 2 * error) & (rough < np.inf))
            other = others[place[at]]
            apart = of_pairs(vectors, rows[part][which], other)
            order = np.lexsort((other, apart, which))
            which, at = np.unique(which[order], return_index=True)
            other, apart = other[order[at]], apart[order[at]]
            which += part.start
            better = (apart < distance[which]) | ((apart == distance[which]) & (other < found[which]))
            found[which[better]], distance[which[better]] = other[better], apart[better]
    return found, distance


def scattered(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return uint64 figures of row numbers that look random (SplitMix64)."""
    mixed = rows.astype(np.uint64) + np.uint64(1 + (seed & 0xFFFFFFFF) * 0x1_0000_0001)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
