"""From chosen sequences to what the formats are given: frames decoded, redacted and encoded once, boxes on each.

Here: joining pixels, tracks and vectors. Not here: which sequences (``rushes.selection``), and the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from rushes.packaging.beside import Gathered, wanted
from rushes.packaging.chosen import Chosen, candidate_rows
from rushes.packaging.classes import Classes
from rushes.packaging.labels import Labels
from rushes.packaging.media import Films, needs_jpegs
from rushes.packaging.media_film import Film
from rushes.packaging.packed import FrameBoxes, PackedSequence
from rushes.packaging.packed_beside import Beside, ToldFrame
from rushes.privacy.delivery import Delivery
from rushes.selection.candidates.vectors import load
from rushes.selection.recipes.recipe import Recipe
from rushes.shots.spans import stretches
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath
from rushes.video.pictures import encode


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
    objects: Objects, recipe: Recipe, chosen: Sequence[Chosen], classes: Classes, labels: Labels | None
) -> list[PackedSequence]:
    """Return the sequences with their pixels and boxes, in the order given; each video is decoded in one pass."""
    packed: dict[str, PackedSequence] = {}
    with connect(objects) as connection:
        for video_id in sorted({c.video_id for c in chosen}):
            own = sorted((c for c in chosen if c.video_id == video_id), key=lambda c: c.clip_id)
            hide = recipe.privacy == "redact"
            with Delivery(objects, connection, video_id, hide=hide, look=recipe.look) as delivery:
                for sequence in _Video(connection, recipe, delivery, own, classes, labels).sequences():
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
        return given or self._all_told(frame)

    def between(self, chosen: Chosen) -> list[int]:
        """Return the frames of which people told what is there, and that a sequence passes over."""
        given = {frame for track in self.tracks(chosen.clip_id) if track.annotated for frame in track.marks}
        passed = set(range(chosen.frames[0], chosen.frames[-1])).difference(chosen.frames)
        return sorted(frame for frame in passed if frame in given or self._all_told(frame))

    def _all_told(self, frame: int) -> bool:
        return any(start <= frame < end for start, end in self._annotated)


class _Video:
    """The chosen sequences of one video, and what the tables say of them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        delivery: Delivery,
        chosen: Sequence[Chosen],
        classes: Classes,
        labels: Labels | None,
    ) -> None:
        self._recipe, self._delivery, self._chosen = recipe, delivery, chosen
        self._times_s = delivery.times_s
        self._rate: float = recipe.fps or delivery.video["fps"]
        self._told = _Told(connection, delivery.video["video_id"], classes)
        # The mean vectors of sequences, whatever the recipe compared.
        how = recipe.model_copy(update={"aggregate": "mean"})
        self._vectors = load(connection, how, candidate_rows(chosen), np.arange(len(chosen)))
        self._gathered = (
            Gathered(connection, recipe, chosen, labels, self._times_s, 1 / self._rate) if wanted(recipe) else None
        )

    def sequences(self) -> Iterator[PackedSequence]:
        """Decode, and yield the sequences in their order."""
        frames = {frame for c in self._chosen for frame in c.frames} if needs_jpegs(self._recipe) else set()
        frames |= self._gathered.frames if self._gathered else set()
        quality = self._recipe.jpeg_quality
        with Films(self._recipe, self._delivery, self._chosen) as films:
            passing = films.filmed(self._delivery.frames(frames | films.frames))
            jpegs = {number: encode(picture, quality) for number, picture in passing if number in frames}
        for at, one in enumerate(self._chosen):
            yield self._packed(at, one, jpegs, films.get(at))

    def _packed(self, at: int, chosen: Chosen, jpegs: dict[int, bytes], film: Film | None) -> PackedSequence:
        video: dict[str, Any] = self._delivery.video
        tracks = self._told.tracks(chosen.clip_id)
        followed = next((t for t in tracks if t.track_id == chosen.track_id), None)
        times = chosen.shown_s(self._times_s, 1 / self._rate)
        boxes = tuple(_boxes(tracks, number, float(self._times_s[number])) for number in chosen.frames)
        annotated = [self._told.annotated(number, found) for number, found in zip(chosen.frames, boxes, strict=True)]
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
            frame_rate=self._rate,
            frames=np.array(chosen.frames, np.int32),
            times_s=times,
            start_s=float(times[0]),
            end_s=float(times[-1] + 1 / self._rate),
            jpegs=tuple(jpegs[number] for number in chosen.frames) if needs_jpegs(self._recipe) else (),
            boxes=boxes,
            annotated=np.array(annotated, bool),
            embedding=self._vectors.vectors[at] if self._vectors.reason[at] is None else None,
            embedding_model=self._vectors.model,
            label=(followed.class_id, followed.class_name) if followed else None,
            beside=self._beside(at, chosen, tracks, jpegs),
            film=film,
        )

    def _beside(self, at: int, chosen: Chosen, tracks: Sequence[_Track], jpegs: dict[int, bytes]) -> Beside:
        if self._gathered is None:
            return Beside()
        told = (
            ToldFrame(float(self._times_s[frame]), boxes.at(boxes.annotated & ~boxes.generated))
            for frame in self._told.between(chosen)
            for boxes in [_boxes(tracks, frame, float(self._times_s[frame]))]
        )
        return self._gathered.of(at, chosen, jpegs, tuple(told))


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
