"""Kinetics: a CSV of clips of YouTube videos, each with the action that it shows.

``label,youtube_id,time_start,time_end,split`` (and ``is_cc``), as published, or MediaSequence's
``[label_name,]video,start,end,split``, with a header or without. A video lies in ``media``, whole or as the clip that
was cut out of it (``ID_000010_000020.mp4``), or else on YouTube. Here: that table. Not here: how rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.rows import Row, beginning, integer_in, number_in, record_of, records
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "kinetics"
_VIDEO, _START, _END, _LABEL = (
    ("youtube_id", "video"),
    ("time_start", "start"),
    ("time_end", "end"),
    ("label", "label_name"),
)
_HEADERLESS = ("label_name", "video", "start", "end", "split")
# A table without a header is taken for this one only if it speaks of these.
_SPLITS = frozenset(["train", "val", "validate", "validation", "test", "custom"])
# Added to a row whose file is the clip alone, cut out of the video.
_CUT_OUT = "cut_out"


def _recognises(path: Path) -> bool:
    """Tell whether it is a table of these columns, with a header or of the shape that it has without."""
    rows = beginning(path)
    if not rows:
        return False
    return _is_header(rows[0]) or all(_is_clip(row) and row[-1] in _SPLITS for row in rows)


def _sources(given: Given) -> Iterator[Source | Misfit]:
    """Yield a video for each row; the same one for each of its clips, unless the clips are files of their own."""
    names = Names(given)
    for row in records(given, _columns(given.path)):
        yield row if isinstance(row, Misfit) else _source(names, row)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Turn each clip into a span to be kept: its part of the video, or all of a file that was cut out."""
    rows = Rows(lines.annotation, footage)
    for number, text in lines.lines:
        _add_clip(rows, number, record_of(text))
    return rows.done()


def _add_clip(rows: Rows, number: int, row: dict[str, Any]) -> None:
    start, end = number_in(_field(row, _START)), number_in(_field(row, _END))
    cut_out = bool(row.get(_CUT_OUT))
    if not cut_out and (start is None or end is None):
        rows.reject(number, Reason.BAD_SPAN, f"from {_field(row, _START)!r} to {_field(row, _END)!r}: no seconds")
        return
    span = (0.0, rows.footage.end_s) if cut_out else (start or 0.0, end or 0.0)
    not_told = {*_LABEL, _CUT_OUT, *(() if cut_out else (*_VIDEO, *_START, *_END))}
    told = {key: value for key, value in row.items() if key not in not_told and value != ""}
    label = str(_field(row, _LABEL) or "") or None
    rows.segment(number, "span", *span, segment_id=_clip_name(row), label=label, attributes=told)


def _source(names: Names, row: Row[dict[str, str]]) -> Source | Misfit:
    video = str(_field(row.values, _VIDEO) or "").strip()
    if not video:
        return row.misfit(Reason.BAD_LINE, "it names no video")
    clip = _clip_name(row.values)
    cut_out = names.present(clip) if clip else None
    named = cut_out or names.youtube(video)
    if isinstance(named, Refused):
        return row.misfit(named.reason, named.detail)
    values: dict[str, Any] = {**row.values, **({_CUT_OUT: True} if cut_out else {})}
    return replace(row, values=values).source(named, _NAME)


def _clip_name(row: dict[str, Any]) -> str | None:
    """Return the name that the published files have: id, begin and end in whole seconds."""
    video, start, end = _field(row, _VIDEO), integer_in(_field(row, _START)), integer_in(_field(row, _END))
    return f"{video}_{start:06d}_{end:06d}" if video and start is not None and end is not None else None


def _field(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if name in row), None)


def _columns(path: Path) -> list[str] | None:
    """Return the columns of a file that does not name them."""
    first = next(iter(beginning(path, 1)), [])
    return list(_HEADERLESS[-len(first) :]) if _is_clip(first) else None


def _is_header(row: list[str]) -> bool:
    return all(set(names) & set(row) for names in (_VIDEO, _START, _END)) and "split" in row


def _is_clip(row: list[str]) -> bool:
    return len(row) in (4, 5) and None not in (number_in(row[-3]), number_in(row[-2])) and number_in(row[-1]) is None


FORMAT = Format(
    _NAME,
    "Kinetics' CSV: label, youtube_id, time_start, time_end, split; videos from YouTube or in --media",
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
