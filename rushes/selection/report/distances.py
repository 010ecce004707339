"""How far candidates and chosen ones are from each other, and what each chosen one kept out.

Distances are Euclidean, of vectors of length 1: 0 to 2. Here: measuring. Not here: drawing (``drawing``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rushes.selection.choice import Candidates
from rushes.selection.report.sample import Looked, Part, unit

_BINS = 40
_BLOCK = 4096
# So many of the nearest in single precision are measured again, that equal ones are told apart by their order alone.
_CLOSE = 8
# Chosen ones that the radius is taken over, at most.
_COVERING = 20_000


@dataclass(frozen=True)
class Histogram:
    """Counts int64 (b,) between ``edges`` float64 (b + 1,): among candidates, and among the chosen."""

    edges: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Distances:
    """``pairs`` counts all pairs, ``nearest`` each one's nearest neighbour.

    ``radius`` is the largest distance from a candidate to the nearest of ``covering`` chosen ones, ``least`` the least
    between two chosen ones; None where there is no such pair.
    """

    pairs: Histogram
    nearest: Histogram
    radius: float | None
    covering: int
    least: float | None


def measure(looked: Looked, candidates: Candidates, chosen: np.ndarray) -> Distances:
    """Measure what the figures look at. The radius is over all ``chosen`` (places int64) where vectors are at hand."""
    (all_pairs, all_nearest), (pairs, nearest) = (_among(part.vectors) for part in (looked.everyone, looked.chosen))
    blocks, covering = [looked.chosen.vectors], len(looked.chosen)
    if candidates.vectors is not None and len(chosen) <= _COVERING:
        parts = [candidates.vectors[chosen[at : at + _BLOCK]] for at in range(0, len(chosen), _BLOCK)]
        blocks, covering = [unit(part)[0] for part in parts], len(chosen)
    reach = [_apart(looked.everyone.vectors, block).min(axis=1) for block in blocks if len(block)]
    return Distances(
        _histogram(all_pairs, pairs),
        _histogram(all_nearest, nearest),
        float(np.minimum.reduce(reach).max()) if reach and len(looked.everyone) else None,
        covering,
        float(pairs.min()) if len(pairs) else None,
    )


def nearest_left(candidates: Candidates, sample: Part, left: np.ndarray, asked: Part) -> list[tuple[int, float] | None]:
    """Return the place and distance of the nearest candidate that was left, for each of a few candidates.

    ``left``: bool (n,). All candidates are compared where choosing had their vectors, else those of the sample. Ties go
    to the first by id; None where nothing that compares was left.
    """
    best: list[tuple[float, int] | None] = [None] * len(asked)
    wanted = asked.vectors.astype(np.float32)
    for at, vectors in _blocks(candidates, sample, left):
        likeness = np.nan_to_num(wanted @ np.asarray(vectors, np.float32).T, nan=-2.0)
        count = min(_CLOSE, len(at))
        for row, near in enumerate(np.argpartition(-likeness, count - 1, axis=1)[:, :count]):
            exact, usable = unit(vectors[near])
            apart = np.linalg.norm(exact - asked.vectors[row], axis=1)
            before = best[row]
            found = [*zip(apart.tolist(), at[near][usable].tolist(), strict=True), *([before] if before else [])]
            best[row] = min(found) if found else None
    return [(found[1], found[0]) if found else None for found in best]


def _blocks(candidates: Candidates, sample: Part, left: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield places that were left, and their vectors (m, d)."""
    vectors = candidates.vectors
    at = np.flatnonzero(left) if vectors is not None else sample.at[left[sample.at]]
    for start in range(0, len(at), _BLOCK):
        block = at[start : start + _BLOCK]
        yield block, sample.vectors[np.searchsorted(sample.at, block)] if vectors is None else vectors[block]


def _among(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of all pairs, and those to each one's nearest neighbour."""
    if len(vectors) < 2:
        return np.empty(0), np.empty(0)
    apart = _apart(vectors, vectors)
    pairs = apart[np.triu_indices(len(apart), 1)]
    np.fill_diagonal(apart, np.inf)
    return pairs, apart.min(axis=1)


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(0.0, 2.0 - 2.0 * (a @ b.T)))


def _histogram(before: np.ndarray, after: np.ndarray) -> Histogram:
    widest = max((float(some.max()) for some in (before, after) if len(some)), default=0.0)
    edges = np.linspace(0.0, max(0.05, np.ceil(widest * 20) / 20), _BINS + 1)
    return Histogram(edges, np.histogram(before, edges)[0], np.histogram(after, edges)[0])
