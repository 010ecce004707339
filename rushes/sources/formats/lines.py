"""Text files line by line, and the JSON objects in them.

Here: numbered lines, opened through gzip when it is gzip by its first bytes; objects, one a line or in one array; the
misfit of a line. Whatever the bytes, nothing crashes and nothing is left out: what cannot be read comes as a line that
makes no sense, and only damaged gzip stops everything. Not here: rows of CSV (``rows``), what the lines mean.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rushes.errors import SettingsError
from rushes.sources.source import Given, Misfit
from rushes.store.rejects import Reason

# A line, or an object of an array, that is longer is no annotation.
LONGEST = 64 << 20
_CHUNK = 1 << 20
_BEGINNING = 64 << 10
# To tell a format by its first object, no more of a file is looked at.
_LONGEST_FIRST = 4 << 20
_SHOWN = 200
# What is no UTF-8 becomes ``\xff``: to be seen by people, and no valid JSON wherever it stands.
_UNDECODABLE = "backslashreplace"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)

Item = tuple[int, str, dict[str, Any] | None]


def numbered(path: Path, longest: int = LONGEST) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their numbers from 1, without line breaks and byte order mark.

    Of a line that is too long only the beginning comes, with ``…`` after it. Raises ``SettingsError`` when gzip is
    damaged.
    """
    with _opened(path) as handle:
        yield from _numbered(path, handle, longest)


def objects(path: Path, longest: int = LONGEST) -> Iterator[Item]:
    """Yield (number, text, object) of JSON lines, or of the items of one JSON array or of pretty-printed objects.

    The text is one line, as it stands in the file. The object is None where there is none; after a mistake in an array
    nothing more can be told apart, so that the rest of the file is the last item.
    """
    first = beginning(path, 1)
    with _opened(path) as handle:
        yield from _objects(path, handle, longest, first[0] if first else "")


def parsed(text: str) -> dict[str, Any] | None:
    """Return a JSON object, or None for what is none: broken, another kind of value, or with half characters in it.

    ``NaN`` and ``Infinity``, which some write, are taken for strings.
    """
    try:
        return _sound(json.loads(text, parse_constant=str), text)
    except (ValueError, RecursionError):
        return None


def beginning(path: Path, count: int = 50) -> list[str]:
    """Return the first lines that are not blank, stripped, as far as 64 KiB go; none of a folder, or of no text."""
    data = _head(path, _BEGINNING)
    if b"\0" in data:
        return []
    text = data.removeprefix(codecs.BOM_UTF8).decode(errors=_UNDECODABLE)
    return [line.strip() for line in text.split("\n") if line.strip()][:count]


def first_object(path: Path) -> dict[str, Any] | None:
    """Return the object that a file of JSON begins with; None when it does not begin with one."""
    first = next(iter(beginning(path, 1)), "")
    if not first.startswith(("{", "[")):
        return None
    head = io.BytesIO(_head(path, _LONGEST_FIRST))
    return next((found for _, _, found in _objects(path, head, _LONGEST_FIRST, first)), None)


def place(given: Given, number: int) -> str:
    """Say where a line stands."""
    return f"{given.name}:{number}"


def misfit(given: Given, number: int, text: str, detail: str, reason: Reason = Reason.BAD_LINE) -> Misfit:
    """Make of a line a misfit, which quotes its beginning."""
    quoted = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return Misfit(place(given, number), reason, detail, quoted)


def _numbered(path: Path, handle: io.BufferedIOBase, longest: int) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        while raw := handle.readline(longest):
            number += 1
            if text := _text(raw, handle, cut=len(raw) == longest, first=number == 1):
                yield number, text
    except _DAMAGED as error:
        raise SettingsError(f"{path}: damaged gzip after line {number} ({error}): fetch it again") from error


