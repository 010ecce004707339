"""Figures of which the most is taken, and how several become one.

Here: each strategy's own figure for every candidate, its scale from 0 to 1, and the sum of several. The figure of
diversity changes with every choice and has a class of its own. Not here: whose turn it is (``turns``), and which
candidate is taken (``walk``, ``greedy``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.choice import Candidates
from rushes.selection.choosing.curation import figure_of, shuffled
from rushes.selection.choosing.nearest import Nearest
from rushes.selection.choosing.turns import Turn
from rushes.selection.geometry.distances import blocks, mean_of, squared
from rushes.selection.geometry.typicality import typicality
from rushes.selection.recipes.options import ClassBalanced, Diversity, Gain, Random, Similarity, Typicality
from rushes.selection.recipes.recipe import Recipe


@dataclass(frozen=True)
class Figure:
    """A strategy's figure for each candidate, float64 (n,); NaN where there is none. The most is taken first.

    ``told``: what to tell of it in words when not the figure itself; ``note`` is said after it. ``scaled``: it from 0,
    the least among the candidates, to 1, the most; 0 for all when all have the same.
    """

    name: str
    strength: float
    figure: np.ndarray
    told: np.ndarray | None = None
    note: str = ""
    scaled: np.ndarray | None = None

    def among(self, rows: np.ndarray) -> Figure:
        """Return it with its scale, bool (n,) saying which candidates make it."""
        have = self.figure[rows & np.isfinite(self.figure)]
        least, most = (have.min(), have.max()) if len(have) else (0.0, 0.0)
        scaled = np.zeros(len(self.figure)) if most == least else (self.figure - least) / (most - least)
        return replace(self, scaled=scaled)

    def words(self, at: int) -> str:
        """Say a candidate's figure, as in "sharpness 52.1"; of an order by chance only its name."""
        if self.name.startswith("random") or not self.name:
            return self.name + self.note
        value = (self.figure if self.told is None else self.told)[at]
        return f"{self.name} {f'{value:.4g}' if isfinite(value) else 'not known'}{self.note}"


def total(figures: Sequence[Figure], alone: bool) -> np.ndarray:
    """Return float64 (n,): the only figure as it is, or the sum of each figure's strength times its scale."""
    if alone:
        return figures[0].figure
    found = np.zeros(len(figures[0].figure))
    for figure in figures:
        assert figure.scaled is not None
        found += figure.strength * figure.scaled
    return found


def figures(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    candidates: Candidates,
    usable: np.ndarray,
    queries: Mapping[int, np.ndarray],
) -> list[Figure]:
    """Return the figures of the recipe's gains that stay as they are while choosing, in its order."""
    found = []
    for place, strategy in enumerate(recipe.strategies):
        if not isinstance(strategy, Gain) or isinstance(strategy, Diversity):
            continue
        if isinstance(strategy, Typicality):
            figure = typicality(_vectors(candidates), strategy.neighbours, usable).astype(np.float64)
        elif isinstance(strategy, Similarity):
            figure = likeness(_vectors(candidates), queries[place])
        else:
            figure = figure_of(connection, candidates.rows, strategy, recipe.seed)
        name = {"max_motion": "motion", "weights": getattr(strategy, "column", "")}.get(strategy.name, strategy.name)
        note = f", seed {recipe.seed}" if isinstance(strategy, Random) else ""
        found.append(Figure(name, strategy.strength, figure, note=note))
    return found


def by_default(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, turns: Sequence[Turn]
) -> Figure:
    """Return the figure of a recipe that names none: its class_balanced's weighted score, else an order by chance.

    Candidates whose score is not known come last.
    """
    for turn in turns:
        if isinstance(turn.strategy, ClassBalanced) and turn.figure is not None:
            known = np.where(np.isnan(turn.figure), -np.inf, turn.figure)
            scores = candidates.rows.column("weighted_score").cast(pa.float64()).fill_null(np.nan)
            warmth = turn.strategy.temperature
            note = f" at temperature {warmth:.4g}" if warmth else ""
            return Figure("weighted score", 1.0, known, np.asarray(scores), note)
    by_chance = shuffled(connection, candidates.rows, recipe.seed)
    return Figure("", 1.0, by_chance) if turns else Figure("random", 1.0, by_chance, note=f", seed {recipe.seed}")


def likeness(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return float64 (n,): the cosine between each unit vector and the query that is nearest to it, −1 to 1.

    Summed in float64 and rounded to float32, so that it is the same whatever library multiplies.
    """
    found = np.empty(len(vectors))
    directions = queries.astype(np.float64).T
    for part in blocks(len(vectors), vectors.shape[1]):
        found[part] = (vectors[part].astype(np.float64) @ directions).max(axis=1).astype(np.float32)
    return found


class Spread:
    """Diversity beside other strategies: the distance to the nearest that is chosen, as a share of the largest such
    distance when there were the first ones; while nothing is chosen, the nearness to the mean of the candidates.

    Figures are known within bounds, which are quick, and exactly for a few.
    """

    def __init__(self, strength: float, vectors: np.ndarray, rows: np.ndarray, nearest: Nearest) -> None:
        self.strength = strength
        self._nearest = nearest
        self._open = rows
        self._largest: float | None = None
        self._away = _away_from_mean(vectors, self._open) if not len(nearest) else None

    def bounds(self, rows: np.ndarray, alone: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return float64 (r,), twice: what the figure of each row is at the least and at the most."""
        if not len(self._nearest):
            figure = self.exact(rows, alone)
            return figure, figure
        rough, slack = self._nearest.rough()[rows].astype(np.float64), self._nearest.slack
        scale = self._scale(alone)
        return np.sqrt(np.maximum(rough - slack, 0)) * scale, np.sqrt(np.maximum(rough + slack, 0)) * scale

    def exact(self, rows: np.ndarray, alone: bool) -> np.ndarray:
        """Return float64 (r,): the figure; unscaled when it is the only gain."""
        if not len(self._nearest):
            assert self._away is not None
            away, least, most = self._away[rows], self._away[self._open].min(), self._away[self._open].max()
            if alone:
                return -away
            return np.zeros(len(rows)) if most == least else (most - away) / (most - least)
        return np.sqrt(self._nearest.exact(rows)) * self._scale(alone)

    def _scale(self, alone: bool) -> float:
        if self._largest is None:
            rough, slack = self._nearest.rough()[self._open], self._nearest.slack
            farthest = self._open[rough + 2 * slack >= rough.max(initial=0.0)]
            self._largest = float(np.sqrt(self._nearest.exact(farthest).max(initial=0.0)))
        if alone:
            return 1.0
        return 1 / self._largest if self._largest > 0 else 0.0


def _away_from_mean(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return float64 (n,) distances of some rows, ascending, to their mean; NaN elsewhere."""
    mean, away = mean_of(vectors, rows), np.full(len(vectors), np.nan)
    for part in blocks(len(rows), vectors.shape[1]):
        away[rows[part]] = np.sqrt(squared(vectors[rows[part]], mean))
    return away


def _vectors(candidates: Candidates) -> np.ndarray:
    assert candidates.vectors is not None  # The recipe says that it reads them.
    return candidates.vectors
