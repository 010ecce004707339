"""Tracks that were annotated: boxes of an object that has a name, gathered in each kept clip.

Boxes stay where they were given, however sparse; distractors and boxes not considered stay too, and are marked. Here:
rows of ``tracks`` and ``track_boxes`` made of ``annotation_boxes``. Not here: reading annotations (``rushes.sources``),
classes and their ranks (``labels``).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.shots.cut import time_range
from rushes.shots.spans import stretches
from rushes.tracking.boxes import area_fraction
from rushes.tracking.labels import Label, Ranking, label_of, told_by
from rushes.video.index import PacketIndex

Row = dict[str, Any]

# Longer names are told by a hash, for tracks' ids become parts of files' names.
_LONGEST_NAME = 64


def names_objects(boxes: pa.Table) -> bool:
    """Tell whether annotated boxes can become tracks: detections without names cannot."""
    return boxes.column("object_id").null_count < len(boxes)


class AnnotatedTracks:
    """A video's annotations, by object. ``clip`` gives the tracks of one clip."""

    def __init__(self, video: Row, index: PacketIndex, boxes: pa.Table, segments: pa.Table) -> None:
        self._video = video
        self._times = index.times_s
        # A box without area says that the object cannot be seen.
        has_area = pc.and_(pc.greater(boxes["w"], 0), pc.greater(boxes["h"], 0))
        order = [(name, "ascending") for name in ("annotation", "object_id", "frame", "line", "item")]
        self._boxes = boxes.filter(pc.and_(has_area, pc.is_valid(boxes["object_id"]))).sort_by(order)
        spans = segments.to_pylist()
        self._complete = _complete(spans)
        self._told = {(row["annotation"], row["segment_id"]): row for row in spans if row["kind"] == "track"}

    def clip(self, clip: Row) -> Iterator[tuple[Row, list[Row]]]:
        """Yield the row of each track of a clip, and the rows of its boxes."""
        frames = self._boxes["frame"]
        inside = pc.and_(pc.greater_equal(frames, clip["start_frame"]), pc.less(frames, clip["end_frame"]))
        rows = self._boxes.filter(inside).to_pylist()
        for (annotation, name), group in groupby(rows, key=lambda row: (row["annotation"], row["object_id"])):
            sightings = [list(same_frame) for _, same_frame in groupby(group, key=lambda row: row["frame"])]
            yield self._track(clip, annotation, name, sightings)

    def _track(self, clip: Row, annotation: str, name: str, sightings: list[list[Row]]) -> tuple[Row, list[Row]]:
        keys = {
            "track_id": f"{clip['clip_id']}.{_safe(annotation)}.{_safe(name)}",
            "video_id": self._video["video_id"],
            "clip_id": clip["clip_id"],
        }
        ranking = self._ranking((annotation, name), sightings)
        boxes = [self._box(keys, rows, ranking) for rows in sightings]
        return self._row(keys, annotation, name, ranking, boxes), boxes

    def _ranking(self, key: tuple[str, str], sightings: Sequence[Sequence[Row]]) -> Ranking:
        """Return an object's classes: as they were told of its whole time, else as its boxes have them."""
        segment = self._told.get(key)
        told = told_by(segment) if segment else None
        if told is not None:
            return told
        otherwise = label_of(segment["class_id"], segment["label"]) if segment else None
        return Ranking.counted([[_label(row) or otherwise for row in rows] for rows in sightings])

    def _box(self, keys: Mapping[str, Any], rows: Sequence[Row], ranking: Ranking) -> Row:
        """Return one box for all that was said of an object in a frame: where it was said first."""
        first = rows[0]
        return {
            **keys,
            "frame": first["frame"],
            "t_s": float(self._times[first["frame"]]),
            **{side: first[side] for side in "xywh"},
            "score": max(_share(row["score"], 1.0) or 0.0 for row in rows),
            "class_id": ranking.best_of([_label(row) for row in rows]),
            "considered": any(row["considered"] for row in rows),
            "visibility": _share(first["visibility"], None),
        }

    def _row(self, keys: Mapping[str, Any], annotation: str, name: str, ranking: Ranking, boxes: list[Row]) -> Row:
        first, end = boxes[0]["frame"], boxes[-1]["frame"] + 1
        places = np.array([[box[side] for side in "xywh"] for box in boxes])
        return {
            **keys,
            **ranking.columns(),
            "vocabulary": annotation,
            "n_boxes": len(boxes),
            **time_range(self._times, self._video["duration_s"], first, end),
            "mean_score": float(np.mean([box["score"] for box in boxes])),
            "mean_area": float(area_fraction(places, self._video["width"], self._video["height"]).mean()),
            "origin": "annotated",
            "object_id": name,
            "considered": 2 * sum(box["considered"] for box in boxes) >= len(boxes),
            "complete": any(start <= first and end <= stop for start, stop in self._complete.get(annotation, ())),
        }


def _complete(segments: Sequence[Row]) -> dict[str, list[tuple[int, int]]]:
    """Return the frames of which each annotation says all boxes."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row in segments:
        if row["kind"] == "annotated":
            found.setdefault(row["annotation"], []).append((row["start_frame"], row["end_frame"]))
    return {annotation: stretches(ranges) for annotation, ranges in found.items()}


def _label(row: Row) -> Label | None:
    return label_of(row["class_id"], row["class_name"])


def _share(value: float | None, unknown: float | None) -> float | None:
    """Return a confidence or visibility as a share: detectors' raw scores, for one, are given beyond 0 and 1."""
    return unknown if value is None or math.isnan(value) else min(max(value, 0.0), 1.0)


def _safe(name: str) -> str:
    """Turn any text into one that can stand in a file's name, and no two texts into the same."""
    clean = re.sub(rb"[^A-Za-z0-9_-]", lambda odd: b"=%02X" % odd[0][0], name.encode()).decode() or "="
    if len(clean) <= _LONGEST_NAME:
        return clean
    return f"{clean[: _LONGEST_NAME // 2]}@{hashlib.sha256(name.encode()).hexdigest()[: _LONGEST_NAME // 2 - 1]}"
