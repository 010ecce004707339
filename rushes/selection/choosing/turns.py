"""Whose turn it is: groups that are chosen from by their weights, as seats are given to parties.

Webster's apportionment (Sainte-Laguë): the n-th of a group of weight w has the key (n − 1/2) / w, and the lowest key is
next. Equal weights are a round robin; other weights are met as nearly as whole numbers can at every length of the
selection. Here: the groups and their keys. Not here: which of a group is taken (``walk``, ``greedy``).
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.choosing.curation import Grouped, grouped
from rushes.selection.recipes.options import Balance, ClassBalanced, Strategy, VideoBalanced
from rushes.selection.recipes.recipe import Recipe


class Turn:
    """The groups of one strategy and how many each has had; ``pooled`` ones count from the start.

    ``group``: int64 (n,), −1 where a candidate has no turn. ``keys``: float64 (g,), what each group's next would have.
    """

    def __init__(self, strategy: Strategy, groups: Grouped, pooled: np.ndarray) -> None:
        self.strategy = strategy
        self.group, self.figure = groups.group, groups.figure
        self._names, self._weight = groups.names, groups.weight
        self._has_shares = isinstance(strategy, Balance)
        self._noun = strategy.column if isinstance(strategy, Balance) else strategy.name.removesuffix("_balanced")
        self._pooled = np.bincount(self.group[pooled & (self.group >= 0)], minlength=len(self._weight))
        self.begin()

    def begin(self) -> None:
        """Begin anew, with only the pooled ones counted."""
        self._had = self._pooled.copy()
        with np.errstate(divide="ignore"):
            self.keys = (self._had + 0.5) / self._weight

    def has_one(self) -> np.ndarray:
        """Return bool (n,): whether a candidate can have a turn at all."""
        return (self.group >= 0) & (np.append(self._weight, 0.0)[self.group] > 0)

    def keys_ahead(self, group: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return float64 (r,): the keys of groups when each will have had ``number`` more than now."""
        keys: np.ndarray = (self._had[group] + number + 0.5) / self._weight[group]
        return keys

    def key(self, group: int) -> float:
        """Return what a group's next would have."""
        return float(self.keys[group])

    def take(self, at: int) -> int:
        """Count a candidate as chosen; return the how-manieth of its group it is, pooled ones counted."""
        group = self.group[at]
        self._had[group] += 1
        self.keys[group] = (self._had[group] + 0.5) / self._weight[group]
        return int(self._had[group])

    def take_all(self, rows: np.ndarray) -> np.ndarray:
        """Count candidates as chosen one after the other; return int64 (r,), what ``take`` would of each."""
        group = self.group[rows]
        numbers: np.ndarray = self._had[group] + numbers_within(group) + 1
        self._had += np.bincount(group, minlength=len(self._had))
        with np.errstate(divide="ignore"):
            self.keys = (self._had + 0.5) / self._weight
        return numbers

    def words(self, at: int, number: int) -> str:
        """Say which group's turn it was, as in "class dog, number 3"."""
        group = self.group[at]
        share = f", share {self._weight[group]:.4g}" if self._has_shares else ""
        return f"{self._noun} {self._names[group]}, number {number}{share}"


def turns(connection: duckdb.DuckDBPyConnection, recipe: Recipe, rows: pa.Table, pooled: np.ndarray) -> list[Turn]:
    """Return the turns of a recipe, in its order."""
    kinds = (VideoBalanced, ClassBalanced, Balance)
    return [
        Turn(s, grouped(connection, rows, s, recipe.seed), pooled) for s in recipe.strategies if isinstance(s, kinds)
    ]


def joint_groups(turns: list[Turn], n: int) -> np.ndarray:
    """Return int64 (n,) group numbers, two candidates having the same one if they have it in every turn."""
    joint = np.zeros(n, np.int64)
    for turn in turns:
        _, joint = np.unique(joint * (len(turn.keys) + 1) + turn.group + 1, return_inverse=True)
    return joint


def numbers_within(group: np.ndarray) -> np.ndarray:
    """Return int64 (n,): how many of the same group, numbered from 0, stand before each."""
    small = group.astype(np.min_scalar_type(int(group.max(initial=0))))  # sorted several times as fast
    order = np.argsort(small, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    numbers = np.empty(len(group), np.int64)
    numbers[order] = np.arange(len(group)) - np.repeat(starts, np.diff(starts, append=len(group)))
    return numbers
