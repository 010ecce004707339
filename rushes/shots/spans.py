"""Annotated spans of a video: only they are cut into clips, where there are any.

Here: which spans a video has, and the stretches of frames that they cover together. Not here: finding cuts (``cut``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Span:
    """The frames ``[start, end)``. ``name`` is None for a whole video, of which nobody named a part."""

    name: str | None
    start: int
    end: int


def spans_of(segments: pa.Table, n_frames: int) -> list[Span]:
    """Return the spans among a video's rows of ``annotation_segments``, or the whole video where there is none."""
    rows = [row for row in segments.to_pylist() if row["kind"] == "span"]
    rows.sort(key=lambda row: (row["annotation"], row["line"], row["item"]))
    spans = [
        Span(row["segment_id"] or "{annotation}.{line}.{item}".format(**row), row["start_frame"], row["end_frame"])
        for row in rows
    ]
    return spans or [Span(None, 0, n_frames)]


def stretches(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what frame ranges ``[start, end)`` cover, in order; those that overlap or touch are one stretch."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
