"""The labels that people gave to stretches of time, numbered for a data set.

Here: which there are, and those of a video. Not here: classes of objects (``classes``), which of the labels a sequence
has (``beside``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from rushes.packaging.packed_beside import LabelledSpan

# Spans to be cut out carry a label in some tables, and so do labels of spans. ``segments_complete`` is TrackVerse's
# word for the time in which it looked for tracks.
_SAID = "kind IN ('label', 'span') AND label IS NOT NULL AND label <> 'segments_complete'"


@dataclass(frozen=True)
class Labels:
    """``index[label]`` is its number: the one that its own vocabulary says, where all of a data set's agree."""

    index: Mapping[str, int]


@dataclass(frozen=True)
class Told:
    """A label and the frames ``[start_frame, end_frame)`` that have it."""

    start_frame: int
    end_frame: int
    span: LabelledSpan


def labels_of(connection: duckdb.DuckDBPyConnection, videos: Iterable[str]) -> Labels | None:
    """Return the labels of these videos; None when nobody gave any."""
    found: list[tuple[str, int | None]] = connection.execute(
        f"SELECT DISTINCT label, class_id FROM annotation_segments WHERE list_contains(?, video_id) AND {_SAID} "
        "ORDER BY ALL",
        [sorted(set(videos))],
    ).fetchall()
    if not found:
        return None
    numbered = {label: class_id for label, class_id in found if class_id is not None and class_id >= 0}
    if len(found) == len(numbered) == len(set(numbered.values())):
        return Labels(numbered)
    return Labels({label: index for index, label in enumerate(sorted({label for label, _ in found}))})


def told_spans(
    connection: duckdb.DuckDBPyConnection, video_id: str, labels: Labels, first_s: float
) -> tuple[Told, ...]:
    """Return a video's labels by time, each once; ``first_s`` is the time of its first frame."""
    rows = connection.execute(
        "SELECT start_frame, end_frame, start_s, end_s, label, max(score) FROM annotation_segments "
        f"WHERE video_id = ? AND {_SAID} GROUP BY ALL ORDER BY ALL",
        [video_id],
    ).fetchall()
    return tuple(
        Told(first, end, LabelledSpan(first_s + start_s, first_s + end_s, labels.index[label], label, score))
        for first, end, start_s, end_s, label, score in rows
    )
