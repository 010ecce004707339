"""Choosing until all that is chosen can be decoded and nothing in it is there twice.

Which sequences show the very same, and which cannot be decoded, is asked of what is chosen alone, for all would take
long. Here: what of it has to go, so that selections still nest. Not here: the order of choice (``choose``), decoding
(``unreadable``), and what was dropped before (``consider``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import duckdb
import numpy as np

from rushes.selection.candidates.duplicates import digests, repeated
from rushes.selection.candidates.embedded import Embedded
from rushes.selection.choice import Candidates, Choice
from rushes.selection.choosing.choose import choose
from rushes.selection.choosing.queries import query_vectors
from rushes.selection.recipes.options import Diversity, MinRedundancy, Similarity, Typicality
from rushes.selection.recipes.query_pictures import picture
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.unreadable import unreadable
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject

_Progress = Callable[[int, int], None]


class Choosing:
    """Choosing until all that is chosen can be decoded and nothing in it is there twice."""

    def __init__(
        self,
        objects: Objects,
        connection: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        candidates: Candidates,
        workers: int | None,
        progress: _Progress,
    ) -> None:
        self._objects, self._connection = objects, connection
        self._recipe, self._candidates = recipe, candidates
        self._workers, self._progress = workers, progress
        self._damaged: dict[int, str | None] = {}
        self._shown: dict[int, bytes] = {}
        self._compared: set[int] = set()

    def choices(self, count: int | None) -> tuple[list[Choice], list[Reject]]:
        """Return up to ``count`` choices beside pooled ones, and what had to be left out.

        What was chosen before the first that is left out stays as it is, so that selections nest.
        """
        queries = self._queries()
        usable = ~self._candidates.pooled
        chosen: list[Choice] = []
        rejects: list[Reject] = []
        while True:
            left = None if count is None else count - len(chosen)
            candidates = self._candidates.with_pooled([choice.at for choice in chosen])
            more = choose(self._connection, self._recipe, candidates, usable, queries, count=left)
            found = self._faults([choice.at for choice in (*chosen, *more)])
            faults = {at: (reason, detail) for at, reason, detail in found}
            if not faults:
                return chosen + more, rejects
            chosen += more[: next(rank for rank, choice in enumerate(more) if choice.at in faults)]
            usable[list(faults)] = False
            rejects += [
                Reject("sequence", self._candidates.row(at)["sequence_id"], "select", reason, detail)
                for at, (reason, detail) in faults.items()
            ]

    def _queries(self) -> dict[int, np.ndarray]:
        """Return the query vectors of each strategy that compares with some, by its place in the recipe."""
        vectors = self._candidates.vectors
        asked = {n: s for n, s in enumerate(self._recipe.strategies) if isinstance(s, Similarity)}
        if not asked or vectors is None or not len(vectors):
            return {}
        model = Embedded(self._connection, self._candidates.rows, np.array([0])).model  # all have the same
        read = partial(picture, self._objects, self._recipe)
        return {
            place: _as_wide(query_vectors(self._connection, similarity, model, read), vectors.shape[1])
            for place, similarity in asked.items()
        }

    def _faults(self, places: Sequence[int]) -> Iterator[tuple[int, Reason, str]]:
        """Yield what may not stay: place, reason and detail; always the first of them. ``places``: in order of choice.

        Behind that one the order may change when choosing goes on, and then what repeats another may not do so any
        more: it goes only when that other stands before, or when nothing but a figure of each makes the order.
        """
        repeats = self._repeats(places)
        damaged = self._undecodable([at for at in places if at not in repeats])
        faults = [at for at in places if at in repeats or at in damaged]
        before = set(places[: places.index(faults[0])] if faults else ()) | set(np.flatnonzero(self._pooled).tolist())
        for at in faults[:1] if self._is_relative(len(before)) else faults:
            if at in damaged:
                yield at, Reason.CORRUPT, damaged[at]
            elif repeats[at] in before or (self._is_by_figure and repeats[at] not in damaged):
                other = self._candidates.row(repeats[at])["sequence_id"]
                yield at, Reason.DUPLICATE, f"repeats {other}"

    def _repeats(self, places: Sequence[int]) -> dict[int, int]:
        """Return which of these show the very same as a pooled or an earlier one; none where that was asked before."""
        if self._recipe.reads_vectors or self._recipe.exact_duplicates == "keep":
            return {}
        every = [*np.flatnonzero(self._pooled).tolist(), *places]
        fresh = [at for at in every if at not in self._compared]
        self._shown |= digests(self._connection, self._candidates.rows, np.array(fresh, np.int64))
        self._compared.update(fresh)
        repeats = repeated(self._shown, every)
        return {at: repeats[at] for at in places if at in repeats}

    def _undecodable(self, places: Sequence[int]) -> dict[int, str]:
        """Return why some of these cannot be decoded; none where the recipe does not ask."""
        fresh = [at for at in places if at not in self._damaged]
        if self._recipe.check_frames and fresh:
            found = unreadable(self._connection, self._objects, self._candidates, fresh, self._workers, self._progress)
            self._damaged |= {at: found.get(at) for at in fresh}
        return {at: why for at in places if (why := self._damaged.get(at)) is not None}

    @property
    def _pooled(self) -> np.ndarray:
        return self._candidates.pooled

    @property
    def _is_by_figure(self) -> bool:
        """Whether what goes leaves the others in their order, whatever it is."""
        turns = any(strategy.role == "turn" for strategy in self._recipe.strategies)
        return not turns and not self._recipe.has_rules

    def _is_relative(self, before: int) -> bool:
        """Whether figures depend on which candidates there are, ``before`` of them being chosen."""
        kinds = self._recipe.strategies
        gains = [strategy for strategy in kinds if strategy.role == "gain"]
        spread = not before and any(isinstance(strategy, Diversity) for strategy in kinds)
        return spread or len(gains) > 1 or any(isinstance(s, Typicality | MinRedundancy) for s in kinds)


def _as_wide(queries: np.ndarray, width: int) -> np.ndarray:
    """Return the queries as wide as the candidates' vectors, which may be those of several frames side by side."""
    times = width // queries.shape[1]
    return (np.tile(queries, times) / np.sqrt(times)).astype(np.float32)
