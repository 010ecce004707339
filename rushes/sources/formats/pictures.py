"""What the formats that number pictures share: a line's numbers, a picture's frame, frames of which all is known.

Here: rows of such lines. Not here: the lines of any one format (``mot``, ``lasot``, ``coco_vid``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rushes.sources.annotated import Rows
from rushes.store.rejects import Reason

Ltwh = tuple[float, float, float, float]


class BadLineError(Exception):
    """A line is none of its format; the message says why."""


def number(text: str, name: str) -> float:
    """Return a column's value. Raises ``BadLineError`` when it is no finite number."""
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadLineError(f"{name} is {text[:40]!r}, which is no number")
    return value


def add_box(rows: Rows, line: int, picture: int, ltwh: Ltwh, **facts: Any) -> None:
    """Add a box in the frame of a picture's number, or say that there is no such picture."""
    footage = rows.footage
    frame = footage.numbered(picture)
    if frame is None and footage.numbers is not None and 1 <= picture < footage.numbers[-1]:
        rows.reject(line, Reason.NO_IMAGE, f"a box at frame {picture}: there is no picture of that number")
    else:
        rows.box(line, frame, ltwh, where=f"frame {picture}", **facts)


def add_annotated(rows: Rows, lines: Mapping[int, int]) -> None:
    """Note that all boxes of some frames are given: a segment for each run of them.

    ``lines`` says for each of the frames a line that speaks of it.
    """
    footage = rows.footage
    starts = [frame for frame in sorted(lines) if frame - 1 not in lines]
    ends = [frame + 1 for frame in sorted(lines) if frame + 1 not in lines]
    for first, end in zip(starts, ends, strict=True):
        end_s = footage.end_s if end == len(footage) else float(footage.times_s[end])
        rows.segment(lines[first], "annotated", float(footage.times_s[first]), end_s)
