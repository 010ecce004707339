"""Which candidates the figures of a report look at, and their vectors: a part that the seed draws, never too many.

Here: drawing the parts, and loading vectors where choosing needed none. Not here: what is measured on them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb
import numpy as np

from rushes.errors import SettingsError
from rushes.selection.candidates.vectors import load
from rushes.selection.choice import Candidates, Choice
from rushes.selection.recipes.recipe import Recipe

# Pairs are counted, so that a page takes seconds and not minutes.
_EVERYONE, _CHOSEN = 2000, 1000


@dataclass(frozen=True)
class Part:
    """Candidates with vectors: places int64 (m,), ascending, and vectors float64 (m, d) of length 1.

    ``of`` is out of how many they were drawn.
    """

    at: np.ndarray
    vectors: np.ndarray
    of: int

    def __len__(self) -> int:
        return len(self.at)

    @property
    def is_all(self) -> bool:
        """Whether it is no sample."""
        return len(self) == self.of


@dataclass(frozen=True)
class Looked:
    """What the figures look at: a part of all candidates, and one of those that were chosen.

    ``missing`` tells why there are no figures; ``lost`` counts drawn candidates that have no usable vector.
    """

    everyone: Part
    chosen: Part
    missing: str | None = None
    lost: int = 0


def look(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, choices: list[Choice]
) -> Looked:
    """Draw what the figures look at: at most 2000 of all candidates, and 1000 of the chosen."""
    chosen = np.unique(np.array([choice.at for choice in choices], np.int64))
    countable = np.union1d(np.flatnonzero(~candidates.pooled), chosen)
    draw = np.random.default_rng(recipe.seed)
    places = [_drawn(draw, countable, _EVERYONE), _drawn(draw, chosen, _CHOSEN)]
    try:
        parts = [_part(connection, recipe, candidates, at) for at in places]
    except SettingsError as error:
        nothing = _part_of(places[0][:0], np.empty((0, 0), np.float32))
        return Looked(nothing, nothing, str(error))
    lost = sum(len(at) - len(part) for at, part in zip(places, parts, strict=True))
    everyone = replace(parts[0], of=len(countable) - len(places[0]) + len(parts[0]))
    few = len(everyone) < 2
    missing = "there are no vectors of the candidates: embeddings are not built, or for other items" if few else None
    if few and len(countable) < 2:
        missing = "there are fewer than two candidates"
    some = parts[1] if len(parts[1]) else replace(parts[1], vectors=everyone.vectors[:0])
    return Looked(everyone, replace(some, of=len(chosen) - len(places[1]) + len(some)), missing, lost)


def vectors_of(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, at: np.ndarray
) -> np.ndarray:
    """Return float32 (m, d) vectors of candidates; a row of zeros for one that has none."""
    if candidates.vectors is not None:
        return np.asarray(candidates.vectors[at], np.float32)
    return np.asarray(load(connection, recipe, candidates.rows, at).vectors, np.float32)


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the usable vectors as float64 of length 1, and which they are (bool).

    In double precision no figure depends on the order in which a product was summed up.
    """
    exact = vectors.astype(np.float64)
    length = np.linalg.norm(exact, axis=1)
    usable = np.isfinite(length) & (length > 0)
    return exact[usable] / length[usable, None], usable


def _drawn(draw: np.random.Generator, places: np.ndarray, count: int) -> np.ndarray:
    return places if len(places) <= count else np.sort(draw.choice(places, count, replace=False))


def _part(connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, at: np.ndarray) -> Part:
    return _part_of(at, vectors_of(connection, recipe, candidates, at) if len(at) else np.empty((0, 0), np.float32))


def _part_of(at: np.ndarray, vectors: np.ndarray) -> Part:
    exact, usable = unit(vectors)
    return Part(at[usable], exact, int(usable.sum()))
