"""The sequences that a recipe considers: runs of frames within one clip or along one track, with a vector each.

Here: the recipe's SQL condition, cutting clips and tracks into sequences, and joining vectors to them. Not here: which
are chosen (``strategies``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from rushes.errors import SettingsError
from rushes.selection.recipe import Recipe
from rushes.store.rejects import Reason, Reject
from rushes.video.sampling import frames_at


@dataclass(frozen=True)
class Candidate:
    """A sequence that could be chosen. ``vector`` float32 (d,) of length 1; None when it has none that is usable."""

    sequence_id: str
    video_id: str
    clip_id: str
    track_id: str | None
    class_name: str | None
    weighted_score: float | None
    frames: np.ndarray
    vector: np.ndarray | None


@dataclass(frozen=True)
class Considered:
    """All candidates, by id, and how many items were left at each step of the way."""

    candidates: list[Candidate]
    funnel: list[tuple[str, int]]
    rejects: list[Reject]


def consider(connection: duckdb.DuckDBPyConnection, recipe: Recipe, batches: Sequence[str]) -> Considered:
    """Make a recipe's candidates out of these batches. Raises ``SettingsError`` when ``where`` is no SQL that runs.

    Tracks that are not kept are left out, unless ``where`` speaks of ``track_kept`` and so decides for itself.
    """
    noun = "tracks" if recipe.unit == "track" else "clips"
    everything = _items(connection, recipe, batches, kept=False, where=None)
    kept = _items(connection, recipe, batches, kept=True, where=None)
    wanted = _items(connection, recipe, batches, kept=True, where=recipe.where) if recipe.where else kept
    sequences = list(_sequences(connection, recipe, wanted))
    vectors = Vectors(connection, of_tracks=recipe.unit == "track")
    candidates, rejects = [], []
    for item, frames in sequences:
        candidate, reject = _candidate(item, frames, vectors)
        candidates.append(candidate)
        if reject is not None and recipe.strategy == "diversity":
            rejects.append(reject)
    if recipe.strategy == "diversity":
        _check_one_model(connection, recipe, batches)
        candidates = [c for c in candidates if c.vector is not None]
    candidates.sort(key=lambda c: c.sequence_id)
    funnel = [
        (f"{noun} in the store", len(everything)),
        ("kept tracks of kept clips" if noun == "tracks" else "kept clips", len(kept)),
        (f"{noun} after where", len(wanted)),
        ("sequences", len(sequences)),
        ("candidates", len(candidates)),
    ]
    return Considered(candidates, funnel, rejects)


def _check_one_model(connection: duckdb.DuckDBPyConnection, recipe: Recipe, batches: Sequence[str]) -> None:
    """Raise ``SettingsError`` when the recipe would compare vectors of different models."""
    query = "SELECT DISTINCT model FROM embeddings WHERE list_contains(?, batch) ORDER BY model"
    models = connection.execute(query, [list(batches)]).fetchall()
    if len(models) > 1:
        names = ", ".join(model for (model,) in models)
        raise SettingsError(f"recipe {recipe.name}: vectors of {names} do not compare: name collections of one model")


def _items(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, batches: Sequence[str], kept: bool, where: str | None
) -> list[dict[str, Any]]:
    view = "track_candidates" if recipe.unit == "track" else "clip_candidates"
    conditions = ["list_contains(?, batch)"]
    conditions += ["kept"] if kept else []
    conditions += ["track_kept"] if kept and recipe.unit == "track" and not _decides_on_tracks(where) else []
    conditions += [f"({where})"] if where else []
    key = "track_id" if recipe.unit == "track" else "clip_id"
    query = f"SELECT * FROM {view} WHERE {' AND '.join(conditions)} ORDER BY {key}"
    try:
        return connection.execute(query, [list(batches)]).to_arrow_table().to_pylist()
    except duckdb.Error as error:
        raise SettingsError(f"recipe {recipe.name}: where: {str(error).splitlines()[0]}") from None


def _decides_on_tracks(where: str | None) -> bool:
    return where is not None and re.search(r"\btrack_kept\b", where, re.IGNORECASE) is not None


def _sequences(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, items: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Yield (item, frame numbers) of each sequence; frames left over at an item's end are dropped."""
    times: dict[str, np.ndarray] = {}
    for item in items:
        start, end, video = item["start_frame"], item["end_frame"], item["video_id"]
        frames = np.arange(start, end)
        if recipe.fps is not None:
            if video not in times:
                times = {video: _times(connection, video)}  # items come by video: one is enough to keep
            frames = frames_at(times[video], start, end, recipe.fps)
        length = recipe.length or len(frames)
        for at in range(0, len(frames) - length + 1, length):
            yield item, frames[at : at + length]


