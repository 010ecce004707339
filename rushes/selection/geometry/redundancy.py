"""Minimum redundancy (TrackVerse): a random subset of each group, improved by swaps that spread it out.

Whoever is farther from the subset than its two closest members are from each other takes the place of one of these
two. Here: that order. Not here: how groups take turns in the end (``choose``).
"""

from __future__ import annotations

import numpy as np

from rushes.selection.geometry.distances import blocks, of_pairs, products, slack, squared_norms

# Candidates that are compared with a subset at once.
_AT_ONCE = 512


def min_redundancy(
    vectors: np.ndarray,
    groups: np.ndarray,
    order: np.ndarray,
    count: int,
    *,
    pooled: np.ndarray | None = None,
    max_swaps: int | None = None,
    epochs: int = 10,
) -> np.ndarray:
    """Return int64 (≤ count,) rows of ``vectors``, float32 (n, d) and finite: one of each group in turn.

    ``groups``: int64 (n,); ``order``: int64 (m,), the rows that may be chosen, in random order; ``pooled``: int (p,)
    rows that were chosen before and are never swapped. So that smaller choices are the beginnings of larger ones, a
    group's choice is made in levels of 1, 2, 4, 8, … members: those of earlier levels stay, the others begin as the
    next of the random order and are swapped until an epoch, a pass over all who stand outside, brings no swap any more.
    ``max_swaps`` and ``epochs`` are limits of each level of each group. A level is worked out whole, however many of
    it are asked for, and its members come in the random order. No swap makes the smallest distance between two members
    smaller, be they pooled, earlier or new.
    """
    pool = np.empty(0, np.int64) if pooled is None else np.sort(pooled).astype(np.int64)
    names = np.unique(groups[order])
    of_each = [order[groups[order] == name] for name in names]
    rounds = 0
    while sum(min(len(rows), rounds) for rows in of_each) < min(count, len(order)):
        rounds += 1
    chosen = []
    for name, rows in zip(names, of_each, strict=True):
        subset = _Subset(vectors, rows, pool[groups[pool] == name])
        while subset.size < min(rounds, len(rows)):
            subset.grow(max(1, 2 * subset.size))
            subset.spread(max_swaps, epochs)
        chosen.append(subset.chosen())
    in_turn = [rows[turn] for turn in range(rounds) for rows in chosen if turn < len(rows)]
    return np.array(in_turn[:count], np.int64)


