"""The story of a video, clip, track or sequence: where it came from, what became of it, what was dropped and why.

Here: gathering it from the tables. Not here: printing (``rushes.cli``).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import duckdb

from rushes.errors import StoreError


@dataclass(frozen=True)
class Chapter:
    """Rows that tell of one thing, under a heading."""

    title: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


_QUERIES: tuple[tuple[str, str], ...] = (
    (
        "video",
        "SELECT video_id, batch, source_uri, media_uri, width, height, round(fps, 3) AS fps, n_frames, "
        "round(duration_s, 3) AS duration_s, codec, read_by, read_note, sha256 FROM videos WHERE video_id = $video",
    ),
    (
        "clips",
        "SELECT c.clip_id, c.method, round(c.score, 2) AS score, CASE WHEN f.kept THEN 'kept' WHEN f.kept IS NULL THEN "
        "'not judged yet' ELSE 'dropped: ' || f.reason END AS verdict, f.n_faces FROM clips AS c "
        "LEFT JOIN filtered_clips AS f USING (clip_id) WHERE c.video_id = $video AND ($clip = '' OR c.clip_id = $clip) "
        "ORDER BY c.start_frame",
    ),
    (
        "tracks",
        "SELECT track_id, class_name, n_boxes, start_frame, end_frame, round(mean_score, 3) AS mean_score, origin "
        "FROM tracks WHERE video_id = $video AND ($clip = '' OR clip_id = $clip) "
        "AND ($track = '' OR track_id = $track) ORDER BY track_id",
    ),
    (
        "vectors",
        "SELECT model, count(*) FILTER (track_id IS NULL) AS frames, count(track_id) AS crops FROM embeddings "
        "WHERE video_id = $video AND ($clip = '' OR clip_id = $clip) AND ($track = '' OR track_id = $track) "
        "GROUP BY model",
    ),
    (
        "selected by",
        "SELECT recipe, rank, sequence_id, split, why FROM selections WHERE video_id = $video AND ($clip = '' OR "
        "clip_id = $clip) AND ($track = '' OR track_id = $track) ORDER BY recipe, rank",
    ),
    (
        "rejects",
        "SELECT asset, item_kind, item_id, reason, detail FROM rejects WHERE item_id = $video OR "
        "starts_with(item_id, $item || '.') OR item_id = $item OR starts_with(item_id, $video || '~') "
        "ORDER BY asset, item_id",
    ),
)


def story(connection: duckdb.DuckDBPyConnection, item: str) -> list[Chapter]:
    """Return all that the tables know of an id. Raises ``StoreError`` naming similar ids when that is nothing."""
    video, clip, track = _place(connection, item)
    given = {"video": video, "clip": clip, "track": track, "item": item}
    chapters = []
    for title, query in _QUERIES:
        result = connection.execute(query, {k: v for k, v in given.items() if f"${k}" in query})
        columns = [column[0] for column in result.description or ()]
        if rows := result.fetchall():
            chapters.append(Chapter(title, columns, rows))
    if not chapters:
        raise StoreError(f"nothing is known of {item!r}{_similar(connection, item)}")
    return chapters


def _place(connection: duckdb.DuckDBPyConnection, item: str) -> tuple[str, str, str]:
    """Return the (video, clip, track) ids that an id stands for, empty where it is wider than that."""
    found = connection.execute(
        "SELECT video_id, clip_id, track_id FROM tracks WHERE track_id = $item "
        "UNION ALL SELECT video_id, clip_id, '' FROM clips WHERE clip_id = $item "
        "UNION ALL SELECT video_id, clip_id, coalesce(track_id, '') FROM selections WHERE sequence_id = $item LIMIT 1",
        {"item": item},
    ).fetchall()
    return found[0] if found else (item, "", "")


def _similar(connection: duckdb.DuckDBPyConnection, item: str) -> str:
    known = connection.execute("SELECT video_id FROM videos UNION SELECT item_id FROM rejects LIMIT 10000").fetchall()
    close = difflib.get_close_matches(item, [row[0] for row in known], n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(close)}?" if close else "; see: rushes sql 'SELECT video_id FROM videos'"
