"""What was appended: one row for each append, one field for each column, null where an append had nothing for it.

A row becomes a Parquet file of its own by one conditional write, and counts from then on: a killed process leaves the
whole row or none, and of two writers at once one takes the next number. Of every 64 files one is made, and of every 64
of these, so that there are never many. A file is named by the rows in it, and knows how many samples each column has
up to its end: the last one tells all lengths, and a sample is found by looking at few. Here: rows and files. Not here:
what the values mean (``kinds``).
"""

from __future__ import annotations

import bisect
import io
import json
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import StoreError
from rushes.store.objects import Objects

_FAN = 64
_LARGEST = 64 << 20  # files are not merged beyond so many bytes: one is read whole for a single sample of it
_KEPT = 16
_TRIES = 6
_ENDS = b"rushes.ends"
_MARK = "_mark"
_NAME = re.compile(r"(\d+)-(\d+)\.parquet")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Span:
    """The rows [start, end) of one file."""

    start: int
    end: int


class Rows:
    """The rows in one folder. Safe for several threads, and for several processes that append at once."""

    def __init__(self, objects: Objects, folder: str) -> None:
        self._objects = objects
        self._folder = folder
        self._lock = threading.RLock()
        self._ends: dict[_Span, dict[str, int]] = {}
        self._values: OrderedDict[tuple[_Span, str], pa.Array] = OrderedDict()
        self._spans: list[_Span] | None = None

    def count(self, column: str) -> int:
        """Return how many samples a column has."""
        return self._steadily(lambda spans: self._counts(spans).get(column, 0))

    def value(self, column: str, number: int) -> pa.Scalar:
        """Return one sample of a column; ``number`` is less than its count."""
        return self._steadily(lambda spans: self._value(spans, column, number))

    def append(self, values: Mapping[str, pa.Array]) -> None:
        """Add a row: for some columns an array of one value. It is there whole when this returns, or not at all."""
        mark = secrets.token_hex(8)
        with self._lock:
            while True:
                number, ends = self._steadily(lambda spans: (spans[-1].end if spans else 0, self._counts(spans)))
                ends = ends | {column: ends.get(column, 0) + 1 for column in values}
                span = _Span(number, number + 1)
                rows = pa.table({_MARK: [mark], **values})
                made = self._objects.create(self._path(span), _parquet(rows, ends))
                self._spans = None
                if made and self._holds(span, mark):
                    break
                if made:  # this number was taken, and its row merged since: ours counts for nothing
                    self._objects.delete(self._path(span))
        with suppress(OSError):  # the row is there; merging has another chance
            self._merge_up_to(number + 1)

    def _counts(self, spans: list[_Span]) -> dict[str, int]:
        return self._ends_of(spans[-1]) if spans else {}

    def _value(self, spans: list[_Span], column: str, number: int) -> pa.Scalar:
        span = spans[bisect.bisect_left(spans, number + 1, key=lambda span: self._ends_of(span).get(column, 0))]
        values = self._values_of(span, column)
        return values[number - self._ends_of(span)[column] + len(values)]

    def _holds(self, span: _Span, mark: str) -> bool:
        """Tell whether a row counts: by its own file, or in one that it was merged into."""

        def answer(spans: list[_Span]) -> bool:
            cover = spans[bisect.bisect_right(spans, span.start, key=lambda other: other.start) - 1]
            return cover == span or mark in self._values_of(cover, _MARK).to_pylist()

        return self._steadily(answer)

    def _steadily(self, question: Callable[[list[_Span]], Answer]) -> Answer:
        """Answer by the files that there are, listed anew when one was merged away meanwhile."""
        with self._lock:
            for attempt in range(_TRIES):
                try:
                    if self._spans is None:
                        self._spans = self._listed()
                    return question(self._spans)
                except FileNotFoundError:
                    self._spans = None
                    time.sleep(0.02 * attempt)
        raise StoreError(f"{self._objects.full_uri(self._folder)}: some of its rows are missing")

    def _listed(self) -> list[_Span]:
        """List the files that count, in order: not those whose rows are in a larger one as well."""
        names = (_NAME.fullmatch(name.rsplit("/", 1)[-1]) for name in self._objects.list(self._folder))
        found = [_Span(int(name[1]), int(name[2])) for name in names if name]
        spans: list[_Span] = []
        for span in sorted(found, key=lambda span: (span.start, -span.end)):
            reach = spans[-1].end if spans else 0
            if span.start > reach:
                raise FileNotFoundError(self._path(_Span(reach, span.start)))
            if span.start == reach:
                spans.append(span)
        return spans

    def _ends_of(self, span: _Span) -> dict[str, int]:
        """Return how many samples each column has up to the end of a file."""
        if span not in self._ends:
            with self._objects.open(self._path(span)) as handle:
                self._ends[span] = json.loads(pq.read_metadata(handle).metadata[_ENDS])
        return self._ends[span]

    def _values_of(self, span: _Span, column: str) -> pa.Array:
        """Return a column's samples in a file; those of the files used last are kept."""
        values = self._values.pop((span, column), None)
        if values is None:
            with self._objects.open(self._path(span)) as handle:
                table = pq.read_table(handle, columns=[column], partitioning=None)
            values = table.column(column).combine_chunks().drop_null()
        self._values[span, column] = values
        while len(self._values) > _KEPT:
            self._values.popitem(last=False)
        return values

    def _merge_up_to(self, end: int) -> None:
        size = _FAN
        while end % size == 0:
            self._merge(_Span(end - size, end))
            size *= _FAN

    def _merge(self, whole: _Span) -> None:
        parts = [span for span in self._listed() if whole.start <= span.start and span.end <= whole.end]
        if len(parts) < 2 or sum(self._objects.size(self._path(part)) for part in parts) > _LARGEST:
            return
        tables = [pq.read_table(pa.BufferReader(self._objects.read(self._path(part)))) for part in parts]
        ends = self._ends_of(parts[-1])
        plain = [table.replace_schema_metadata(None) for table in tables]
        self._objects.write(self._path(whole), _parquet(pa.concat_tables(plain, promote_options="default"), ends))
        with self._lock:
            self._spans = None
        for part in parts:
            self._objects.delete(self._path(part))

    def _path(self, span: _Span) -> str:
        return f"{self._folder}/{span.start:010d}-{span.end:010d}.parquet"


def _parquet(rows: pa.Table, ends: Mapping[str, int]) -> bytes:
    sink = io.BytesIO()
    described = rows.replace_schema_metadata({_ENDS: json.dumps(ends).encode()})
    pq.write_table(described, sink, compression="zstd")
    return sink.getvalue()
