"""From chosen sequences to what a format of tracks is given: of each video the chosen tracks, whole.

Here: reading tables. Not here: which tracks (``rushes.selection``), pixels (``rushes.privacy.delivery``), files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import duckdb
import numpy as np

from rushes.packaging.chosen import Chosen
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo
from rushes.privacy.delivery import Delivery
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.vocabulary import COCO, COCO_CLASSES
from rushes.video.index import seconds

_ClassNames = Mapping[tuple[str, int], str]


def packed_videos(objects: Objects, recipe: Recipe, chosen: Sequence[Chosen]) -> Iterator[PackedVideo]:
    """Yield the videos of chosen sequences of tracks, by id; a track of several sequences comes once."""
    with connect(objects) as connection:
        for video_id in sorted({one.video_id for one in chosen}):
            own = [one for one in chosen if one.video_id == video_id]
            hide = recipe.privacy == "redact"
            pictures = partial(Delivery, objects, connection, video_id, hide=hide, look=recipe.look)
            video = _rows(connection, "SELECT * FROM videos WHERE video_id = ?", video_id)[0]
            start_s = _start_s(video)
            spans = _rows(
                connection,
                "SELECT start_s, end_s FROM filtered_clips WHERE video_id = ? AND kept ORDER BY start_frame, end_frame",
                video_id,
            )
            yield PackedVideo(
                video_id=video_id,
                split=own[0].split,
                width=video["width"],
                height=video["height"],
                fps=video["fps"],
                searched=tuple((span["start_s"] - start_s, span["end_s"] - start_s) for span in spans),
                tracks=_tracks(connection, video_id, {one.track_id for one in own if one.track_id}, start_s),
                pictures=pictures,
            )


def _start_s(video: Mapping[str, Any]) -> float:
    """Return the presentation time of the first frame, rounded as those of all frames are."""
    return float(seconds(np.array(video["start_pts"]), Fraction(video["time_base"])))


def _tracks(
    connection: duckdb.DuckDBPyConnection, video_id: str, wanted: set[str], start_s: float
) -> tuple[PackedTrack, ...]:
    rows = _rows(connection, "SELECT * FROM tracks WHERE video_id = ?", video_id)
    names = _class_names(rows)
    boxes: dict[str, list[dict[str, Any]]] = {}
    for box in _rows(
        connection,
        "SELECT track_id, frame, t_s, x, y, w, h, score, class_id FROM track_boxes "
        "WHERE video_id = ? AND list_contains(?, track_id) ORDER BY track_id, frame",
        video_id,
        sorted(wanted),
    ):
        boxes.setdefault(box["track_id"], []).append(box)
    tracks = [_track(row, boxes[row["track_id"]], names, start_s) for row in rows if row["track_id"] in wanted]
    return tuple(sorted(tracks, key=lambda track: (track.times_s[0], track.track_id)))


def _track(
    row: Mapping[str, Any], boxes: Sequence[Mapping[str, Any]], names: _ClassNames, start_s: float
) -> PackedTrack:
    ids = tuple(box["class_id"] for box in boxes)
    return PackedTrack(
        track_id=row["track_id"],
        class_name=row["class_name"],
        frames=np.array([box["frame"] for box in boxes], np.int64),
        times_s=np.array([box["t_s"] for box in boxes], np.float64) - start_s,
        boxes=np.array([[box[side] for side in "xywh"] for box in boxes], np.float32),
        scores=np.array([box["score"] for box in boxes], np.float32),
        class_ids=ids,
        class_names=tuple(row["class_name"] if id is None else names.get((row["vocabulary"], id)) for id in ids),
        mean_score=row["mean_score"],
        top10_class_ids=tuple(row["top10_class_ids"]),
        top10_class_names=tuple(row["top10_class_names"]),
        top10_mean=tuple(row["top10_mean"]),
        top10_std=tuple(row["top10_std"]),
    )


def _class_names(tracks: Sequence[Mapping[str, Any]]) -> _ClassNames:
    """Return the names of classes by vocabulary and id, as far as the video's tracks tell them."""
    names = {(COCO, id): name for id, name in enumerate(COCO_CLASSES)}
    for row in tracks:
        told = [
            *zip(row["top10_class_ids"], row["top10_class_names"], strict=False),
            (row["class_id"], row["class_name"]),
        ]
        names |= {(row["vocabulary"], id): name for id, name in told if id is not None}
    return names


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[dict[str, Any]]:
    return connection.execute(query, list(values)).to_arrow_table().to_pylist()
