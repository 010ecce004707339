"""The strategies: each puts candidates in the order in which they would be chosen, best first.

Because a strategy gives one order, selections nest: the first n of a larger selection are the smaller one. The simple
ones are SQL (``sql/curation``), the geometric ones stand here. Not here: how many are taken (``select``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.candidates import Candidate
from rushes.selection.recipe import Recipe


@dataclass(frozen=True)
class Choice:
    """A candidate's place in the order: its position in the list given, a figure, and that figure in words."""

    at: int
    score: float | None
    why: str


def order(recipe: Recipe, candidates: Sequence[Candidate]) -> list[Choice]:
    """Return the recipe's order of choice over candidates sorted by id; ``limit`` of them at most."""
    if not candidates:
        return []
    if recipe.strategy == "diversity":
        vectors = np.stack([c.vector for c in candidates if c.vector is not None])
        return k_center(vectors, recipe.limit or len(candidates), recipe.min_distance)
    return _by_sql(recipe, candidates)[: recipe.limit]


def k_center(vectors: np.ndarray, count: int, min_distance: float | None = None) -> list[Choice]:
    """Greedy k-center (Gonzalez, 1985): each next choice is the one farthest from all chosen before.

    ``vectors``: float32 (n, d) of length 1; distances are Euclidean, 0 to 2. The first choice is the one nearest to
    the mean. Stops when the farthest is nearer than ``min_distance``. Ties go to the first of the list.
    """
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    first = int(np.argmin(((vectors - mean) ** 2).sum(axis=1)))
    chosen = [Choice(first, None, "nearest to the mean of all candidates")]
    distance = _distances(vectors, first)
    while len(chosen) < min(count, len(vectors)):
        distance[chosen[-1].at] = -1.0
        at = int(np.argmax(distance))
        if min_distance is not None and distance[at] < min_distance:
            break
        chosen.append(Choice(at, float(distance[at]), f"{distance[at]:.4f} from the nearest chosen before"))
        np.minimum(distance, _distances(vectors, at), out=distance)
    return chosen


def _distances(vectors: np.ndarray, at: int) -> np.ndarray:
    """Return float32 (n,) Euclidean distances of unit vectors to one of them."""
    return np.sqrt(np.maximum(0.0, 2.0 - 2.0 * (vectors @ vectors[at])))


def _by_sql(recipe: Recipe, candidates: Sequence[Candidate]) -> list[Choice]:
    """Run ``sql/curation/<strategy>.sql`` over the candidates; it returns (candidate, score, why) in order."""
    table = pa.table(
        {
            "candidate": pa.array(range(len(candidates)), pa.int64()),
            "sequence_id": [c.sequence_id for c in candidates],
            "video_id": [c.video_id for c in candidates],
            "class_name": pa.array([c.class_name for c in candidates], pa.string()),
            "weighted_score": pa.array([c.weighted_score for c in candidates], pa.float64()),
        }
    )
    query = (resources.files("sql") / "curation" / f"{recipe.strategy}.sql").read_text()
    given = {"seed": str(recipe.seed), "per_video": recipe.per_video, "per_class": recipe.per_class}
    with duckdb.connect() as connection:
        connection.register("candidates", table)
        used = {name: value for name, value in given.items() if f"${name}" in query}
        return [Choice(*row) for row in connection.execute(query, used).fetchall()]
