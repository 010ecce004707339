"""Rows of CSV files, as they were meant: quoted fields, line breaks inside them, whichever delimiter.

Here: from a file to rows, each of which ends as one ``Row`` or one ``Misfit``. Not here: what the columns mean (each
format), lines and compression (``lines``). A quote that is never closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Generic, TypeVar

from rushes.errors import SettingsError
from rushes.sources.formats.lines import beginning as beginning_of_text
from rushes.sources.formats.lines import misfit, numbered, parsed, place
from rushes.sources.formats.named import Named
from rushes.sources.source import Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_DELIMITERS = ",;\t"
# A quoted field of more lines is taken for one whose end was forgotten.
_MOST_LINES = 1_000
_UNCLOSED = "a quote that is not closed"
_LARGEST_INT = 2**31 - 1

Values = TypeVar("Values")


@dataclass(frozen=True)
class Row(Generic[Values]):
    """A row of a file: the line that it begins at, and its values, in order or by the names of the header."""

    given: Given
    number: int
    values: Values

    @property
    def place(self) -> str:
        """The file and line."""
        return place(self.given, self.number)

    @property
    def text(self) -> str:
        """The row as one line of JSON, which is how slices hold it."""
        return json.dumps(self.values, ensure_ascii=False, separators=(",", ":"))

    def source(self, named: Named, annotation: str) -> Source:
        """Return the video that the row names, with the row as what is said of it."""
        return Source(
            named.uri, named.video_id, self.place, named.within,
            (Slice(annotation, self.given.name, ((self.number, self.text),)),),
        )  # fmt: skip

    def misfit(self, reason: Reason, detail: str) -> Misfit:
        """Return the row as one that cannot name a video."""
        return misfit(self.given, self.number, self.text, detail, reason)


def lists(given: Given) -> Iterator[Row[list[str]] | Misfit]:
    """Yield the rows of a file without a header."""
    for number, fields, wrong in _parsed(numbered(given.path)):
        if wrong is None:
            yield Row(given, number, fields)
        else:
            yield misfit(given, number, fields[0], wrong)


def records(given: Given, names: Sequence[str] | None = None) -> Iterator[Row[dict[str, str]] | Misfit]:
    """Yield the rows by the names of their columns: those of the first row, unless ``names`` says them.

    Raises ``SettingsError`` for a header that cannot be read, or names two columns alike.
    """
    rows = lists(given)
    if names is None:
        names = _header(given, next(rows, None))
    for row in rows:
        if isinstance(row, Misfit):
            yield row
        elif len(row.values) != len(names):
            yield row.misfit(Reason.BAD_LINE, f"a row of {len(row.values)}, where there are {len(names)} columns")
        else:
            yield Row(given, row.number, dict(zip(names, row.values, strict=True)))


def beginning(path: Path, count: int = 20) -> list[list[str]]:
    """Return the first rows of a file, to tell its format by; none of a folder, or a file that is no text."""
    rows = islice(_parsed(enumerate(beginning_of_text(path), 1)), count)
    return [[field.strip() for field in fields] for _, fields, wrong in rows if not wrong]


def has_header(path: Path, *columns: str) -> bool:
    """Tell whether a file's first row names all these columns."""
    return set(columns) <= set(next(iter(beginning(path, 1)), []))


def check_unique(given: Given, names: Sequence[str]) -> None:
    """Raise ``SettingsError`` where two columns have the same name."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{given.name}: two columns are called {twice!r}: rename one of them")


def number_in(value: Any) -> float | None:
    """Return the finite number that a field holds, or None."""
    # Python would read 1_000 as a number.
    if isinstance(value, bool) or not isinstance(value, str | int | float) or "_" in str(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def integer_in(value: Any) -> int | None:
    """Return the whole number of 32 bits that a field holds, or None."""
    number = number_in(value)
    return int(number) if number is not None and number.is_integer() and abs(number) <= _LARGEST_INT else None


def row_of(text: str) -> Any:
    """Return the values of a slice's line; None for text that no row was written as."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def record_of(text: str) -> dict[str, Any]:
    """Return the values of a slice's line by their names; none for text that no row was written as."""
    return parsed(text) or {}


class _Feed:
    """Hands lines to the csv reader, and remembers those that the present row took."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._lines = iter(lines)
        self._again: deque[tuple[int, str]] = deque()
        self._taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= _MOST_LINES:
            raise csv.Error(_UNCLOSED)
        number, text = self._again.popleft() if self._again else next(self._lines)
        # Blank lines are no rows, but they are part of a quoted field.
        blank = number - self._taken[-1][0] - 1 if self._taken else 0
        self._taken.append((number, text))
        return "\n" * blank + text + "\n"

    def row_ends(self) -> int:
        """Return the number of the line at which the row began; another one begins now."""
        number = self._taken[0][0]
        self._taken.clear()
        return number

    def row_fails(self) -> tuple[int, str]:
        """Return the line at which the row began; the next one begins at the line after it."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self._taken.clear()
        return first


def _parsed(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str], str | None]]:
    """Yield the number of each row's first line, and its fields; or that line, and what is wrong with it."""
    lines = iter(lines)
    first = next(lines, None)
    if first is None:
        return
    feed = _Feed(chain([first], lines))
    reader = csv.reader(feed, delimiter=_delimiter(first[1]), strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number, text = feed.row_fails()
            ends = "unexpected end of data" in str(error)
            yield number, [text], f"fields that cannot be told apart: {_UNCLOSED if ends else error}"
        else:
            number = feed.row_ends()
            yield number, fields, None


def _delimiter(first: str) -> str:
    """Return the delimiter that takes a file's first line apart into most fields."""

    def fields(delimiter: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=fields)


def _header(given: Given, row: Row[list[str]] | Misfit | None) -> list[str]:
    if row is None:
        return []
    if isinstance(row, Misfit):
        raise SettingsError(f"{row.place}: the header cannot be read: {row.detail}")
    names = [field.strip() or f"column {at}" for at, field in enumerate(row.values, 1)]
    check_unique(given, names)
    return names
