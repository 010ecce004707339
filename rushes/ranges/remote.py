"""What reading from elsewhere has in common: few requests, patience with broken ones, and one content throughout.

Here: merging of spans, going on where a body broke off, and the file object with its read-ahead; what one request for
all the rest of a file answers. Not here: how a request is made (``http``, ``s3``, ``other``), keeping a whole file
(``rushes.sources.download``).
"""

from __future__ import annotations

import io
import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, cast

from rushes.errors import LinkError
from rushes.ranges.address import shown
from rushes.ranges.source import Fingerprint, Ranges, Span, changed, too_short
from rushes.store.rejects import Reason

# Tries in a row that bring nothing, and the first wait between two: 0.25, 0.5, 1, 2 s, and as long again by chance.
_TRIES = 5
_WAIT_S = 0.25
_LONGEST_WAIT_S = 60.0
# A body that breaks off after less than this has brought nothing, or a server could keep us for ever.
_PROGRESS = 1 << 16


class BrokenReadError(Exception):
    """A request failed in a way that may pass. ``after_s`` is how long the server asks to wait."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


@dataclass(frozen=True)
class Rest:
    """The answer to a request for all of a file from some byte on.

    ``start`` is the first byte that comes, 0 where the server knows no ranges; ``size`` the whole file's, None when the
    server does not say; ``version`` what tells this content from another (an ETag, a generation, a date), ``kind`` the
    content type, ``address`` the one that answered in the end.
    """

    start: int
    size: int | None
    version: str | None
    kind: str
    address: str
    pieces: Iterator[bytes]


class RemoteRanges(ABC):
    """A file elsewhere. A kind says how one request is made (``receive``); all else is the same for every kind."""

    # At 20 ms and 50 MB/s a request costs as much as 1 MB; kept far below that, since bytes are often paid for.
    gap = 1 << 16

    def __init__(self, uri: str, creds_key: str | None = None, expected: Fingerprint | None = None) -> None:
        self.name = shown(uri)
        self.uri = uri
        self.creds_key = creds_key
        self.known = expected

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __reduce__(self) -> tuple[type[RemoteRanges], tuple[str, str | None, Fingerprint | None]]:
        return (type(self), (self.uri, self.creds_key, self.known))

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span, near ones fetched by one request."""
        found: dict[Span, bytes] = {}
        for members in clusters(spans, self.gap):
            start, end = members[0][0], max(end for _, end in members)
            data = memoryview(self._fetch(start, end))
            found.update((span, bytes(data[span[0] - start : span[1] - start])) for span in members)
        return [found.get(span, b"") for span in spans]

    def open(self) -> BinaryIO:
        """Open the file as a seekable one that reads ahead."""
        return cast(BinaryIO, io.BufferedReader(RangeFile(self), 1 << 16))

    def fingerprint(self) -> Fingerprint:
        """Return what the server said of the file; when it was not asked yet, of its first byte."""
        patience = Patience(self.name)
        while self.known is None:
            try:
                self.look()
                break
            except BrokenReadError as error:
                patience.wait(error)
        if self.known is None:
            raise LinkError(Reason.UNREADABLE, f"{self.name}: its server does not tell its size")
        return self.known

    @abstractmethod
    def receive(self, start: int, end: int, into: bytearray) -> None:
        """Make one request and append what comes, even when it breaks off.

        What the answer tells of size and ETag goes to ``verify`` before any byte is kept. Raises ``BrokenReadError``
        for what may go better the next time.
        """

    @abstractmethod
    def look(self) -> None:
        """Ask for the size and the ETag, and give them to ``verify``."""

    @abstractmethod
    def rest(self, start: int, version: str | None) -> AbstractContextManager[Rest]:
        """Make one request for all from ``start`` on, of the content that is called ``version``.

        Raises ``BrokenReadError`` for what may go better the next time, then or while the pieces come, and
        ``LinkError`` with ``Reason.CHANGED`` for another content.
        """

    def verify(self, size: int | None, etag: str | None) -> None:
        """Hold what an answer says of the file against what is known of it. Raises ``LinkError`` when it changed."""
        known = self.known
        if known is None:
            self.known = Fingerprint(size, etag) if size is not None else None
            return
        other_size = size is not None and size != known.size
        if other_size or other_version(etag, known.etag):
            raise changed(self.name)

    def refuse_access(self) -> NoReturn:
        """Raise the error of a file that may not be read."""
        if self.creds_key is None:
            why = "needs credentials: name a key (--creds-key NAME, creds_key=…), or ENV for those of the environment"
        else:
            why = f"may not be read with the credentials {self.creds_key!r}"
        raise LinkError(Reason.UNREADABLE, f"{self.name}: {why}") from None

    def refuse_missing(self) -> NoReturn:
        """Raise the error of a file that is not there."""
        raise LinkError(Reason.MISSING_FILE, f"{self.name}: nothing there") from None

    def refuse(self, why: str) -> NoReturn:
        """Raise an error of the link."""
        raise LinkError(Reason.UNREADABLE, f"{self.name}: {why}") from None

    def _fetch(self, start: int, end: int) -> bytearray:
        """Return the bytes of one span, going on where a body breaks off."""
        if self.known is not None and end > self.known.size:
            raise too_short(self.name, self.known.size)
        data = bytearray()
        patience = Patience(self.name)
        while len(data) < end - start:
            before = len(data)
            try:
                self.receive(start + before, end, data)
                if len(data) < end - start:
                    raise BrokenReadError("the answer broke off")
            except BrokenReadError as error:
                patience.wait(error, len(data) - before)
        if len(data) > end - start:
            self.refuse("its server sent more bytes than were asked for")
        return data