def _times(connection: duckdb.DuckDBPyConnection, video_id: str) -> np.ndarray:
    (base,) = connection.execute("SELECT time_base FROM videos WHERE video_id = ?", [video_id]).fetchall()[0]
    numerator, _, denominator = base.partition("/")
    pts = connection.execute("SELECT pts FROM packets WHERE video_id = ? ORDER BY frame", [video_id]).fetchnumpy()
    times: np.ndarray = pts["pts"] * int(numerator) / int(denominator or 1)
    return times


def _candidate(item: dict[str, Any], frames: np.ndarray, vectors: Vectors) -> tuple[Candidate, Reject | None]:
    track = item.get("track_id")
    sequence_id = f"{track or item['clip_id']}.s{frames[0]:06d}"
    vector, reason = vectors.mean(item["clip_id"], track, frames)
    candidate = Candidate(
        sequence_id,
        item["video_id"],
        item["clip_id"],
        track,
        item.get("class_name"),
        item.get("weighted_score"),
        frames,
        vector,
    )
    if reason is None:
        return candidate, None
    words = "no vector near its frames" if reason is Reason.NO_EMBEDDING else "its mean vector is zero or not finite"
    return candidate, Reject("sequence", sequence_id, "select", reason, words)


class Vectors:
    """Vectors of whole frames, or of tracks' crops, loaded a clip at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, of_tracks: bool) -> None:
        self._connection = connection
        self._of_tracks = of_tracks
        self.model = ""
        """The model of the vectors last asked for."""
        self._clip: str | None = None
        self._loaded: dict[str | None, tuple[np.ndarray, np.ndarray]] = {}

    def mean(self, clip: str, track: str | None, frames: np.ndarray) -> tuple[np.ndarray | None, Reason | None]:
        """Return the normalised mean of the vectors within a sequence, or of the one nearest to it."""
        if clip != self._clip:
            self._clip, self._loaded = clip, self._load(clip)
        numbers, vectors = self._loaded.get(track, (np.empty(0, np.int64), np.empty((0, 0), np.float32)))
        if not len(numbers):
            return None, Reason.NO_EMBEDDING
        inside = (numbers >= frames[0]) & (numbers <= frames[-1])
        if not inside.any():
            middle = (frames[0] + frames[-1]) / 2
            inside = np.arange(len(numbers)) == np.abs(numbers - middle).argmin()
        mean = vectors[inside].mean(axis=0)
        length = float(np.linalg.norm(mean))
        if not np.isfinite(length) or length == 0:
            return None, Reason.BAD_EMBEDDING
        return (mean / length).astype(np.float32), None

    def _load(self, clip: str) -> dict[str | None, tuple[np.ndarray, np.ndarray]]:
        which = "IS NOT NULL" if self._of_tracks else "IS NULL"
        rows = self._connection.execute(
            f"SELECT track_id, frame, vector, model FROM embeddings WHERE clip_id = ? AND track_id {which} "
            "ORDER BY track_id, frame",
            [clip],
        ).fetchall()
        self.model = rows[0][3] if rows else self.model
        grouped: dict[str | None, list[tuple[int, bytes]]] = {}
        for track, frame, vector, _ in rows:
            grouped.setdefault(track, []).append((frame, vector))
        return {
            track: (
                np.array([frame for frame, _ in found]),
                np.stack([_unit(np.frombuffer(vector, "<f2").astype(np.float32)) for _, vector in found]),
            )
            for track, found in grouped.items()
        }


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if 0 < length < np.inf else vector
