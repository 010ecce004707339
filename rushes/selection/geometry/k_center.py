"""Greedy k-center (Gonzalez, 1985): each next choice is the one farthest from all that were chosen before.

What is chosen is what float64 distances from every vector to every choice would give. Here: that order, among all and
among a sample. Not here: how the farthest is found (``farthest``), what else a choice has to keep (``choose``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rushes.selection.geometry.distances import scattered
from rushes.selection.geometry.farthest import Farthest

# The approximate mode looks outside its sample when so many are chosen, then at so many times as many, and so on. It
# takes in half as many as the sample had, or so many times as many as are chosen.
_LOOK_OUTSIDE, _TAKEN_IN_PER_CHOICE = 4, 16


@dataclass(frozen=True)
class Order:
    """An order of choice. ``at``: int64 (k,) rows; ``nearest``: int64 (k,) the nearest row chosen or pooled before, −1
    for none, of equals the lowest; ``distance``: float32 (k,) how far that is, infinite for none."""

    at: np.ndarray
    nearest: np.ndarray
    distance: np.ndarray


def k_center(
    vectors: np.ndarray,
    count: int,
    *,
    usable: np.ndarray | None = None,
    pooled: np.ndarray | None = None,
    min_distance: float | None = None,
    first: int | None = None,
) -> Order:
    """Choose up to ``count`` rows of ``vectors``, float32 (n, d) and finite, perhaps a read-only map of a file.

    Only ``usable`` rows, bool (n,), are chosen; ``pooled`` ones, int (p,), were chosen before and count. ``first`` is
    chosen before all; without it and without pooled ones that is the one nearest to the mean of the usable. Ties go to
    the lowest row. It stops where the farthest is nearer than ``min_distance``.
    """
    greedy = Farthest(vectors, usable, pooled)
    greedy.admit(greedy.rows)
    greedy.extend(count, min_distance, first)
    return _order(greedy)


def approximate(
    vectors: np.ndarray,
    count: int,
    sample: int,
    seed: int,
    *,
    usable: np.ndarray | None = None,
    pooled: np.ndarray | None = None,
    min_distance: float | None = None,
    first: int | None = None,
) -> Order:
    """Choose as ``k_center`` does, but among a sample of the usable rows that grows with what is chosen.

    It begins with ``sample`` rows that ``seed`` alone decides. After 4, 16, 64, … choices, or where it has none left,
    the rows outside that are farthest from all choices are taken in: without them, what is rare would hardly be in the
    sample, and it is what this rule is there to find. A choice depends on those before it and not on ``count``, so
    selections nest.
    """
    greedy = Farthest(vectors, usable, pooled)
    greedy.admit(np.sort(greedy.rows[np.argsort(scattered(greedy.rows, seed), kind="stable")[:sample]]))
    chosen = _LOOK_OUTSIDE
    while True:
        greedy.extend(min(chosen, count), min_distance, first)
        if len(greedy.chosen) == count:
            break
        more = greedy.farthest_outside(max(sample // 2, _TAKEN_IN_PER_CHOICE * chosen))
        if not len(more):
            greedy.extend(count, min_distance, first)
            break
        greedy.admit(more)
        chosen *= _LOOK_OUTSIDE
    return _order(greedy)


def _order(greedy: Farthest) -> Order:
    nearest, distance = greedy.nearest_before()
    return Order(np.array(greedy.chosen, np.int64), nearest, distance.astype(np.float32))