class Patience:
    """Waits longer after each failure, and gives up after too many that brought nothing."""

    def __init__(self, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._name = name
        self._sleep = sleep
        self._failures = 0

    def wait(self, error: BrokenReadError, progress: int = 0) -> None:
        self._failures = 1 if progress >= _PROGRESS else self._failures + 1
        if self._failures >= _TRIES:
            raise LinkError(Reason.UNREADABLE, f"{self._name}: cannot be read, tried {_TRIES} times: {error}") from None
        backoff = _WAIT_S * 2 ** (self._failures - 1) * (1 + random.random())
        self._sleep(min(max(backoff, error.after_s or 0), _LONGEST_WAIT_S))


class RangeFile(io.RawIOBase):
    """A file elsewhere, seekable. Reading on fetches ever more ahead; a few places are kept, since containers hop."""

    _FIRST, _MOST, _PLACES = 1 << 17, 1 << 22, 4

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._at = 0
        self._ahead = self._FIRST
        self._held: deque[tuple[int, bytes]] = deque(maxlen=self._PLACES)

    @property
    def name(self) -> str:
        """The address, for messages."""
        return self._ranges.name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence)
        self._at = max(0, offset + (self._ranges.fingerprint().size if base is None else base))
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._ranges.fingerprint().size:
            return 0
        start, data = self._place()
        piece = data[self._at - start : self._at - start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _place(self) -> tuple[int, bytes]:
        """Return the held bytes around where we are, fetched if need be."""
        for start, data in self._held:
            if start <= self._at < start + len(data):
                return start, data
        reads_on = any(start + len(data) == self._at for start, data in self._held)
        self._ahead = min(2 * self._ahead, self._MOST) if reads_on else self._FIRST
        span = self._at, min(self._at + self._ahead, self._ranges.fingerprint().size)
        self._held.append((span[0], self._ranges.read([span])[0]))
        return self._held[-1]


def clusters(spans: Sequence[Span], gap: int) -> Iterator[list[Span]]:
    """Yield the spans that hold anything, sorted, in lists of those with no more than ``gap`` bytes between them."""
    members: list[Span] = []
    reach = 0
    for start, end in sorted(span for span in set(spans) if span[0] < span[1]):
        if members and start - reach > gap:
            yield members
            members = []
        reach = max(reach, end) if members else end
        members.append((start, end))
    if members:
        yield members


def other_version(one: str | None, two: str | None) -> bool:
    """Tell whether two names of contents are of different ones, as far as both are known."""
    return bool(one and two and _opaque(one) != _opaque(two))


def _opaque(etag: str) -> str:
    """Return an ETag without its mark of weakness: ours were all told by the same server."""
    return etag.removeprefix("W/")
