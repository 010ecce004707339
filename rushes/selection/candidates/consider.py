"""From a recipe to its candidates: the sequences that it may choose, and how many were left at each step.

Here: the order of the steps, and a reject for each sequence that cannot be chosen though the recipe asks for it. Not
here: what each step does (``items``, ``sequences``, ``vectors``, ``duplicates``, ``near``), choosing (``choose``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.selection.candidates import vectors
from rushes.selection.candidates.duplicates import alike, among
from rushes.selection.candidates.earlier import earlier, merged
from rushes.selection.candidates.items import items
from rushes.selection.candidates.sequences import cut
from rushes.selection.choice import Candidates
from rushes.selection.choosing import curation
from rushes.selection.geometry.near import near_duplicates
from rushes.selection.recipes.options import ClassBalanced, MaxMotion, Threshold, Weights
from rushes.selection.recipes.recipe import Recipe
from rushes.store.rejects import Reason, Reject


@dataclass(frozen=True)
class Considered:
    """All candidates, how many were left at each step of the way (pooled ones not counted), and what was dropped."""

    candidates: Candidates
    funnel: list[tuple[str, int]]
    rejects: list[Reject]


def consider(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    batches: Sequence[str],
    pool: Sequence[Mapping[str, Any]] = (),
) -> Considered:
    """Make a recipe's candidates out of these batches. Raises ``SettingsError`` when ``where`` is no SQL that runs.

    ``pool``: rows of ``selections`` of earlier selections, which stand among the candidates as pooled ones and are
    dropped only when their clip or track is gone, or when vectors are compared and theirs cannot be.
    """
    found = items(connection, recipe, batches)
    rows, rejects = cut(connection, recipe, found.rows)
    funnel = [*found.funnel, ("sequences", len(rows))]
    if pool:
        pooled, gone = earlier(connection, recipe, pool)
        rows = merged(rows, pooled) if pooled else rows
        rejects += gone
    left = _Left(connection, recipe, rows, funnel, rejects)
    if pool:
        left.count("not chosen before")
    left.drop_corrupt(batches)
    if recipe.reads_vectors:
        left.load()
        if recipe.exact_duplicates == "drop":
            left.drop_exact_duplicates()
        if recipe.near_duplicates is not None:
            left.drop_near_duplicates(recipe.near_duplicates)
    left.keep_gates()
    left.count("candidates")
    if left.vectors is not None:
        left.vectors.flags.writeable = False
    return Considered(Candidates(left.rows, left.vectors), left.funnel, left.rejects)


class _Left:
    """The rows, and their vectors, that are left so far."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        rows: pa.Table,
        funnel: list[tuple[str, int]],
        rejects: list[Reject],
    ) -> None:
        self._connection, self._recipe = connection, recipe
        self.rows, self.funnel, self.rejects = rows, funnel, rejects
        self.vectors: np.ndarray | None = None
        self._own = np.empty(0, bool)

    @property
    def _pooled(self) -> np.ndarray:
        return np.asarray(self.rows.column("pooled").to_numpy(), bool)

    def count(self, step: str) -> None:
        """Note how many are left to choose."""
        self.funnel.append((step, int((~self._pooled).sum())))

    def drop_corrupt(self, batches: Sequence[str]) -> None:
        """Drop sequences of videos that could not be read when they were looked at after they were taken in."""
        query = """
            SELECT item_id, min(asset || ': ' || reason) FROM rejects
            WHERE item_kind = 'video' AND asset IN ('filtered_clips', 'tracks', 'embeddings')
                AND list_contains(?, "partition")
            GROUP BY item_id ORDER BY item_id"""
        video = self.rows.column("video_id").cast(pa.string())
        gone = np.zeros(len(self.rows), bool)
        for name, words in self._connection.execute(query, [list(batches)]).fetchall():
            bad = pc.equal(video, name).to_numpy() & ~self._pooled
            self._note(bad, Reason.CORRUPT, f"its video was rejected by {words}")
            gone |= bad
        self._drop(gone)
        self.count("readable")

    def load(self) -> None:
        """Load the vectors, and drop sequences that have none that can be compared."""
        loaded = vectors.load(self._connection, self._recipe, self.rows, np.arange(len(self.rows)))
        self.vectors, self._own = loaded.vectors, loaded.own
        for kind, words in vectors.WORDS.items():
            self._note(np.array([reason is kind for reason in loaded.reason], bool), kind, words)
        self._drop(np.array([reason is not None for reason in loaded.reason], bool))
        self.count("with usable vectors")

    def drop_exact_duplicates(self) -> None:
        """Drop what shows the very same as a pooled sequence or an earlier one."""
        assert self.vectors is not None
        maybe = alike(self.vectors, self._pooled_first(np.flatnonzero(self._own)))
        repeats = among(self._connection, self.rows, maybe)
        self._drop_repeats("not exact duplicates", repeats, Reason.DUPLICATE, "repeats")

    def drop_near_duplicates(self, threshold: float) -> None:
        """Drop what is nearly the same as a pooled sequence or an earlier one."""
        assert self.vectors is not None
        order, given = np.arange(len(self.rows)), self.vectors
        if self._pooled.any():
            order = self._pooled_first(order)
            given = vectors.taken(given, order)
        found = near_duplicates(given, threshold)
        repeats = {int(order[n]): int(order[found[n]]) for n in np.flatnonzero(found >= 0)}
        self._drop_repeats("not near duplicates", repeats, Reason.NEAR_DUPLICATE, "is nearly")

    def keep_gates(self) -> None:
        """Keep what passes the thresholds and has the figures and the class that strategies ask for."""
        kinds = self._recipe.strategies
        thresholds = [s for s in kinds if isinstance(s, Threshold)]
        if thresholds:
            self._drop(~curation.within(self.rows, thresholds) & ~self._pooled)
            self.count("within thresholds")
        asked = [s.column if isinstance(s, Weights) else "motion" for s in kinds if isinstance(s, Weights | MaxMotion)]
        for column in dict.fromkeys(asked):
            none = ~np.isfinite(self.rows.column(column).cast(pa.float64()).to_numpy()) & ~self._pooled
            self._note(none, Reason.NO_FIGURE, f"it has no {column}")
            self._drop(none)
            self.count(f"with {column}")
        if any(isinstance(s, ClassBalanced) for s in kinds):
            without = self.rows.column("class_name").is_null().to_numpy() & ~self._pooled
            self._drop(without)
            self.count("with a class")

    def _pooled_first(self, at: np.ndarray) -> np.ndarray:
        return at[np.argsort(~self._pooled[at], kind="stable")]

    def _drop_repeats(self, step: str, repeats: Mapping[int, int], reason: Reason, words: str) -> None:
        """Drop, save pooled ones, what repeats another; the places are those of the rows."""
        ids, pooled = self.rows.column("sequence_id"), self._pooled
        gone = np.zeros(len(self.rows), bool)
        for place in sorted(repeats):
            if not pooled[place]:
                gone[place] = True
                it, other = ids[place].as_py(), ids[repeats[place]].as_py()
                self.rejects.append(Reject("sequence", it, "select", reason, f"{words} {other}"))
        self._drop(gone)
        self.count(step)

    def _note(self, bad: np.ndarray, reason: Reason, words: str) -> None:
        ids = self.rows.column("sequence_id").filter(pa.array(bad)).to_pylist()
        self.rejects += [Reject("sequence", sequence_id, "select", reason, words) for sequence_id in ids]

    def _drop(self, gone: np.ndarray) -> None:
        if not gone.any():
            return
        keep = np.flatnonzero(~gone)
        self.rows = self.rows.take(pa.array(keep)).combine_chunks()
        if self.vectors is not None:
            self.vectors, self._own = vectors.compacted(self.vectors, keep), self._own[keep]
