"""The story of a video, clip, track or sequence: where it came from, what became of it, what was dropped and why.

A video has one as soon as it is registered. Here: gathering it, from the batches, the notes on downloads and the
tables. Not here: printing (``rushes.cli``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb

from rushes.errors import StoreError
from rushes.ranges.address import is_elsewhere, shown
from rushes.sources.download import find
from rushes.store.manifests import Entry, read_batches
from rushes.store.objects import Objects

# Of a list that annotations make long, so many rows are told.
_SHOWN = 20


@dataclass(frozen=True)
class Chapter:
    """Rows that tell of one thing, under a heading. ``note`` says how many more there are, and where to see them."""

    title: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    note: str | None = None


_OF_ITEM = (
    "item_id = $video OR starts_with(item_id, $item || '.') OR item_id = $item OR starts_with(item_id, $video || '~')"
)

_QUERIES: tuple[tuple[str, str], ...] = (
    (
        "video",
        "SELECT video_id, batch, source_uri, media_uri, width, height, round(fps, 3) AS fps, n_frames, "
        "round(duration_s, 3) AS duration_s, codec, read_by, read_note, sha256 FROM videos WHERE video_id = $video",
    ),
    (
        "annotations",
        "SELECT annotation, 'boxes' AS kind, count(*) AS rows, count(DISTINCT object_id) AS objects, "
        "count(DISTINCT coalesce(class_name, class_id::VARCHAR)) AS labels, min(frame) AS first_frame, "
        "max(frame) AS last_frame FROM annotation_boxes WHERE video_id = $video GROUP BY annotation "
        "UNION ALL SELECT annotation, kind, count(*), count(DISTINCT segment_id) FILTER (kind = 'track'), "
        "count(DISTINCT coalesce(label, class_id::VARCHAR)), min(start_frame), max(end_frame) - 1 "
        "FROM annotation_segments WHERE video_id = $video GROUP BY annotation, kind ORDER BY annotation, kind",
    ),
    (
        "spans",
        "SELECT annotation, segment_id, start_s, end_s, start_frame, end_frame, label FROM annotation_segments "
        "WHERE video_id = $video AND kind = 'span' ORDER BY start_frame, end_frame, annotation, line, item",
    ),
    (
        "clips",
        "SELECT c.clip_id, c.method, c.span, round(c.score, 2) AS score, CASE WHEN f.kept THEN 'kept' "
        "WHEN f.kept IS NULL THEN 'not judged yet' ELSE 'dropped: ' || f.reason END AS verdict, f.n_faces "
        "FROM clips AS c LEFT JOIN filtered_clips AS f USING (clip_id) "
        "WHERE c.video_id = $video AND ($clip = '' OR c.clip_id = $clip) "
        "ORDER BY c.start_frame",
    ),
    (
        "tracks",
        "SELECT track_id, class_name, n_boxes, start_frame, end_frame, "
        "round(mean_score, 3) AS mean_score, origin, "
        "CASE WHEN kept THEN 'kept' ELSE 'not kept: ' || reason END AS verdict FROM tracks "
        "WHERE video_id = $video AND ($clip = '' OR clip_id = $clip) "
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
        "SELECT recipe, rank, sequence_id, class_name, split, why, nearest, round(distance, 4) AS distance "
        "FROM selections WHERE video_id = $video AND ($clip = '' OR "
        "clip_id = $clip) AND ($track = '' OR track_id = $track) ORDER BY recipe, rank",
    ),
    (
        "rejects",
        f"SELECT asset, item_kind, item_id, reason, detail FROM rejects WHERE ({_OF_ITEM}) "
        "AND item_kind <> 'annotation' ORDER BY asset, item_id",
    ),
    (
        "rejected annotations",
        f"SELECT item_id, reason, detail FROM rejects WHERE ({_OF_ITEM}) AND item_kind = 'annotation' "
        "ORDER BY asset, length(item_id), item_id",
    ),
)
_LONG = ("spans", "rejected annotations")


def story(connection: duckdb.DuckDBPyConnection, item: str, objects: Objects) -> list[Chapter]:
    """Return all that a store knows of an id. Raises ``StoreError`` naming similar ids when that is nothing."""
    video, clip, track = _place(connection, item)
    entries = [
        (batch.name, e) for batch in read_batches(objects) for e in batch.entries if video in (e.video_id, e.entry_id)
    ]
    chapters = [*_registered(entries), *_downloads(objects, [entry for _, entry in entries])]
    given = {"video": video, "clip": clip, "track": track, "item": item}
    for title, query in _QUERIES:
        result = connection.execute(query, {k: v for k, v in given.items() if f"${k}" in query})
        columns = [column[0] for column in result.description or ()]
        if rows := result.fetchall():
            chapters.append(_chapter(title, columns, rows))
    if not chapters:
        raise StoreError(f"nothing is known of {item!r}{_similar(connection, item, objects)}")
    return chapters


def _chapter(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Chapter:
    more = len(rows) - _SHOWN
    if title not in _LONG or more <= 0:
        return Chapter(title, columns, rows)
    table = "annotation_segments" if title == "spans" else "rejects"
    return Chapter(title, columns, rows[:_SHOWN], f"and {more} more; see: rushes sql 'SELECT * FROM {table}'")


def _registered(entries: Sequence[tuple[str, Entry]]) -> Iterator[Chapter]:
    """How a video came to be known: by whom or what, and in which batch."""
    columns = ["batch", "entry", "uri", "named_by", "trust", "linked", "id_taken_by", "misfit"]
    rows = [
        (
            batch,
            entry.entry_id,
            shown(entry.source_uri),
            entry.place or "a person",
            entry.trust,
            entry.linked,
            shown(entry.rival) if entry.rival else None,
            ": ".join(entry.misfit) if entry.misfit else None,
        )
        for batch, entry in entries
    ]
    if rows:
        yield Chapter("registered", columns, rows)


def _downloads(objects: Objects, entries: Sequence[Entry]) -> Iterator[Chapter]:
    """What is known of a video that was fetched from elsewhere, and what the site told of it."""
    for entry in {entry.source_uri: entry for entry in entries if is_elsewhere(entry.source_uri)}.values():
        found = find(objects, entry)
        if found is not None:
            told = {"by": found.by, "from": shown(found.address), "size": found.size, "etag": found.etag}
            told |= {name: value for name, value in found.about.items() if isinstance(value, (str, int, float))}
            yield Chapter("download", list(told), [tuple(told.values())])


def _place(connection: duckdb.DuckDBPyConnection, item: str) -> tuple[str, str, str]:
    """Return the (video, clip, track) ids that an id stands for, empty where it is wider than that."""
    found = connection.execute(
        "SELECT video_id, clip_id, track_id FROM tracks WHERE track_id = $item "
        "UNION ALL SELECT video_id, clip_id, '' FROM clips WHERE clip_id = $item "
        "UNION ALL SELECT video_id, clip_id, coalesce(track_id, '') FROM selections WHERE sequence_id = $item LIMIT 1",
        {"item": item},
    ).fetchall()
    return found[0] if found else (item, "", "")


def _similar(connection: duckdb.DuckDBPyConnection, item: str, objects: Objects) -> str:
    rows = connection.execute("SELECT video_id FROM videos UNION SELECT item_id FROM rejects LIMIT 10000").fetchall()
    entries = (entry.video_id for batch in read_batches(objects) for entry in batch.entries)
    known = dict.fromkeys([*(row[0] for row in rows), *islice(entries, 10_000)])
    close = difflib.get_close_matches(item, known, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(close)}?" if close else "; see: rushes sql 'SELECT video_id FROM videos'"
