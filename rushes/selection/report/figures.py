"""The figures of a report as numbers: distances, and where everything lies on a map.

Here: gathering them once for the page and for its picture. Not here: how each is measured (``distances``, ``places``),
and drawing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.candidates.embedded import Embedded
from rushes.selection.choice import Candidates, Choice
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.report.distances import Distances, measure
from rushes.selection.report.places import principal_axes, umap_is_there, umap_places
from rushes.selection.report.sample import Looked, look, unit

COLOURS = 10
"""Videos with a colour of their own; all others have this number."""

_FRAMES_OF = 40
_LEAST_FOR_UMAP = 8


@dataclass(frozen=True)
class Layout:
    """Places float64 (·, 2) of all candidates looked at, of the chosen by rank, and of the first ranks' own frames."""

    everyone: np.ndarray
    chosen: np.ndarray
    frames: list[np.ndarray]


@dataclass(frozen=True)
class Figures:
    """What the page and its picture draw. ``ranks`` and ``chosen_colours`` are of the chosen ones in the layouts.

    ``legend`` names the videos that have a colour of their own, by its number. Without vectors ``looked.missing`` says
    why, and there are no layouts.
    """

    looked: Looked
    legend: list[str]
    distances: Distances | None = None
    colours: Sequence[int] = ()
    chosen_colours: Sequence[int] = ()
    ranks: Sequence[int] = ()
    pca: Layout | None = None
    explained: tuple[float, float] = (0.0, 0.0)
    umap: Layout | None = None


def figures(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, choices: list[Choice]
) -> Figures:
    """Measure a selection."""
    looked = look(connection, recipe, candidates, choices)
    videos = candidates.rows.column("video_id")
    legend = _legend(videos, [choice.at for choice in choices], looked.everyone.at)
    if looked.missing is not None:
        return Figures(looked, legend)
    rank_of = {choice.at: rank for rank, choice in enumerate(choices)}
    order = np.argsort([rank_of[at] for at in looked.chosen.at.tolist()], kind="stable")
    at, vectors = looked.chosen.at[order], looked.chosen.vectors[order]
    ranks = [rank_of[place] for place in at.tolist()]
    frames = _own_frames(connection, recipe, candidates, at[: sum(rank < _FRAMES_OF for rank in ranks)])
    frames = [some if some.shape[1] == vectors.shape[1] else some[:0].reshape(0, vectors.shape[1]) for some in frames]
    axes = principal_axes(looked.everyone.vectors)
    umap = None
    if umap_is_there() and len(looked.everyone) >= _LEAST_FOR_UMAP:
        umap = _split(
            umap_places(np.concatenate([looked.everyone.vectors, vectors, *frames]), recipe.seed), looked, frames
        )
    return Figures(
        looked,
        legend,
        measure(looked, candidates, np.unique(np.array([choice.at for choice in choices], np.int64))),
        _colours(videos, looked.everyone.at, legend),
        _colours(videos, at, legend),
        ranks,
        Layout(axes.places(looked.everyone.vectors), axes.places(vectors), [axes.places(some) for some in frames]),
        axes.explained,
        umap,
    )


def _split(places: np.ndarray, looked: Looked, frames: Sequence[np.ndarray]) -> Layout:
    sizes = [len(looked.everyone), len(looked.chosen), *(len(some) for some in frames)]
    everyone, chosen, *own = np.split(places, np.cumsum(sizes)[:-1])
    return Layout(everyone, chosen, own)


def _legend(videos: pa.ChunkedArray, chosen: Sequence[int], everyone: np.ndarray) -> list[str]:
    """Return the videos that have a colour: those with most chosen, then with most candidates, then by name."""
    taken, there = (Counter(videos.take(pa.array(at, pa.int64())).to_pylist()) for at in (chosen, everyone))
    order: Mapping[str, None] = dict.fromkeys([*taken, *there])
    return sorted(order, key=lambda video: (-taken[video], -there[video], video))[:COLOURS]


def _colours(videos: pa.ChunkedArray, at: np.ndarray, legend: Sequence[str]) -> list[int]:
    numbers = {video: number for number, video in enumerate(legend)}
    return [numbers.get(video, COLOURS) for video in videos.take(pa.array(at, pa.int64())).to_pylist()]


def _own_frames(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, candidates: Candidates, at: np.ndarray
) -> list[np.ndarray]:
    """Return the vectors of each sequence's own frames or crops, float64 (m, d), in their order; m may be 0."""
    own = [np.empty((0, 0))] * len(at)
    if recipe.length == 1:
        return own
    for part in Embedded(connection, candidates.rows, at):
        for place, low, high in zip(part.places, part.low, part.high, strict=True):
            own[place] = unit(part.raw[low:high])[0]
    return own
