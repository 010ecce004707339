"""Contact sheets: one picture of what a partition holds, for people who would rather look than read.

Here: which frames stand for a partition, and what is drawn on them. Not here: drawing (``rushes.video.pictures``) and
hiding (``rushes.privacy.delivery``). Before clips were searched for faces, their frames are shown only coarsely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import numpy as np

from rushes.privacy.delivery import Delivery
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath
from rushes.vector_map import vector_map
from rushes.video.pictures import Label, Tile, contact_sheet

_TILES = 12
_WIDTH = 240
_LONGEST_NAME = 8

# A frame to show: its video, number, caption, and boxes (x, y, w, h in source pixels, name, number).
_Shot = tuple[str, int, str, list[tuple[tuple[float, ...], str, int]]]


def draw_sheet(objects: Objects, connection: duckdb.DuckDBPyConnection, asset: str, partition: str) -> bytes | None:
    """Return the picture of an asset's partition as JPEG or PNG; None when there is nothing to show."""
    if asset == "embeddings":
        return _map_of_vectors(connection, partition)
    shots = _SHOTS[asset](connection, partition)
    return contact_sheet(_tiles(objects, connection, shots), width=_WIDTH) if shots else None


def _videos(connection: duckdb.DuckDBPyConnection, batch: str) -> list[_Shot]:
    rows = _spread(connection, "videos", "batch", batch, "video_id", "video_id, n_frames, width, height, fps")
    return [(v, n // 2, f"{v} {w}x{h} {fps:.4g} fps", []) for v, n, w, h, fps in rows]


def _clips(connection: duckdb.DuckDBPyConnection, batch: str) -> list[_Shot]:
    rows = _spread(connection, "clips", "batch", batch, "video_id, start_frame", "video_id, start_frame, end_frame")
    return [(v, (start + end) // 2, f"{v} [{start}, {end})", []) for v, start, end in rows]


def _judged(connection: duckdb.DuckDBPyConnection, batch: str) -> list[_Shot]:
    columns = "video_id, start_frame, end_frame, n_faces, kept, reason"
    rows = _spread(connection, "filtered_clips", "batch", batch, "video_id, start_frame", columns)
    return [
        (v, (start + end) // 2, f"{v} [{start}, {end}) " + (f"kept, {faces} faces" if kept else f"dropped: {why}"), [])
        for v, start, end, faces, kept, why in rows
    ]


def _tracked(connection: duckdb.DuckDBPyConnection, batch: str) -> list[_Shot]:
    """Each clip's frame with the most boxes. Where a clip's tracks are not all detected, it is said."""
    rows = _spread(
        connection,
        "(SELECT batch, video_id, clip_id, max(n) AS n, arg_max(frame, (n, -frame)) AS frame, "
        "arg_max(annotated, (n, -frame)) AS annotated FROM (SELECT b.batch, b.video_id, b.clip_id, b.frame, "
        "count(*) AS n, count(*) FILTER (t.origin = 'annotated') AS annotated FROM track_boxes AS b "
        "JOIN tracks AS t USING (track_id) GROUP BY ALL) GROUP BY ALL)",
        "batch",
        batch,
        "clip_id",
        "video_id, clip_id, frame, n, annotated",
    )
    return [
        (v, frame, f"{clip} {n} tracks" + (f", {given} annotated" if given else ""), _boxes(connection, clip, frame))
        for v, clip, frame, n, given in rows
    ]


def _selected(connection: duckdb.DuckDBPyConnection, recipe: str) -> list[_Shot]:
    columns = "video_id, clip_id, track_id, frames, rank"
    query = f"SELECT {columns} FROM selections WHERE recipe = ? ORDER BY rank LIMIT {_TILES}"
    rows = connection.execute(query, [recipe]).fetchall()
    shots: list[_Shot] = []
    for video, clip, track, frames, rank in rows:
        middle = frames[len(frames) // 2]
        boxes = _boxes(connection, clip, middle, track) if track else []
        shots.append((video, middle, f"{rank}: {video} {frames[0]}..{frames[-1]}", boxes))
    return shots


_SHOTS: dict[str, Callable[[duckdb.DuckDBPyConnection, str], list[_Shot]]] = {
    "raw_videos": _videos,
    "scene_clips": _clips,
    "filtered_clips": _judged,
    "tracks": _tracked,
    "packaged_datasets": _selected,
}


def _spread(
    connection: duckdb.DuckDBPyConnection, relation: str, key: str, partition: str, order: str, columns: str
) -> list[tuple[Any, ...]]:
    """Return at most ``_TILES`` rows of a partition, spread evenly in the given order."""
    query = (
        f"WITH numbered AS (SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS nth, count(*) OVER () AS total "
        f"FROM {relation} WHERE {key} = ?) SELECT {columns} FROM numbered "
        f"WHERE total <= {_TILES} OR nth * {_TILES} // total <> (nth - 1) * {_TILES} // total OR nth = 0 ORDER BY nth"
    )
    return connection.execute(query, [partition]).fetchall()[:_TILES]


def _boxes(
    connection: duckdb.DuckDBPyConnection, clip: str, frame: int, track: str | None = None
) -> list[tuple[tuple[float, ...], str, int]]:
    """Return the boxes of a clip's tracks (or of one) in a frame, interpolated where need be."""
    rows = connection.execute(
        "SELECT b.track_id, t.object_id, t.class_name, t.complete, "
        "list((b.frame, b.t_s, b.x, b.y, b.w, b.h, b.score) ORDER BY b.frame) "
        "FROM track_boxes AS b JOIN tracks AS t USING (track_id) "
        "WHERE b.clip_id = ? AND (? IS NULL OR b.track_id = ?) GROUP BY ALL ORDER BY b.track_id",
        [clip, track, track],
    ).fetchall()
    boxes = []
    for number, (track_id, object_id, name, complete, path) in enumerate(rows, 1):
        along = TrackPath.of(path, complete)
        found = along.at(frame, float(np.interp(frame, along.frames, along.times_s)))
        if found is not None:
            boxes.append((tuple(found[0].tolist()), f"{_short(track_id, object_id)} {name}", number))
    return boxes


def _short(track_id: str, object_id: str | None) -> str:
    """What a track is called within its clip: the detected ones are numbered, annotated ones have names."""
    if object_id is None:
        return track_id.rpartition(".t")[2].lstrip("0")
    return object_id if len(object_id) <= _LONGEST_NAME else object_id[: _LONGEST_NAME - 1] + "…"


def _tiles(objects: Objects, connection: duckdb.DuckDBPyConnection, shots: Sequence[_Shot]) -> list[Tile]:
    """Read the shots' frames, each video in one pass, and return their tiles in the order given."""
    tiles: dict[int, Tile] = {}
    for video in dict.fromkeys(shot[0] for shot in shots):
        with Delivery(objects, connection, video) as delivery:
            width, height = delivery.video["width"], delivery.video["height"]
            scale = _WIDTH / width
            size = (_WIDTH, max(1, round(height * scale)))
            pictures = dict(delivery.frames({shot[1] for shot in shots if shot[0] == video}, size))
        for at, (of, frame, caption, boxes) in enumerate(shots):
            if of == video:
                labels = [Label([v * scale for v in box], name, number) for box, name, number in boxes]
                tiles[at] = Tile(pictures[frame], caption, labels)
    return [tiles[at] for at in range(len(shots))]


def _map_of_vectors(connection: duckdb.DuckDBPyConnection, batch: str) -> bytes | None:
    """Draw a batch's vectors on their two principal axes, coloured by video."""
    rows = connection.execute(
        "SELECT video_id, track_id IS NULL, vector FROM embeddings WHERE batch = ? ORDER BY ALL LIMIT 5000", [batch]
    ).fetchall()
    if len(rows) < 3:
        return None
    vectors = np.stack([np.frombuffer(row[2], "<f2").astype(np.float32) for row in rows])
    return vector_map(vectors, [row[0] for row in rows], [row[1] for row in rows])
