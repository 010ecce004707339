"""What a candidate must keep towards what is chosen: limits that always hold, and constraints that are relaxed.

``per_video``, ``per_class`` and ``min_distance`` always hold. ``min_motion``, ``min_nn_dist`` and ``max_spt_iou`` are
relaxed in rounds, TrackVerse's way: where a round finds nothing more, the next goes on with easier bounds, and the last
has none. As nothing that is chosen goes away again, what fails once fails for the rest of its round. Here: the rounds,
and the tests of one candidate. Not here: distances (``nearest``) and overlaps (``overlap``) themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rushes.selection.choice import Candidates
from rushes.selection.choosing.nearest import Nearest
from rushes.selection.choosing.overlap import Overlaps
from rushes.selection.recipes.options import Constraints
from rushes.selection.recipes.recipe import Recipe


@dataclass(frozen=True)
class Round:
    """The constraints as they stand in one round; None asks for nothing. ``relaxed`` counts rounds before it."""

    relaxed: int
    min_motion: float | None
    min_nn_dist: float | None
    max_spt_iou: float | None

    def words(self) -> str:
        """Say how they were relaxed, as in "constraints relaxed once: min_nn_dist 0.32"; nothing if they were not."""
        if not self.relaxed:
            return ""
        left = [f"{name} {value:.4g}" for name, value in vars(self).items() if name != "relaxed" and value is not None]
        times = {1: "once", 2: "twice"}.get(self.relaxed, f"{self.relaxed} times")
        return f"constraints relaxed {times}: {', '.join(left) or 'none are left'}"


def rounds(constraints: Constraints) -> list[Round]:
    """Return the rounds: each eases all bounds by ``relax``, and the last has none; a single one is never relaxed."""
    asked = (constraints.min_motion, constraints.min_nn_dist)
    if not constraints:
        return [Round(0, None, None, None)]
    found = []
    for number in range(max(1, constraints.rounds - 1)):
        factor = constraints.relax**number
        motion, apart = (None if least is None else least * factor for least in asked)
        most = None if constraints.max_spt_iou is None else constraints.max_spt_iou / factor
        found.append(Round(number, motion, apart, None if most is None or most >= 1 else most))
    return found if constraints.rounds == 1 else [*found, Round(len(found), None, None, None)]


class Rules:
    """The limits and constraints of a recipe, as choosing goes on."""

    def __init__(
        self, recipe: Recipe, candidates: Candidates, nearest: Nearest | None, overlaps: Overlaps | None
    ) -> None:
        pooled = candidates.pooled
        limits = (("video_id", recipe.per_video), ("class_name", recipe.per_class))
        self._limits = [_Limit(candidates.rows, column, most, pooled) for column, most in limits if most is not None]
        self._min_distance = recipe.min_distance
        self._motion = np.asarray(candidates.rows.column("motion").cast(pa.float64()).fill_null(np.nan))
        self._nearest, self._overlaps = nearest, overlaps
        self._rounds = rounds(recipe.constraints)
        self.round = self._rounds[0]

    @property
    def ask_nothing(self) -> bool:
        """Whether every row may be chosen, whatever else is."""
        return not self._limits and self._min_distance is None and self._rounds == rounds(Constraints())

    def has_room(self, rows: np.ndarray) -> np.ndarray:
        """Return bool (r,): whether the limits of number leave room for a row."""
        room = np.ones(len(rows), bool)
        for limit in self._limits:
            room &= limit.has_room(rows)
        return room

    def never(self, at: int) -> bool:
        """Tell whether a limit excludes a row, now and for ever."""
        for limit in self._limits:
            if limit.is_full(at):
                return True
        return self._min_distance is not None and not self._is_apart(at, self._min_distance)

    def keeps(self, at: int) -> bool:
        """Tell whether a row keeps the constraints of this round."""
        now = self.round
        if now.min_motion is not None and not self._motion[at] >= now.min_motion:
            return False
        if now.min_nn_dist is not None and not self._is_apart(at, now.min_nn_dist):
            return False
        return now.max_spt_iou is None or self._overlaps is None or self._overlaps.at_most(at, now.max_spt_iou)

    def too_near(self, rows: np.ndarray) -> np.ndarray:
        """Return bool (r,): rows that are surely too near to be chosen in this round. Looks at all distances."""
        least = max(self._min_distance or 0.0, self.round.min_nn_dist or 0.0)
        if self._nearest is None or not least:
            return np.zeros(len(rows), bool)
        near: np.ndarray = self._nearest.rough()[rows] + self._nearest.slack < least**2
        return near

    def choose(self, at: int) -> None:
        """Count a row as chosen."""
        for limit in self._limits:
            limit.take(at)
        if self._nearest is not None:
            self._nearest.add(at)
        if self._overlaps is not None:
            self._overlaps.add(at)

    def relax(self) -> bool:
        """Go on to the next round; tell whether there is one."""
        if self.round.relaxed + 1 == len(self._rounds):
            return False
        self.round = self._rounds[self.round.relaxed + 1]
        return True

    def _is_apart(self, at: int, least: float) -> bool:
        return self._nearest is None or self._nearest.at_least(at, least)


class _Limit:
    """At most so many rows of each value of a column, pooled ones counted. Rows without a value are not limited."""

    def __init__(self, rows: pa.Table, column: str, most: int, pooled: np.ndarray) -> None:
        values = rows.column(column).combine_chunks()
        values = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        self._group = np.asarray(values.indices.cast(pa.int64()).fill_null(-1))
        had = np.bincount(self._group[pooled & (self._group >= 0)], minlength=len(values.dictionary))
        self._left = np.append(most - had, np.iinfo(np.int64).max)  # the last stands for rows without a value

    def has_room(self, rows: np.ndarray) -> np.ndarray:
        room: np.ndarray = self._left[self._group[rows]] > 0
        return room

    def is_full(self, at: int) -> bool:
        return bool(self._left[self._group[at]] <= 0)

    def take(self, at: int) -> None:
        if self._group[at] >= 0:
            self._left[self._group[at]] -= 1
