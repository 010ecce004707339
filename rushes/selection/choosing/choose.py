"""Choosing: from candidates to what is chosen of them, in order, each with its figure and the reason in words.

At each step, of the candidates that are left and keep the limits and constraints, the turns narrow to the groups whose
turn it is, and of these the one with the most is taken; of equals the first by id (``docs/selection.md``). Here: the
quickest way that gives exactly that. Not here: the ways themselves (``walk``, ``greedy``, ``k_center``,
``redundancy``), and how candidates are made (``consider``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import duckdb
import numpy as np

from rushes.selection.choice import Candidates, Choice
from rushes.selection.choosing.constraints import Rules, rounds
from rushes.selection.choosing.curation import shuffled
from rushes.selection.choosing.gains import Figure, Spread, by_default, figures, total
from rushes.selection.choosing.greedy import greedy
from rushes.selection.choosing.nearest import Nearest
from rushes.selection.choosing.overlap import Overlaps
from rushes.selection.choosing.turns import Turn, joint_groups, numbers_within, turns
from rushes.selection.choosing.walk import Taken, Walked, ordered, walk
from rushes.selection.choosing.why import by_swaps, nearness, why
from rushes.selection.geometry.distances import nearest_among, squared_norms
from rushes.selection.geometry.k_center import approximate, k_center
from rushes.selection.geometry.redundancy import min_redundancy
from rushes.selection.recipes.options import Constraints, Diversity, MinRedundancy
from rushes.selection.recipes.recipe import Recipe

_Near = tuple[str, float]


def choose(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    candidates: Candidates,
    usable: np.ndarray,
    queries: Mapping[int, np.ndarray],
    *,
    count: int | None,
) -> list[Choice]:
    """Choose ``count`` candidates, all when None, in order; fewer where no more keep what the recipe asks.

    ``usable``: bool (n,), those that may be chosen. Pooled ones count as chosen before and are not chosen again.
    ``queries``: float32 (q, d) unit vectors of each similarity, by its place in the recipe's strategies. Raises
    ``SettingsError`` when a column that a strategy names holds no numbers.
    """
    pooled = candidates.pooled
    recipe_turns = turns(connection, recipe, candidates.rows, pooled)
    given = figures(connection, recipe, candidates, usable | pooled, queries)
    diversity = [s for s in recipe.strategies if isinstance(s, Diversity)]
    swaps = [s for s in recipe.strategies if isinstance(s, MinRedundancy)]
    if not given and not diversity and not swaps:
        given = [by_default(connection, recipe, candidates, recipe_turns)]
    open_ = usable & ~pooled
    for figure in given:
        open_ &= ~np.isnan(figure.figure)
    for turn in recipe_turns:
        open_ &= turn.has_one()
    rows = np.flatnonzero(open_)
    case = _Case(connection, recipe, candidates, recipe_turns, rows, len(rows) if count is None else count)
    if not len(rows) or not case.count:
        return []
    if swaps:
        taken = _by_swaps(case, swaps[0])
        return case.told(taken, lambda taken, near: by_swaps(taken, case.turns, near), by_distance=True)
    if diversity and not given and not recipe_turns and not recipe.has_rules:
        return case.told(_alone(case, diversity[0]), lambda taken, near: nearness(near), by_distance=True)
    given = [figure.among(open_ | pooled) for figure in given]
    strength = sum(s.strength for s in diversity) if diversity else None
    taken = _by_figures(case, given) if strength is None else _spread_out(case, given, strength)
    by_distance = strength is not None and not given
    return case.told(taken, lambda taken, near: why(taken, case.turns, given, strength, near), by_distance)


@dataclass(frozen=True)
class _Case:
    """What is chosen from: ``rows``, int64 (r,), those that may be; ``count`` how many of them."""

    connection: duckdb.DuckDBPyConnection
    recipe: Recipe
    candidates: Candidates
    turns: list[Turn]
    rows: np.ndarray
    count: int

    @property
    def vectors(self) -> np.ndarray:
        assert self.candidates.vectors is not None  # The recipe says that it reads them.
        return self.candidates.vectors

    @property
    def pooled(self) -> np.ndarray:
        """int64 (p,): the rows that were chosen before."""
        return np.flatnonzero(self.candidates.pooled)

    def rules(self, nearest: Nearest | None) -> Rules:
        asked = self.recipe.constraints
        overlaps = None
        if asked.max_spt_iou is not None:
            overlaps = Overlaps(self.connection, self.candidates, asked.iou_tbuff)
        return Rules(self.recipe, self.candidates, nearest, overlaps)

    def rules_in_order(self, figure: np.ndarray, turn: Turn | None, rows: np.ndarray) -> Rules:
        """Return the rules, with distances, if they ask about any, of rows that are looked at in about that order."""
        if self.recipe.min_distance is None and self.recipe.constraints.min_nn_dist is None:
            return self.rules(None)
        nearest = Nearest(self.vectors, self.pooled)
        nearest.expect(ordered(figure, turn, rows))
        return self.rules(nearest)

    def told(
        self, taken: Sequence[Taken], words: Callable[[Taken, _Near | None], str], by_distance: bool = False
    ) -> list[Choice]:
        """Return the choices in words, with the nearest before each if there are vectors.

        ``by_distance``: their score is how far that is.
        """
        ids = self.candidates.rows.column("sequence_id").combine_chunks()
        choices = []
        for each, (near, apart) in zip(taken, self._before([t.at for t in taken]), strict=True):
            nearest, distance = (None, None) if near < 0 else (near, apart)
            score = distance if by_distance else each.score if isfinite(each.score) else None
            said = words(each, None if nearest is None else (ids[nearest].as_py(), apart))
            choices.append(Choice(each.at, score, said, nearest, distance, each.round.relaxed))
        return choices

    def _before(self, chosen: list[int]) -> list[tuple[int, float]]:
        """Return for each chosen row the nearest before it, of equals the lowest, and its distance; −1 for none."""
        at = np.array(chosen, np.int64)
        if self.candidates.vectors is None:
            return [(-1, inf)] * len(at)
        before = np.concatenate([self.pooled, at])
        norms = np.zeros(len(self.candidates), np.float32)
        norms[np.sort(before)] = squared_norms(self.vectors, np.sort(before))
        starts = np.zeros(len(at), np.int64)
        ends = len(self.pooled) + np.arange(len(at))
        near, apart = nearest_among(self.vectors, norms, at, before, starts, ends)
        return list(zip(near.tolist(), np.sqrt(apart).tolist(), strict=True))


def _alone(case: _Case, diversity: Diversity) -> list[Taken]:
    """Choose by diversity and nothing else."""
    usable = np.zeros(len(case.candidates), bool)
    usable[case.rows] = True
    least = case.recipe.min_distance
    if diversity.mode == "exact":
        order = k_center(case.vectors, case.count, usable=usable, pooled=case.pooled, min_distance=least)
    else:
        sample, seed = diversity.sample, case.recipe.seed
        order = approximate(
            case.vectors, case.count, sample, seed, usable=usable, pooled=case.pooled, min_distance=least
        )
    (never,) = rounds(Constraints())
    return [Taken(at, (), never, apart) for at, apart in zip(order.at.tolist(), order.distance.tolist(), strict=True)]


def _by_figures(case: _Case, given: Sequence[Figure]) -> list[Taken]:
    """Choose by figures that stand from the start."""
    return _by_order(case, total(given, alone=len(given) == 1), case.rows).taken


def _by_order(case: _Case, figure: np.ndarray, rows: np.ndarray) -> Walked:
    if len(case.turns) > 1:
        rules = case.rules_in_order(figure, None, rows)
        return Walked(greedy(figure, None, case.turns, rows, rules, case.count))
    turn = case.turns[0] if case.turns else None
    return walk(figure, turn, rows, case.rules_in_order(figure, turn, rows), case.count)


def _spread_out(case: _Case, given: Sequence[Figure], strength: float) -> list[Taken]:
    """Choose by diversity together with other figures, turns or rules."""
    nearest = Nearest(case.vectors, case.pooled)
    spread = Spread(strength, case.vectors, case.rows, nearest)
    figure = total(given, alone=False) if given else None
    return greedy(figure, spread, case.turns, case.rows, case.rules(nearest), case.count)


def _by_swaps(case: _Case, swaps: MinRedundancy) -> list[Taken]:
    """Choose in the order that swaps give to each group, as turns and rules let through.

    That order is asked for as far as it is needed: it nests, so that a longer one changes nothing that was chosen.
    """
    n = len(case.candidates)
    groups = joint_groups(case.turns, n)
    by_chance = shuffled(case.connection, case.candidates.rows, case.recipe.seed)
    order = case.rows[np.argsort(-by_chance[case.rows], kind="stable")]
    turn = case.turns[0].group if case.turns else np.zeros(n, np.int64)
    there = np.bincount(turn[case.rows])
    asked = len(case.rows) if len(case.turns) > 1 else case.count + int(np.count_nonzero(there))
    while True:
        asked = min(asked, len(case.rows))
        found = min_redundancy(
            case.vectors, groups, order, asked, pooled=case.pooled, max_swaps=swaps.max_swaps, epochs=swaps.epochs
        )
        figure = np.full(n, -inf)
        figure[found] = -numbers_within(groups[found])
        for each in case.turns:
            each.begin()
        walked = _by_order(case, figure, np.sort(found))
        cut_short = np.bincount(turn[found], minlength=len(there)) < there
        if not any(cut_short[group] for group in walked.ran_dry):
            return walked.taken
        asked *= 2
