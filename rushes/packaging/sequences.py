"""From chosen sequences to what the formats are given: frames decoded, redacted and encoded once, boxes on each.

Here: joining pixels, tracks and vectors. Not here: which sequences (``rushes.selection``), and the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from rushes.packaging.packed import FrameBoxes, PackedSequence
from rushes.privacy.delivery import Delivery
from rushes.selection.candidates import Vectors
from rushes.selection.recipe import Recipe
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath
from rushes.tracking.vocabulary import COCO, COCO_CLASSES
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
    number: int
    track_id: str
    class_id: int
    class_name: str
    path: TrackPath


def class_names(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the name of each class id of the store's vocabulary."""
    rows = connection.execute("SELECT DISTINCT vocabulary, class_id, class_name FROM tracks ORDER BY ALL").fetchall()
    if all(vocabulary == COCO for vocabulary, _, _ in rows):
        return COCO_CLASSES
    highest = connection.execute("SELECT max(list_max(top10_class_ids)) FROM tracks").fetchall()[0][0]
    known = {class_id: name for _, class_id, name in rows}
    return tuple(known.get(i, f"class {i}") for i in range(highest + 1))


def packed_sequences(objects: Objects, recipe: Recipe, chosen: Sequence[Chosen]) -> list[PackedSequence]:
    """Return the sequences with their pixels and boxes, in the order given; each video is decoded in one pass."""
    packed: dict[str, PackedSequence] = {}
    with connect(objects) as connection:
        vectors = Vectors(connection, of_tracks=recipe.unit == "track")
        for video_id in sorted({c.video_id for c in chosen}):
            own = sorted((c for c in chosen if c.video_id == video_id), key=lambda c: c.clip_id)
            for sequence in _of_video(objects, connection, recipe, vectors, video_id, own):
                packed[sequence.sequence_id] = sequence
    return [packed[c.sequence_id] for c in chosen]


def _of_video(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    vectors: Vectors,
    video_id: str,
    chosen: Sequence[Chosen],
) -> Iterator[PackedSequence]:
    with Delivery(objects, connection, video_id, hide=recipe.privacy == "redact") as delivery:
        wanted = {frame for c in chosen for frame in c.frames}
        jpegs = {number: encode(picture, recipe.jpeg_quality) for number, picture in delivery.frames(wanted)}
        tracks: dict[str, list[_Track]] = {}
        for one in chosen:
            if one.clip_id not in tracks:
                tracks[one.clip_id] = _tracks(connection, one.clip_id)
            yield _packed(recipe, delivery, one, jpegs, tracks[one.clip_id], vectors)


def _packed(
    recipe: Recipe,
    delivery: Delivery,
    chosen: Chosen,
    jpegs: dict[int, bytes],
    tracks: Sequence[_Track],
    vectors: Vectors,
) -> PackedSequence:
    video: dict[str, Any] = delivery.video
    frames = np.array(chosen.frames, np.int32)
    times = delivery.times_s[frames]
    followed = next((t for t in tracks if t.track_id == chosen.track_id), None)
    step = 1.0 / (recipe.fps or video["fps"])
    vector, _ = vectors.mean(chosen.clip_id, chosen.track_id, frames)
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
        boxes=tuple(_boxes(tracks, int(n), float(t)) for n, t in zip(frames, times, strict=True)),
        embedding=vector,
        embedding_model=vectors.model,
        label=(followed.class_id, followed.class_name) if followed else None,
    )


def _tracks(connection: duckdb.DuckDBPyConnection, clip_id: str) -> list[_Track]:
    """Return a clip's tracks, numbered from 1 in order of their ids."""
    tracks = connection.execute(
        "SELECT track_id, class_id, class_name FROM tracks WHERE clip_id = ? ORDER BY track_id", [clip_id]
    ).fetchall()
    rows: dict[str, list[Any]] = {}
    for track_id, *box in connection.execute(
        "SELECT track_id, frame, t_s, x, y, w, h, score FROM track_boxes WHERE clip_id = ? ORDER BY track_id, frame",
        [clip_id],
    ).fetchall():
        rows.setdefault(track_id, []).append(box)
    return [
        _Track(number, track_id, class_id, name, TrackPath.of(rows[track_id]))
        for number, (track_id, class_id, name) in enumerate(tracks, 1)
    ]


def _boxes(tracks: Sequence[_Track], frame: int, time_s: float) -> FrameBoxes:
    found = [(track, at) for track in tracks if (at := track.path.at(frame, time_s)) is not None]
    return FrameBoxes(
        boxes=np.array([box for _, (box, _, _) in found], np.float32).reshape(-1, 4),
        track_numbers=np.array([track.number for track, _ in found], np.uint32),
        class_ids=np.array([track.class_id for track, _ in found], np.int32),
        scores=np.array([score for _, (_, score, _) in found], np.float32),
        generated=np.array([made for _, (_, _, made) in found], bool),
    )
