"""From chosen sequences to what the formats are given: frames decoded, redacted and encoded once, boxes on each.

Here: joining pixels, tracks and vectors. Not here: which sequences (``rushes.selection``), and the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from rushes.packaging.classes import Classes
from rushes.packaging.packed import FrameBoxes, PackedSequence
from rushes.privacy.delivery import Delivery
from rushes.selection.candidates.vectors import Loaded, load
from rushes.selection.recipes.recipe import Recipe
from rushes.shots.spans import stretches
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath
from rushes.video.pictures import encode


@dataclass(frozen=True)
class Chosen:
    """A row of ``selections``, as far as packaging goes."""

    sequence_id: str
    video_id: str
    clip_id: str
    track_id: str | None
    frames: Sequence[int]
    split: str


@dataclass(frozen=True)
class _Track:
    """``marks`` are (considered, visibility) of the boxes that were found or given, by frame."""

    number: int
    track_id: str
    class_id: int
    class_name: str
    annotated: bool
    considered: bool
    path: TrackPath
    marks: Mapping[int, tuple[bool, float]]


def packed_sequences(
    objects: Objects, recipe: Recipe, chosen: Sequence[Chosen], classes: Classes
) -> list[PackedSequence]:
    """Return the sequences with their pixels and boxes, in the order given; each video is decoded in one pass."""
    packed: dict[str, PackedSequence] = {}
    with connect(objects) as connection:
        for video_id in sorted({c.video_id for c in chosen}):
            own = sorted((c for c in chosen if c.video_id == video_id), key=lambda c: c.clip_id)
            told = _Told(connection, video_id, classes)
            hide = recipe.privacy == "redact"
            with Delivery(objects, connection, video_id, hide=hide, look=recipe.look) as delivery:
                for sequence in _of_video(recipe, delivery, told, _vectors(connection, recipe, own), own):
                    packed[sequence.sequence_id] = sequence
    return [packed[c.sequence_id] for c in chosen]


class _Told:
    """What the tables say of a video: tracks by clip, and frames of which people told all boxes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, video_id: str, classes: Classes) -> None:
        self._connection, self._classes = connection, classes
        self._tracks: dict[str, list[_Track]] = {}
        query = "SELECT start_frame, end_frame FROM annotation_segments WHERE video_id = ? AND kind = 'annotated'"
        self._annotated = stretches(connection.execute(query, [video_id]).fetchall())

    def tracks(self, clip_id: str) -> list[_Track]:
        """Return a clip's tracks, numbered from 1 in order of their ids."""
        if clip_id not in self._tracks:
            self._tracks[clip_id] = _tracks(self._connection, clip_id, self._classes)
        return self._tracks[clip_id]

    def annotated(self, frame: int, boxes: FrameBoxes) -> bool:
        """Tell whether people told what is in a frame: they gave a box in it, or said that they gave all."""
        given = bool((boxes.annotated & ~boxes.generated).any())
        return given or any(start <= frame < end for start, end in self._annotated)


def _of_video(
    recipe: Recipe, delivery: Delivery, told: _Told, vectors: Loaded, chosen: Sequence[Chosen]
) -> Iterator[PackedSequence]:
    wanted = {frame for c in chosen for frame in c.frames}
    jpegs = {number: encode(picture, recipe.jpeg_quality) for number, picture in delivery.frames(wanted)}
    for at, one in enumerate(chosen):
        vector = vectors.vectors[at] if vectors.reason[at] is None else None
        yield _packed(recipe, delivery, one, jpegs, told, vector, vectors.model)


