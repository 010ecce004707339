"""One object of a store in S3, open for reading by ranges.

The first request brings its end, where Parquet has its footer, and all of a small object; further ones read ahead. All
are of one content, by its ETag. Here: what is held and what is asked for. Not here: requests (``bucket``), reading
ahead (``rushes.ranges.remote``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import BinaryIO, cast

from rushes.ranges.remote import RangeFile
from rushes.ranges.source import Fingerprint, Span

TAIL = 1 << 18


class StoredObject:
    """An object whose last bytes are held.

    ``end`` are these bytes and ``whole`` the size and ETag that came with them; ``fetch`` asks for any others.
    """

    gap = 1 << 16

    def __init__(self, name: str, whole: Fingerprint, end: bytes, fetch: Callable[[int, int], bytes]) -> None:
        self.name = name
        self._whole = whole
        self._end = end
        self._fetch = fetch

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span; those of the end that is held cost no request."""
        held_from = self._whole.size - len(self._end)
        found = []
        for start, end in spans:
            ahead = self._fetch(start, min(end, held_from)) if start < held_from else b""
            found.append(ahead + self._end[max(start - held_from, 0) : max(end - held_from, 0)])
        return found

    def open(self) -> BinaryIO:
        """Return it as a seekable file."""
        return cast(BinaryIO, io.BufferedReader(RangeFile(self), 1 << 16))

    def fingerprint(self) -> Fingerprint:
        """Return its size and ETag."""
        return self._whole
