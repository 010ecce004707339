"""Fetching one file from the web, S3 or another driver: by one request, and by another from where that one broke off.

Here: going on, beginning anew, and when to give up. Not here: how a request is made (``rushes.ranges``), videos inside
of pages (``site``), what is done with the file (``download``).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rushes.errors import LinkError, VideoError
from rushes.ranges.remote import BrokenReadError, Patience, RemoteRanges, Rest
from rushes.ranges.source import changed
from rushes.sources.download.pace import Pace
from rushes.sources.download.spool import Content, Part
from rushes.sources.download.watched import watched
from rushes.store.rejects import Reason

if TYPE_CHECKING:
    from rushes.settings import Ingest

Count = Callable[[int, int | None], None]

_HEAD = 1024
_BYTE_ORDER = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_Y4M = b"YUV4MPEG2"
_CONTROL = bytes({*range(32)} - {*b"\t\n\r\f\x1b"} | {127})


class PageError(Exception):
    """What came is text: a page, perhaps with a video in it, but none itself."""


@dataclass(frozen=True)
class Fetched:
    """What is known of a file that has come whole."""

    address: str
    kind: str
    version: str | None


class Fetching:
    """One file on its way into a part."""

    def __init__(self, ranges: RemoteRanges, part: Part, limits: Ingest, count: Count) -> None:
        self._ranges = ranges
        self._part = part
        self._most = limits.max_bytes
        self._count = count
        self._pace = Pace(ranges.name, limits)
        self._reached = part.received
        self._judged = False
        self._last: Fetched | None = None

    def __call__(self) -> Fetched:
        """Bring all of it. Raises ``PageError``, ``LinkError`` for what may pass, ``VideoError`` for what will not."""
        patience = Patience(self._ranges.name, self._pace.pause)
        while not self._is_whole():
            reached = self._reached
            try:
                self._bring_rest()
                break
            except BrokenReadError as error:
                patience.wait(error, self._reached - reached)
            except LinkError as error:
                if error.reason == Reason.MISSING_FILE:
                    raise VideoError(error.reason, str(error)) from None
                if error.reason != Reason.CHANGED:
                    raise
                self._part.begin(Content(None, None))
                patience.wait(BrokenReadError("it changes while it is read"))
        if self._part.received == 0:
            raise VideoError(Reason.EMPTY_FILE, f"{self._ranges.name}: the file is empty")
        self._judge(whole=True)
        version = self._part.content.version if self._part.content else None
        return self._last or Fetched(self._ranges.uri, "", version)

    def _is_whole(self) -> bool:
        """Tell whether all had come when an earlier run ended."""
        size = self._part.content.size if self._part.content else None
        return size is not None and 0 < size == self._part.received

    def _bring_rest(self) -> None:
        with closing(watched(self._answer)) as words:  # type: ignore[type-var]
            for word in words:
                if isinstance(word, Rest):
                    self._take_up(word)
                elif word is not None:
                    self._take(word)
                self._pace.check()
        size = self._part.content.size if self._part.content else None
        if size is not None and self._part.received < size:
            raise BrokenReadError("the answer broke off")

    def _answer(self) -> Iterator[Rest | bytes]:
        """Yield the answer to one request, and its body."""
        version = self._part.content.version if self._part.content and self._part.received else None
        with self._ranges.rest(self._part.received, version) as rest:
            yield rest
            yield from rest.pieces

    def _take_up(self, rest: Rest) -> None:
        """Go on with an answer, or begin anew when it is one from the first byte."""
        if rest.size is not None and rest.size > self._most:
            self._refuse_size()
        content = Content(rest.size, rest.version)
        known = self._part.content
        if rest.start == 0:
            self._part.begin(content)
        elif known is not None and None not in (known.size, rest.size) and known.size != rest.size:
            raise changed(self._ranges.name)
        elif known is not None and known.size is None:
            self._part.content = Content(rest.size, known.version)
        self._last = Fetched(rest.address, rest.kind, rest.version)
        self._count(self._part.received, rest.size)

    def _take(self, piece: bytes) -> None:
        self._part.write(piece)
        size = self._part.content.size if self._part.content else None
        if self._part.received > self._most:
            self._refuse_size()
        if size is not None and self._part.received > size:
            raise VideoError(Reason.UNREADABLE, f"{self._ranges.name}: its server sent more bytes than it said")
        self._reached = max(self._reached, self._part.received)
        self._judge()
        self._count(self._part.received, size)
        self._pace.came(len(piece))

    def _judge(self, whole: bool = False) -> None:
        """Raise ``PageError`` when what came is text, as soon as that can be told."""
        if not self._judged and (whole or self._part.received >= _HEAD):
            self._judged = True
            if is_text(self._part.head(_HEAD)):
                raise PageError

    def _refuse_size(self) -> NoReturn:
        raise VideoError(
            Reason.TOO_LARGE, f"{self._ranges.name}: more than ingest.max_bytes = {self._most} bytes: not downloaded"
        )


def is_text(head: bytes) -> bool:
    """Tell whether a file begins as one of text does: HTML, JSON, XML, a message. No video but y4m begins so."""
    if head.startswith(_BYTE_ORDER):
        return True
    if head.startswith(_Y4M) or head.translate(None, _CONTROL) != head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return head.lstrip().startswith(b"<")  # a page in an older code
    return True


def begins_as_text(path: Path) -> bool:
    """Tell the same of a file."""
    with path.open("rb") as file:
        return is_text(file.read(_HEAD))