def _packed(
    recipe: Recipe,
    delivery: Delivery,
    chosen: Chosen,
    jpegs: dict[int, bytes],
    told: _Told,
    vector: np.ndarray | None,
    model: str,
) -> PackedSequence:
    video: dict[str, Any] = delivery.video
    tracks = told.tracks(chosen.clip_id)
    frames = np.array(chosen.frames, np.int32)
    times = delivery.times_s[frames]
    followed = next((t for t in tracks if t.track_id == chosen.track_id), None)
    step = 1.0 / (recipe.fps or video["fps"])
    boxes = tuple(_boxes(tracks, int(n), float(t)) for n, t in zip(frames, times, strict=True))
    n_padded = int(np.count_nonzero(frames == frames[-1])) - 1
    times[len(times) - n_padded :] += step * np.arange(1, n_padded + 1)  # a repeated frame is shown for longer
    return PackedSequence(
        sequence_id=chosen.sequence_id,
        video_id=chosen.video_id,
        clip_id=chosen.clip_id,
        track_id=chosen.track_id,
        split=chosen.split,
        media_id=video["sha256"] or video["etag"] or video["source_uri"],
        source_uri=video["source_uri"],
        width=video["width"],
        height=video["height"],
        frame_rate=recipe.fps or video["fps"],
        frames=frames,
        times_s=times,
        start_s=float(times[0]),
        end_s=float(times[-1] + step),
        jpegs=tuple(jpegs[number] for number in chosen.frames),
        boxes=boxes,
        annotated=np.array([told.annotated(int(n), found) for n, found in zip(frames, boxes, strict=True)], bool),
        embedding=vector,
        embedding_model=model,
        label=(followed.class_id, followed.class_name) if followed else None,
    )


def _vectors(connection: duckdb.DuckDBPyConnection, recipe: Recipe, chosen: Sequence[Chosen]) -> Loaded:
    """Return the mean vectors of sequences, whatever the recipe compared."""
    spans = {
        "video_id": pa.array([c.video_id for c in chosen]),
        "clip_id": pa.array([c.clip_id for c in chosen]),
        "track_id": pa.array([c.track_id for c in chosen], pa.string()),
        "first_frame": pa.array([c.frames[0] for c in chosen], pa.int32()),
        "last_frame": pa.array([c.frames[-1] for c in chosen], pa.int32()),
    }
    return load(connection, recipe.model_copy(update={"aggregate": "mean"}), pa.table(spans), np.arange(len(chosen)))


def _tracks(connection: duckdb.DuckDBPyConnection, clip_id: str, classes: Classes) -> list[_Track]:
    tracks = connection.execute(
        "SELECT track_id, class_id, class_name, origin = 'annotated', considered, complete FROM tracks "
        "WHERE clip_id = ? ORDER BY track_id",
        [clip_id],
    ).fetchall()
    rows: dict[str, list[Any]] = {}
    marks: dict[str, dict[int, tuple[bool, float]]] = {}
    for track_id, *box, considered, visibility in connection.execute(
        "SELECT track_id, frame, t_s, x, y, w, h, score, considered, coalesce(visibility, 'nan'::FLOAT) "
        "FROM track_boxes WHERE clip_id = ? ORDER BY track_id, frame",
        [clip_id],
    ).fetchall():
        rows.setdefault(track_id, []).append(box)
        marks.setdefault(track_id, {})[box[0]] = considered, visibility
    return [
        _Track(
            number,
            track_id,
            classes.number(class_id, class_name),
            class_name,
            annotated,
            considered,
            TrackPath.of(rows[track_id], complete),
            marks[track_id],
        )
        for number, (track_id, class_id, class_name, annotated, considered, complete) in enumerate(tracks, 1)
    ]


def _boxes(tracks: Sequence[_Track], frame: int, time_s: float) -> FrameBoxes:
    found = [(track, at) for track in tracks if (at := track.path.at(frame, time_s)) is not None]
    marks = [track.marks.get(frame, (track.considered, np.nan)) for track, _ in found]
    return FrameBoxes(
        boxes=np.array([box for _, (box, _, _) in found], np.float32).reshape(-1, 4),
        track_numbers=np.array([track.number for track, _ in found], np.uint32),
        class_ids=np.array([track.class_id for track, _ in found], np.int32),
        scores=np.array([score for _, (_, score, _) in found], np.float32),
        generated=np.array([made for _, (_, _, made) in found], bool),
        annotated=np.array([track.annotated for track, _ in found], bool),
        considered=np.array([considered for considered, _ in marks], bool),
        visibility=np.array([visibility for _, visibility in marks], np.float32),
    )
