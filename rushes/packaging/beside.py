"""What goes with a video's chosen sequences beside their frames, gathered from the store for formats that ask for it.

Here: which frames other rates need, vectors in time, labels of people. Not here: pixels and boxes (``sequences``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from rushes.packaging.chosen import Chosen, candidate_rows
from rushes.packaging.labels import Labels, Told, told_spans
from rushes.packaging.packed_beside import (
    Beside,
    ImagesAtRate,
    LabelledSpan,
    ToldFrame,
    VectorsInTime,
    resampled,
    seconds_to_us,
)
from rushes.selection.candidates.embedded import Embedded
from rushes.selection.recipes.recipe import Recipe

# Formats that have room for it begin so.
_FAMILY = "mediasequence"


@dataclass(frozen=True)
class _AtRate:
    """A rate's times, and the frame that is shown at each."""

    fps: float
    times_us: np.ndarray
    frames: np.ndarray


def wanted(recipe: Recipe) -> bool:
    """Tell whether any of the recipe's formats has room for more than a sequence's frames."""
    return any(name.startswith(_FAMILY) for name in recipe.formats)


class Gathered:
    """All that for the sequences of one video. ``times_s``: float64 times of all its frames; ``step``: the seconds
    that a sequence's last frame is shown."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        chosen: Sequence[Chosen],
        labels: Labels | None,
        times_s: np.ndarray,
        step: float,
    ) -> None:
        self._told = None if labels is None else told_spans(connection, chosen[0].video_id, labels, float(times_s[0]))
        self._vectors = _vectors(connection, chosen, times_s)
        self._rates = [[_at_rate(one, fps, times_s, step) for fps in recipe.mediasequence.fps] for one in chosen]

    @property
    def frames(self) -> set[int]:
        """The frames that other rates show."""
        return {int(frame) for rates in self._rates for rate in rates for frame in rate.frames}

    def of(self, at: int, chosen: Chosen, jpegs: Mapping[int, bytes], told: tuple[ToldFrame, ...]) -> Beside:
        """Return what goes with a sequence, the one of this place among the video's."""
        rates = [
            ImagesAtRate(rate.fps, rate.times_us, tuple(jpegs[int(frame)] for frame in rate.frames))
            for rate in self._rates[at]
            if len(rate.frames)
        ]
        spans = None if self._told is None else _spans(self._told, chosen)
        return Beside(told, tuple(rates), self._vectors.get(at), spans)


def _at_rate(chosen: Chosen, fps: float, times_s: np.ndarray, step: float) -> _AtRate:
    """Return what a rate shows of a sequence: frames from its first to its last, those between its own as well."""
    first, last = chosen.frames[0], chosen.frames[-1]
    times = np.round(times_s[first : last + 1] * 1e6).astype(np.int64)
    end = seconds_to_us(float(chosen.shown_s(times_s, step)[-1]) + step)
    grid, shown = resampled(times, end, fps)
    return _AtRate(fps, grid, first + shown)


def _spans(told: Sequence[Told], chosen: Chosen) -> tuple[LabelledSpan, ...]:
    """Return the labels of the time from a sequence's first frame to its last."""
    first, last = chosen.frames[0], chosen.frames[-1]
    return tuple(one.span for one in told if one.start_frame <= last and one.end_frame > first)


def _vectors(
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[Chosen], times_s: np.ndarray
) -> dict[int, VectorsInTime]:
    """Return the vectors that lie within each sequence, by its place; those that are not finite are left out."""
    found: dict[int, VectorsInTime] = {}
    for part in Embedded(connection, candidate_rows(chosen), np.arange(len(chosen))):
        for place, low, high in zip(part.places.tolist(), part.low.tolist(), part.high.tolist(), strict=True):
            vectors = part.raw[low:high].astype(np.float32)
            sound = np.isfinite(vectors).all(axis=1)
            if sound.any():
                found[place] = VectorsInTime(times_s[part.frames[low:high][sound]], vectors[sound])
    return found
