"""A plain table of videos: CSV, TSV, JSON lines or Parquet, with a column that says where each video is.

That column is ``uri`` (or url, path, file, video); ``video_id`` (or id, name) names the video; ``start_s`` and
``end_s`` say that only this part is to be kept, in several rows if need be; ``label`` says what it shows. All other
columns become attributes. Here: what these columns mean, and reading Parquet. Not here: CSV (``rows``), JSON
(``lines``), who may be named (``named``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats import ava, charades, kinetics, mediasequence
from rushes.sources.formats.lines import beginning as beginning_of_text
from rushes.sources.formats.lines import first_object, misfit, objects
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.rows import Row, beginning, check_unique, lists, number_in, record_of, records
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "table"
_URI, _ID = ("uri", "url", "path", "file", "video"), ("video_id", "id", "name")
_START, _END, _LABEL = ("start_s",), ("end_s",), ("label",)
# Tables with such columns that are formats of their own.
_OTHERS = (mediasequence.FORMAT, charades.FORMAT, kinetics.FORMAT, ava.FORMAT)
_BATCH = 4_096


def _recognises(path: Path) -> bool:
    """Tell whether there is a column that names videos, in a table that is no other format's."""
    if _is_parquet(path):
        return _names_videos(path)
    first = first_object(path)
    if first is not None:
        # Lists of clips and tracks within a row are other formats' way.
        return _Columns.of(tuple(first)).uri is not None and not any(isinstance(v, list | dict) for v in first.values())
    rows = beginning(path, 1)
    has_column = bool(rows) and _Columns.of(tuple(rows[0])).uri is not None
    return has_column and not any(other.recognises(path) for other in _OTHERS)


def _sources(given: Given) -> Iterator[Source | Misfit]:
    """Yield a video for each row. Raises ``SettingsError`` for a table without a column that names them."""
    names = Names(given)
    for row in _rows(given):
        yield row if isinstance(row, Misfit) else _source(names, row)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Turn rows with a begin or an end into spans to be kept, others into labels of the whole video."""
    rows = Rows(lines.annotation, footage)
    for number, text in lines.lines:
        _add(rows, number, record_of(text))
    return rows.done()


@dataclass(frozen=True)
class _Columns:
    """Which columns mean what; the others are attributes."""

    uri: str | None
    video_id: str | None
    start: str | None
    end: str | None
    label: str | None

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, names: tuple[str, ...]) -> _Columns:
        lower = {name.strip().lower(): name for name in reversed(names)}
        return cls(*(_first(lower, wanted) for wanted in (_URI, _ID, _START, _END, _LABEL)))

    @property
    def known(self) -> tuple[str | None, ...]:
        return (self.uri, self.video_id, self.start, self.end, self.label)


def _first(there: dict[str, str], wanted: Sequence[str]) -> str | None:
    return next((there[name] for name in wanted if name in there), None)


def _source(names: Names, row: Row[dict[str, Any]]) -> Source | Misfit:
    columns = _Columns.of(tuple(row.values))
    uri = _said(row.values, columns.uri)
    if not isinstance(uri, str):
        return row.misfit(Reason.BAD_LINE, "it names no video")
    video_id = _said(row.values, columns.video_id)
    named = names.address(uri.strip(), None if video_id is None else str(video_id).strip())
    if isinstance(named, Refused):
        return row.misfit(named.reason, named.detail)
    return row.source(named, _NAME)


def _add(rows: Rows, number: int, row: dict[str, Any]) -> None:
    columns = _Columns.of(tuple(row))
    label, start, end = (_said(row, column) for column in (columns.label, columns.start, columns.end))
    told = {key: value for key, value in row.items() if key not in columns.known and value not in (None, "")}
    if start is None and end is None:
        if label is not None or told:
            rows.segment(number, "label", 0.0, rows.footage.end_s, label=_text(label), attributes=told)
        return
    start_s = 0.0 if start is None else number_in(start)
    end_s = rows.footage.end_s if end is None else number_in(end)
    if start_s is None or end_s is None:
        rows.reject(number, Reason.BAD_SPAN, f"from {start!r} to {end!r}: no seconds")
        return
    rows.segment(number, "span", start_s, end_s, label=_text(label), attributes=told)


def _said(row: dict[str, Any], column: str | None) -> Any:
    """Return what a row says in a column; None where it says nothing."""
    value = row.get(column) if column is not None else None
    return None if isinstance(value, str) and not value.strip() else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip()


def _names_videos(path: Path) -> bool:
    try:
        return _Columns.of(tuple(_parquet_names(path))).uri is not None
    except SettingsError:
        return True  # no other format is Parquet, so that a damaged file is told of when it is read


def _rows(given: Given) -> Iterator[Row[dict[str, Any]] | Misfit]:
    """Yield the rows of a table of any kind."""
    if _is_parquet(given.path):
        names = _parquet_names(given.path)
        _check_columns(given, names)
        check_unique(given, names)
        yield from _parquet(given)
    elif next(iter(beginning_of_text(given.path, 1)), "").startswith(("{", "[")):
        yield from _json(given)
    else:
        first = next(lists(given), None)
        if not isinstance(first, Misfit):
            _check_columns(given, [name.strip() for name in first.values] if first else [])
        yield from records(given)


def _check_columns(given: Given, names: Sequence[str]) -> None:
    if _Columns.of(tuple(names)).uri is None:
        raise SettingsError(f"{given.name}: no column says where the videos are: call it one of {', '.join(_URI)}")


def _json(given: Given) -> Iterator[Row[dict[str, Any]] | Misfit]:
    for number, text, row in objects(given.path):
        if row is None:
            yield misfit(given, number, text, "no JSON object")
        else:
            yield Row(given, number, _plain(row))


def _parquet(given: Given) -> Iterator[Row[dict[str, Any]]]:
    number = 0
    try:
        for batch in _open_parquet(given.path).iter_batches(_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield Row(given, number, _plain(row))
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise SettingsError(_damaged(given.path, error)) from error


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN means nothing, times and bytes become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _parquet_names(path: Path) -> list[str]:
    return list(_open_parquet(path).schema_arrow.names)


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise SettingsError(_damaged(path, error)) from error


def _damaged(path: Path, error: Exception) -> str:
    return f"{path}: Parquet that cannot be read: {' '.join(str(error).split())}"


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as handle:
        return handle.read(4) == b"PAR1"


FORMAT = Format(
    _NAME,
    "a table (CSV, TSV, JSON lines, Parquet) with a column uri, and video_id, start_s, end_s, label, … if you like",
    _recognises,
    _sources,
    _annotations,
)