class _Subset:
    """Members of one group, and how far each is from its nearest.

    Members and candidates are told by their places: first pooled rows, then the group's rows in random order.
    ``_near`` and ``_partner`` are float64 squared distance and slot of the nearest member; of two that stay, neither
    counts for the other. A candidate's ``_witness`` is a member it is ``_beside``, at that squared distance at most.
    """

    def __init__(self, vectors: np.ndarray, rows: np.ndarray, pooled: np.ndarray) -> None:
        self._vectors = vectors
        self._rows = np.concatenate([pooled, rows])
        self._norms = np.empty(len(self._rows), np.float32)
        ascending = np.argsort(self._rows)
        self._norms[ascending] = squared_norms(vectors, self._rows[ascending])
        self._error = slack(vectors.shape[1], self._norms)
        self._pooled = self._staying = len(pooled)
        self._slots = np.arange(len(pooled))  # the place of each member
        self._is_member = np.arange(len(self._rows)) < len(pooled)
        self._witness = np.full(len(self._rows), -1)
        self._beside = np.full(len(self._rows), np.inf, np.float32)

    @property
    def size(self) -> int:
        """How many are chosen, pooled ones not counted."""
        return len(self._slots) - self._pooled

    def chosen(self) -> np.ndarray:
        """Return the members' rows, level by level."""
        return self._rows[self._slots[self._pooled :]]

    def grow(self, size: int) -> None:
        """Begin a level: those that are members stay, and the next at random come to them."""
        self._staying = len(self._slots)
        new = np.flatnonzero(~self._is_member)[: size - self.size]
        self._is_member[new] = True
        self._slots = np.concatenate([self._slots, new])
        self._members = self._vectors[self._rows[self._slots]]
        self._near, self._partner = np.full(len(self._slots), np.inf), np.full(len(self._slots), -1)
        self._look(np.arange(len(self._slots)))

    def spread(self, most: int | None, epochs: int) -> None:
        """Swap until nothing helps any more, then put the level's members into the random order."""
        left = len(self._rows) * epochs if most is None else most
        for _ in range(epochs):
            before = left
            outside = np.flatnonzero(~self._is_member)
            for start in range(0, len(outside), _AT_ONCE):
                left -= self._try(outside[start : start + _AT_ONCE], left)
            if left in (before, 0):
                break
        self._slots[self._staying :] = np.sort(self._slots[self._staying :])

    def _is_beside(self, places: np.ndarray) -> np.ndarray:
        """Tell which are known to be no farther from a member than the closest two are from each other."""
        known = self._is_member[self._witness[places]] & (self._witness[places] >= 0)
        beside: np.ndarray = known & (self._beside[places] + self._error <= self._near.min())
        return beside

    def _try(self, places: np.ndarray, most: int) -> int:
        """Swap in what helps, one after the other; return how many did."""
        rough = np.empty((len(places), len(self._slots)), np.float32)
        least = np.full(len(places), -np.inf, np.float32)  # of those that need no look, for they have a witness
        looked = ~self._is_beside(places)
        rough[looked] = self._rough(places[looked], self._slots)
        least[looked] = rough[looked].min(axis=1, initial=np.inf)
        swapped, at = 0, -1
        while swapped < most:
            may = np.flatnonzero(least[at + 1 :] > self._near.min(initial=np.inf) - self._error)
            if not len(may):
                break
            at += 1 + int(may[0])
            if least[at] - self._error > self._near.min() or self._is_farther(places[at], rough[at]):
                slot, gone = self._swap(places[at])
                swapped += 1
                lost = ~looked & (self._witness[places] == gone)
                looked |= lost
                rough[lost] = self._rough(places[lost], self._slots)
                rough[looked, slot] = self._rough(places[looked], self._slots[slot, None])[:, 0]
                least[looked] = rough[looked].min(axis=1)
        self._witness[places[looked]] = self._slots[rough[looked].argmin(axis=1)]
        self._beside[places[looked]] = least[looked]
        return swapped

    def _rough(self, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return float32 (p, o) squared distances of places, true up to ``_error``."""
        to = self._members if others is self._slots else self._vectors[self._rows[others]]
        rough = -2 * products(self._vectors[self._rows[places]], to)
        rough += self._norms[others]
        rough += self._norms[places, None]
        return rough

    def _is_farther(self, place: int, rough: np.ndarray) -> bool:
        """Tell by exact figures whether a candidate is farther from all members than the closest two are."""
        close = np.flatnonzero(rough <= rough.min() + 2 * self._error)
        apart = of_pairs(self._vectors, np.full(len(close), self._rows[place]), self._rows[self._slots[close]])
        return bool(apart.min() > self._near.min())

    def _swap(self, place: int) -> tuple[int, int]:
        """Put a candidate where one of the closest two was, the later one if both may go; return slot and who went."""
        one = int(np.argmin(self._near))
        slot = max(one, int(self._partner[one]))
        gone = int(self._slots[slot])
        self._is_member[gone], self._is_member[place] = False, True
        self._slots[slot], self._members[slot] = place, self._vectors[self._rows[place]]
        self._look(np.flatnonzero((self._partner == slot) | (np.arange(len(self._slots)) == slot)))
        rough = self._rough(np.array([place]), self._slots)[0]
        close = np.flatnonzero((rough <= self._near + self._error) & (np.arange(len(rough)) != slot))
        apart = of_pairs(self._vectors, np.full(len(close), self._rows[place]), self._rows[self._slots[close]])
        nearer = apart < self._near[close]
        self._near[close[nearer]], self._partner[close[nearer]] = apart[nearer], slot
        return slot, gone

    def _look(self, slots: np.ndarray) -> None:
        """Find the nearest of some members exactly; of equals the first."""
        for part in blocks(len(slots), max(len(self._slots), self._vectors.shape[1])):
            some = slots[part]
            rough = self._rough(self._slots[some], self._slots)
            rough[np.arange(len(some)), some] = np.inf
            rough[some < self._staying, : self._staying] = np.inf
            close = (rough <= rough.min(axis=1, keepdims=True) + 2 * self._error) & (rough < np.inf)
            which, other = np.nonzero(close)
            apart = of_pairs(self._vectors, self._rows[self._slots[some[which]]], self._rows[self._slots[other]])
            order = np.lexsort((other, apart, which))
            found, at = np.unique(which[order], return_index=True)
            self._near[some], self._partner[some] = np.inf, -1
            self._near[some[found]], self._partner[some[found]] = apart[order[at]], other[order[at]]
