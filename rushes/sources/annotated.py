"""Rows of the annotation tables, gathered one by one by whichever format reads them.

Here: what such a row must say, and what of it can be refused in every format alike. Not here: the lines of any format
(``formats``), the tables' columns (``rushes.store.schemas``).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rushes.sources.footage import Footage
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import ANNOTATION_BOXES, ANNOTATION_SEGMENTS

STAGE = "annotations"

# Pixels. No picture is that large, and tracks' boxes are kept in float32.
_FAR = 1e9


@dataclass(frozen=True)
class Annotated:
    """The rows of one slice, as tables of the schemas' columns, and what could not become one."""

    boxes: pa.Table
    segments: pa.Table
    rejects: Sequence[Reject]


@dataclass
class Rows:
    """Gathers a video's rows of one set of annotations.

    A box or segment that does not fit the video becomes a reject. Each line may give several: their place in the line
    is counted. Call ``done`` at the end.
    """

    annotation: str
    footage: Footage
    _boxes: dict[str, list[Any]] = field(default_factory=lambda: {c.name: [] for c in ANNOTATION_BOXES.columns})
    _segments: dict[str, list[Any]] = field(default_factory=lambda: {c.name: [] for c in ANNOTATION_SEGMENTS.columns})
    _rejects: list[Reject] = field(default_factory=list)
    _items: dict[int, int] = field(default_factory=dict)
    _said: Counter[tuple[str, str]] = field(default_factory=Counter)

    def box(
        self,
        line: int,
        frame: int | None,
        ltwh: tuple[float, float, float, float],
        *,
        object_id: str | None = None,
        class_id: int | None = None,
        class_name: str | None = None,
        score: float | None = None,
        considered: bool = True,
        visibility: float | None = None,
        flags: Sequence[str] = (),
        attributes: Mapping[str, Any] | None = None,
        where: str = "",
    ) -> None:
        """Add a box: left, top, width, height in pixels from 0, as exact as they were given.

        ``frame`` None means that there is no such frame; ``where`` then says which one was meant (``frame 12``,
        ``12.5 s``).
        """
        item = self._item(line)
        if frame is None or not 0 <= frame < len(self.footage):
            last = f"the video has {len(self.footage)} frames and ends at {self.footage.end_s:g} s"
            self.reject(line, Reason.OUTSIDE_VIDEO, f"a box at {where or f'frame {frame}'}: {last}", item)
            return
        if not all(-_FAR < side < _FAR for side in ltwh) or min(ltwh[2:]) < 0:
            self.reject(line, Reason.BAD_BOX, f"a box at {where or f'frame {frame}'} of {ltwh}: no size", item)
            return
        if wrong := _unfit(class_id, object_id, class_name):
            self.reject(line, Reason.BAD_LINE, f"a box at {where or f'frame {frame}'}: {wrong}", item)
            return
        values = (
            self.footage.video_id, self.annotation, line, item, frame, object_id, class_id, class_name, *ltwh, score,
            considered, visibility, sorted(flags), _json(attributes),
        )  # fmt: skip
        for column, value in zip(self._boxes.values(), values, strict=True):
            column.append(value)

    def segment(
        self,
        line: int,
        kind: str,
        start_s: float,
        end_s: float,
        *,
        segment_id: str | None = None,
        class_id: int | None = None,
        label: str | None = None,
        score: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        closed: bool = False,
    ) -> None:
        """Add a span of time, ``[start_s, end_s)``; ``kind`` is one of the schema's. Part of it must be in the video.

        Its times are kept as given; the frames are those that the video has of it. ``closed``: the times are those of
        the first and the last frame, so that the last one is in it.
        """
        item = self._item(line)
        finite = math.isfinite(start_s) and math.isfinite(end_s)
        if not finite or end_s < start_s or (end_s == start_s and not closed):
            self.reject(
                line, Reason.BAD_SPAN, f"{kind} from {start_s:g} to {end_s:g} s: it ends before it begins", item
            )
            return
        first, end = (self.footage.through if closed else self.footage.between)(start_s, end_s)
        if first == end:
            why = f"no frame; the video ends at {self.footage.end_s:g} s"
            self.reject(line, Reason.OUTSIDE_VIDEO, f"{kind} from {start_s:g} to {end_s:g} s: {why}", item)
            return
        if wrong := _unfit(class_id, segment_id, label):
            self.reject(line, Reason.BAD_LINE, f"{kind} from {start_s:g} to {end_s:g} s: {wrong}", item)
            return
        values = (
            self.footage.video_id, self.annotation, line, item, kind, segment_id, class_id, label, float(start_s),
            float(end_s), first, end, score, _json(attributes),
        )  # fmt: skip
        for column, value in zip(self._segments.values(), values, strict=True):
            column.append(value)

    def reject(self, line: int, reason: Reason, detail: str, item: int = 0) -> None:
        """Note a line, or the ``item``-th thing in it, that cannot become a row."""
        name = f"{self.footage.video_id}.{self.annotation}.{line}" + (f".{item}" if item else "")
        words = f"line {line}: {detail}".encode(errors="backslashreplace").decode()
        self._said[name, words] += 1
        again = f" (said {self._said[name, words]} times)" if self._said[name, words] > 1 else ""
        self._rejects.append(Reject("annotation", name, STAGE, reason, words + again))

    def done(self) -> Annotated:
        """Return all that was gathered."""
        return Annotated(
            pa.table(self._boxes, schema=ANNOTATION_BOXES.arrow),
            pa.table(self._segments, schema=ANNOTATION_SEGMENTS.arrow),
            tuple(self._rejects),
        )

    def _item(self, line: int) -> int:
        item = self._items.get(line, 0)
        self._items[line] = item + 1
        return item


def _unfit(class_id: int | None, *texts: str | None) -> str | None:
    """Say why values cannot stand in a table, in words."""
    if class_id is not None and not -(1 << 31) <= class_id < 1 << 31:
        return f"{class_id} is no number of a class"
    for text in texts:
        if text is not None and not text.isascii() and text != text.encode(errors="replace").decode():
            return f"{text!r} is no text"
    return None


def _json(attributes: Mapping[str, Any] | None) -> str | None:
    """Return them as JSON, which knows no infinity: such a number becomes a string."""
    if not attributes:
        return None
    try:
        text = json.dumps(attributes, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except ValueError:
        named = json.loads(json.dumps(attributes), parse_constant=str)
        text = json.dumps(named, ensure_ascii=False, sort_keys=True)
    return text.encode(errors="replace").decode()
