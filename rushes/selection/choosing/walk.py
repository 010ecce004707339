"""Choosing by an order that stands from the start: one sort, and where a limit or a constraint may say no, one look at
each candidate until there are enough.

Each group of the turn has its candidates in order, the groups wait in a heap by the key of their next, and what fails
a constraint waits for the next round. As what fails once fails for the rest of a round, that gives what looking at all
candidates for each choice would give. Here: one turn or none, and figures that stay. Not here: several turns, and
figures that change (``greedy``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace

import numpy as np

from rushes.selection.choosing.constraints import Round, Rules
from rushes.selection.choosing.turns import Turn, numbers_within


@dataclass(frozen=True)
class Taken:
    """One chosen row: the how-manieth of its group in each turn, the round, and the figure for which it was taken.

    ``spread`` is that of diversity, which alone changes as choosing goes on.
    """

    at: int
    numbers: tuple[int, ...]
    round: Round
    score: float
    spread: float | None = None


@dataclass
class Walked:
    """What was chosen, in order, and the groups of which no row is left that was not looked at."""

    taken: list[Taken] = field(default_factory=list)
    ran_dry: set[int] = field(default_factory=set)


def ordered(figure: np.ndarray, turn: Turn | None, rows: np.ndarray, count: int | None = None) -> np.ndarray:
    """Return the first ``count`` rows, int64, in the order of choice where no limit and no constraint says no.

    ``rows``: int64 (r,) ascending; all of them when ``count`` is None.
    """
    if turn is None:
        return rows[_lowest(-figure[rows], count)]
    best = rows[_lowest(-figure[rows], None)]
    keys = turn.keys_ahead(turn.group[best], numbers_within(turn.group[best]))
    return best[_lowest(keys, count)]


def _lowest(keys: np.ndarray, count: int | None) -> np.ndarray:
    """Return the places of the ``count`` lowest keys in their order, of equals the first; of all when None."""
    if count is None or count >= len(keys):
        return np.argsort(keys, kind="stable")
    at = np.flatnonzero(keys <= np.partition(keys, count)[count])
    return at[np.argsort(keys[at], kind="stable")[:count]]


def walk(figure: np.ndarray, turn: Turn | None, rows: np.ndarray, rules: Rules, count: int) -> Walked:
    """Choose ``count`` of ``rows``, int64 (r,) ascending, or as many as the rules let through.

    ``figure``: float64 (n,), the most first; ties go to the lowest row.
    """
    if rules.ask_nothing:
        return _straight(figure, turn, rows, rules, count)
    walked = Walked()
    while len(rows):
        rows = _round(figure, turn, rows, rules, count, walked)
        if len(walked.taken) == count or not rules.relax():
            break
    return walked


def _straight(figure: np.ndarray, turn: Turn | None, rows: np.ndarray, rules: Rules, count: int) -> Walked:
    """Choose the first of the order, as nothing says no."""
    chosen = ordered(figure, turn, rows, count)
    group = np.zeros(len(figure), np.int64) if turn is None else turn.group
    numbers = [()] * len(chosen) if turn is None else [(number,) for number in turn.take_all(chosen).tolist()]
    each = zip(chosen.tolist(), numbers, figure[chosen].tolist(), strict=True)
    taken = [Taken(at, number, rules.round, score) for at, number, score in each]
    there, had = (np.bincount(group[some], minlength=int(group.max()) + 1) for some in (rows, chosen))
    return Walked(taken, set(np.flatnonzero((had > 0) & (had == there)).tolist()))


def _round(
    figure: np.ndarray, turn: Turn | None, rows: np.ndarray, rules: Rules, count: int, walked: Walked
) -> np.ndarray:
    """Choose until there are enough or all were looked at; return those that a later round may take, ascending."""
    group = np.zeros(len(rows), np.int64) if turn is None else turn.group[rows]
    sorted_ = np.lexsort((-figure[rows], group))
    order, less, group = rows[sorted_].tolist(), (-figure[rows[sorted_]]).tolist(), group[sorted_]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    ends = dict(zip(group[starts].tolist(), [*starts[1:].tolist(), len(order)], strict=True))
    key = (lambda _: 0.0) if turn is None else turn.key
    # The next of each group: of the lowest key, then of the most, then the lowest row.
    heap = [(key(g), less[place], order[place], place, g) for g, place in zip(ends, starts.tolist(), strict=True)]
    heapify(heap)
    put_off = []
    while heap and len(walked.taken) < count:
        _, most, at, place, g = heap[0]
        if not rules.never(at):
            if rules.keeps(at):
                rules.choose(at)
                walked.taken.append(Taken(at, () if turn is None else (turn.take(at),), rules.round, -most))
            else:
                put_off.append(at)
        place += 1
        if place < ends[g]:
            heapreplace(heap, (key(g), less[place], order[place], place, g))
        else:
            walked.ran_dry.add(g)
            heappop(heap)
    return np.array(sorted(put_off), np.int64)
