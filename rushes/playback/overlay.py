"""What a store knows of a video that can be drawn over its picture: clips, tracks, and regions to hide.

Here: reading that from the tables. Not here: drawing, which the page does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from rushes.store.database import connect
from rushes.store.objects import Objects

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Clip:
    """The frames [start, end) between two cuts. ``kept`` is None while nobody has judged the clip."""

    start: int
    end: int
    kept: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Track:
    """One object's boxes (left, top, width, height in pixels of the upright frame) in the frames that have one."""

    track_id: str
    class_name: str
    score: float
    start: int
    end: int
    frames: list[int]
    boxes: list[Box]
    origin: str = "detected"
    complete: bool = False
    """Whether a frame between its boxes has none; else boxes between are interpolated."""


@dataclass(frozen=True)
class Hidden:
    """What must not be shown: boxes by frame, face or plate in each, and the frame ranges that were searched for such.

    A frame outside of these may hold anything, and is shown too coarse to make anybody out.
    """

    frames: list[int]
    boxes: list[Box]
    kinds: list[str]
    searched: list[tuple[int, int]]


@dataclass(frozen=True)
class Overlay:
    """What is drawn with a video. Without ``tracks`` none are, and without ``hidden`` the picture is left as it is."""

    clips: list[Clip] = field(default_factory=list)
    tracks: list[Track] | None = None
    hidden: Hidden | None = None


def read_overlay(objects: Objects, video_id: str, *, tracks: bool) -> Overlay:
    """Read a video's clips and, with ``tracks``, its tracks and what must be hidden in it."""
    with connect(objects) as connection:
        clips = _clips(connection, video_id)
        if not tracks:
            return Overlay(clips)
        return Overlay(clips, _tracks(connection, video_id), _hidden(connection, video_id))


def _clips(connection: duckdb.DuckDBPyConnection, video_id: str) -> list[Clip]:
    query = """
        SELECT start_frame, end_frame, f.kept, f.reason
        FROM clips LEFT JOIN (SELECT clip_id, kept, reason FROM filtered_clips) AS f USING (clip_id)
        WHERE video_id = ? ORDER BY start_frame"""
    return [Clip(*row) for row in connection.execute(query, [video_id]).fetchall()]


def _tracks(connection: duckdb.DuckDBPyConnection, video_id: str) -> list[Track]:
    query = """
        SELECT track_id, class_name, mean_score, start_frame, end_frame,
               list(frame ORDER BY frame), list([x, y, w, h] ORDER BY frame), origin,
               coalesce(complete, false)
        FROM tracks JOIN (SELECT track_id, frame, x, y, w, h FROM track_boxes WHERE video_id = $video) USING (track_id)
        WHERE video_id = $video GROUP BY ALL ORDER BY start_frame, track_id"""
    return [Track(*row) for row in connection.execute(query, {"video": video_id}).fetchall()]


def _hidden(connection: duckdb.DuckDBPyConnection, video_id: str) -> Hidden:
    boxes = connection.execute(
        "SELECT frame, kind, x, y, w, h FROM redactions WHERE video_id = ? ORDER BY frame, region", [video_id]
    ).fetchall()
    searched = connection.execute(
        "SELECT start_frame, end_frame FROM filtered_clips WHERE video_id = ? AND kept AND privacy <> 'none' "
        "ORDER BY start_frame",
        [video_id],
    ).fetchall()
    return Hidden([row[0] for row in boxes], [row[2:] for row in boxes], [row[1] for row in boxes], searched)
