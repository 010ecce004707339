"""Choosing one by one, each time among all that are left: several turns, and figures that change with every choice.

Here: that loop, vectorised over the candidates. Not here: the order that stands from the start (``walk``), and plain
greedy k-center (``k_center``), which are quicker where they do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushes.selection.choosing.constraints import Rules
from rushes.selection.choosing.gains import Spread
from rushes.selection.choosing.turns import Turn
from rushes.selection.choosing.walk import Taken


def greedy(
    figure: np.ndarray | None, spread: Spread | None, turns: Sequence[Turn], rows: np.ndarray, rules: Rules, count: int
) -> list[Taken]:
    """Choose ``count`` of ``rows``, int64 (r,) ascending, or as many as the rules let through.

    ``figure``: float64 (n,), the sum of all gains that stand from the start; None when diversity is the only one.
    Ties go to the lowest row.
    """
    taken: list[Taken] = []
    left, failed = rows, np.zeros(int(rows.max(initial=-1)) + 1, bool)
    while len(taken) < count:
        left = left[rules.has_room(left)]
        now = left[~failed[left]]
        if spread is not None:
            now = now[~rules.too_near(now)]
        if not len(now):
            if not len(left) or not rules.relax():
                return taken
            failed[:] = False
            continue
        at, score, apart = _best(figure, spread, _whose_turn(turns, now))
        if rules.never(at):
            left = left[left != at]
        elif not rules.keeps(at):
            failed[at] = True
        else:
            rules.choose(at)
            taken.append(Taken(at, tuple(turn.take(at) for turn in turns), rules.round, score, apart))
            left = left[left != at]
    return taken


def _whose_turn(turns: Sequence[Turn], rows: np.ndarray) -> np.ndarray:
    """Return those rows whose groups have the lowest key in the first turn, of these in the second, and so on."""
    for turn in turns:
        keys = turn.keys[turn.group[rows]]
        rows = rows[keys == keys.min()]
    return rows


def _best(figure: np.ndarray | None, spread: Spread | None, rows: np.ndarray) -> tuple[int, float, float | None]:
    """Return the row with the most, the lowest of equals; its sum, and diversity's own figure."""
    if spread is None:
        assert figure is not None
        at = int(rows[np.argmax(figure[rows])])
        return at, float(figure[at]), None
    alone = figure is None
    least, most = spread.bounds(rows, alone)
    given = np.zeros(len(rows)) if figure is None else figure[rows]
    strength = 1.0 if alone else spread.strength
    may_be = np.flatnonzero(given + strength * most >= (given + strength * least).max())
    own = spread.exact(rows[may_be], alone)
    total = own if alone else given[may_be] + strength * own
    best = int(np.argmax(total))
    return int(rows[may_be[best]]), float(total[best]), float(own[best])