def _objects(path: Path, handle: io.BufferedIOBase, longest: int, first: str) -> Iterator[Item]:
    """Yield the objects in a file that begins with a line."""
    if first.startswith("[") or first == "{":
        values = _Values(path, handle, longest, in_array=first != "{")
        yield from ((number, *item) for number, item in enumerate(values.items(), 1))
        return
    for number, text in _numbered(path, handle, longest):
        yield number, text, parsed(text)


def _head(path: Path, size: int) -> bytes:
    """Return what a file begins with, unzipped, and no more of it than that; nothing of a folder."""
    data = b""
    if path.is_file():
        with suppress(OSError, *_DAMAGED), _opened(path) as handle:
            while len(data) < size and (more := handle.read1(size - len(data))):
                data += more
    return data


def _opened(path: Path) -> io.BufferedReader | gzip.GzipFile:
    raw = path.open("rb")
    if raw.peek(2)[:2] != b"\x1f\x8b":
        return raw
    raw.close()
    return gzip.open(path)


def _text(raw: bytes, handle: io.BufferedIOBase, *, cut: bool, first: bool) -> str:
    """Return a line's text, empty when it is blank; read past the rest of one that is too long."""
    if first:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    if cut and not raw.endswith(b"\n"):
        while (rest := handle.readline(_CHUNK)) and not rest.endswith(b"\n"):
            pass
        return raw[:_SHOWN].decode(errors=_UNDECODABLE) + "…"
    text = raw.decode(errors=_UNDECODABLE).rstrip("\r\n")
    return text if text.strip() else ""


def _sound(value: Any, text: str) -> dict[str, Any] | None:
    r"""Return an object; None for another value, and for strings with one half of a ``\ud83d\ude00``."""
    if not isinstance(value, dict):
        return None
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


class _Values:
    """Takes JSON values from a stream: an array's, or such as follow one another.

    No more of it is held than one of them needs.
    """

    _decoder = json.JSONDecoder(parse_constant=str)

    def __init__(self, path: Path, handle: io.BufferedIOBase, longest: int, *, in_array: bool) -> None:
        self._path = path
        self._handle = handle
        self._longest = longest
        self._in_array = in_array
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors=_UNDECODABLE)
        self._text = ""
        self._at = 0
        self._ended = False

    def items(self) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Yield each value's text, and the object that it is; last, what is wrong in the file, if anything is."""
        if self._in_array:
            self._skip()
            self._at += 1
        while self._skip(",") not in ("", "]"):
            found = self._value()
            if found is None:
                yield self._lost(), None
                return
            yield found
        if self._in_array and self._skip() != "]":
            yield "(the file ends within the array)", None
            return
        self._at += self._in_array
        if self._skip():
            yield self._lost(), None

    def _value(self) -> tuple[str, dict[str, Any] | None] | None:
        """Take the value that begins here; None when no value does."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = len(self._text)
            else:
                if end < len(self._text) or self._ended:
                    return self._taken(value, end)
            if self._ended or end - self._at > self._longest:
                return None
            self._more()

    def _taken(self, value: Any, end: int) -> tuple[str, dict[str, Any] | None]:
        text = _one_line(self._text[self._at : end])
        self._at = end
        try:
            return text, _sound(value, text)
        except (ValueError, RecursionError):
            return text, None

    def _lost(self) -> str:
        return "(nothing can be told apart from here on) " + _one_line(self._text[self._at : self._at + _SHOWN])

    def _skip(self, also: str = "") -> str:
        """Go to the next character that is no white space and none of ``also``; return it, empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n" + also:
                    return self._text[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Read as much again as is waiting, so that a long value is not tried too often."""
        rest = self._text[self._at :]
        try:
            data = self._handle.read(max(_CHUNK, len(rest)))
        except _DAMAGED as error:
            raise SettingsError(f"{self._path}: damaged gzip ({error}): fetch it again") from error
        self._ended = not data
        self._text = rest + self._decode.decode(data, final=self._ended)
        self._at = 0


def _one_line(text: str) -> str:
    """Return JSON without its line breaks, which can only stand between its parts."""
    return text.replace("\n", " ").replace("\r", " ")
