"""MediaSequence's demo set: a CSV of videos, each with one label and cut into clips of ten seconds.

``url,label index,label string,duration,credits``. The clips are named as there: the file, ``_``, the second at which
the clip begins. The last one ends with the video, where the original lets it run on. Here: that table. Not here: the
records made of clips (``rushes.packaging.mediasequence``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rushes.ranges.address import shown
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.rows import Row, has_header, integer_in, number_in, record_of, records
from rushes.sources.ids import video_id_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "mediasequence"
_CLIP_S = 10


def _recognises(path: Path) -> bool:
    """Tell whether it is a table of these columns."""
    return has_header(path, "url", "label index", "label string", "duration")


def _sources(given: Given) -> Iterator[Source | Misfit]:
    """Yield a video for each row."""
    names = Names(given)
    for row in records(given):
        yield row if isinstance(row, Misfit) else _source(names, row)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Cut the video into clips of ten seconds, each a span to be kept and the label that it has."""
    rows = Rows(lines.annotation, footage)
    for number, text in lines.lines:
        _add_clips(rows, number, record_of(text))
    return rows.done()


def _source(names: Names, row: Row[dict[str, str]]) -> Source | Misfit:
    url = row.values.get("url", "").strip()
    named = names.address(url, None if "://" in url or not url else video_id_of(_file(url)))
    if isinstance(named, Refused):
        return row.misfit(named.reason, named.detail)
    return row.source(named, _NAME)


def _add_clips(rows: Rows, number: int, row: dict[str, Any]) -> None:
    label, index = str(row.get("label string") or "") or None, row.get("label index")
    class_id = integer_in(index)
    if class_id is None and index:
        rows.reject(number, Reason.BAD_LINE, f"label index {index!r} is no whole number")
    file = _file(str(row.get("url") or ""))
    end_s = min(_duration(rows, number, row.get("duration")), rows.footage.end_s)
    told = {key: value for key, value in row.items() if key not in ("label string", "label index")}
    for start in range(0, math.ceil(end_s), _CLIP_S):
        for kind in ("span", "label"):
            rows.segment(
                number, kind, start, min(start + _CLIP_S, end_s),
                segment_id=f"{file}_{start}", class_id=class_id, label=label, attributes=told,
            )  # fmt: skip


def _duration(rows: Rows, number: int, given: Any) -> float:
    """Return how much of the video is wanted: all of it where nobody says so."""
    duration = number_in(given)
    if duration is not None and duration > 0:
        return duration
    if given:
        rows.reject(number, Reason.BAD_SPAN, f"duration {given!r} is no length of time: all of the video was taken")
    return math.inf


def _file(url: str) -> str:
    return shown(url).rstrip("/").rpartition("/")[2]


FORMAT = Format(
    _NAME,
    "MediaSequence's demo CSV: url, label index, label string, duration, credits",
    _recognises,
    _sources,
    _annotations,
)
