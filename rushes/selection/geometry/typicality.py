"""Typicality: how near a vector's nearest others are (Hacohen, Dekel and Weinshall's TypiClust, 2022).

Here: that one figure. Not here: what it weighs beside others (``gains``).
"""

from __future__ import annotations

import numpy as np

from rushes.selection.geometry.distances import of_pairs, scattered, slack, squared_norms, take

# Values of a block of products.
_HELD = 1 << 23
# Beyond so many vectors, the nearest are looked for among so many of them: the time would grow with the square.
_LOOKED_AMONG = 50_000
# Vectors kept as float16 are no better known than this: being nearer makes nothing more typical.
_NO_DISTANCE = 1e-3
# Of neighbours that products in float32 cannot tell from the last that counts, so many are looked at.
_CLOSE = 64


def typicality(vectors: np.ndarray, neighbours: int, usable: np.ndarray | None = None) -> np.ndarray:
    """Return float32 (n,): 1 / the mean distance to the ``neighbours`` nearest others, or to all when they are fewer.

    ``vectors``: float32 (n, d), finite. Of ``usable`` rows, bool (n,), alone: the others are nobody's neighbours, and
    theirs is 0, as is that of a vector without others. A mean below 0.001 counts as 0.001. Every pair is looked at: the
    time grows with n². Above 50 thousand rows the neighbours are looked for among 50 thousand of them, always the same
    for the same n, and so are farther than the true ones, for all vectors alike.
    """
    found = np.zeros(len(vectors), np.float32)
    rows = np.arange(len(vectors)) if usable is None else np.flatnonzero(usable)
    among = rows
    if len(rows) > _LOOKED_AMONG:
        among = np.sort(rows[np.argsort(scattered(np.arange(len(rows)), 0), kind="stable")[:_LOOKED_AMONG]])
    count = min(neighbours, len(among) - 1)
    if count < 1:
        return found
    norms = squared_norms(vectors, among)
    others, error = take(vectors, among), 2 * slack(vectors.shape[1], norms)
    step = max(1, _HELD // len(among))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        near = (2 * take(vectors, part)) @ others.T
        near -= norms  # the higher, the nearer
        place = np.searchsorted(among, part).clip(max=len(among) - 1)
        itself = np.flatnonzero(among[place] == part)
        near[itself, place[itself]] = -np.inf
        which, at = _perhaps_nearest(near, count, error)
        apart = np.sqrt(of_pairs(vectors, part[which], among[at]))
        means = _mean_of_least(which, apart, count)
        found[part] = 1 / np.maximum(means, _NO_DISTANCE)
    return found


def _perhaps_nearest(near: np.ndarray, count: int, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (row, column) of the ``count`` highest values of each row and of those that may be as high, by rows."""
    last = np.partition(near, near.shape[1] - count, axis=1)[:, near.shape[1] - count, None]
    which, at = np.divmod(np.flatnonzero(near >= last - error), near.shape[1])  # much quicker than in two dimensions
    if len(which) > len(near) * (count + _CLOSE):
        close = near[which, at] <= (last[:, 0] + error)[which]
        before: np.ndarray = np.cumsum(close) - close
        starts = np.searchsorted(which, np.arange(len(near)))
        taken = ~close | (before - before[starts][which] < count + _CLOSE)
        which, at = which[taken], at[taken]
    return which, at


def _mean_of_least(which: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the mean of each group's ``count`` lowest values; groups are numbered from 0 and as large at least."""
    order = np.lexsort((values, which))
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    means: np.ndarray = values[order][starts[:, None] + np.arange(count)].mean(axis=1)
    return means
