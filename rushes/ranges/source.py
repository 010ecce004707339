"""A file as byte ranges, and the way from its address to them.

Here: what every kind of file offers (``Ranges``), local files, and ``open_ranges``, which picks the kind. Not here: the
kinds that are elsewhere (``http``, ``s3``, ``other``), and who may read them (``credentials``).
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from rushes.errors import LinkError, VideoError
from rushes.ranges.address import local_path, protocol_of
from rushes.store.rejects import Reason

Span = tuple[int, int]


@dataclass(frozen=True)
class Fingerprint:
    """What tells one content of a file from another: its size, and the server's ETag where there is one."""

    size: int
    etag: str | None


class Ranges(Protocol):
    """A file's bytes by ranges. Safe to use from several threads, after a fork, and in a process it was sent to.

    ``name`` is the file's address for messages, without a password or query; ``gap`` is the number of bytes between two
    wanted spans up to which one request is cheaper than two.
    """

    name: str
    gap: int

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span ``[start, end)``: exactly them, or an error.

        Raises ``LinkError`` or ``VideoError`` for a file that cannot be read, or is no longer the one expected.
        """
        ...

    def open(self) -> BinaryIO:
        """Open the file as a seekable one, for containers that need one."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Tell the file's content from another, by no or one small request."""
        ...


def open_ranges(
    uri: str, creds_key: str | None = None, expected: Fingerprint | None = None, trust: str = "any"
) -> Ranges:
    """Return the ranges of a file: a path, ``file://``, ``http(s)://``, ``s3://``, or what fsspec has a driver for.

    Nothing is asked of anybody until bytes are read. ``creds_key`` names the credentials to read with. Where a
    fingerprint is ``expected``, bytes of another content are an error and never an answer. ``trust`` says which
    machines of the web may be asked (``Entry.trust``): other kinds go only where the environment sends them.
    """
    protocol = protocol_of(uri)
    if protocol == "file":
        return LocalRanges(local_path(uri), expected)
    if protocol in ("http", "https"):
        from rushes.ranges.http import HttpRanges

        return HttpRanges(uri, creds_key, expected, trust)
    if protocol in ("s3", "s3a"):
        from rushes.ranges.s3 import S3Ranges

        return S3Ranges(uri, creds_key, expected)
    from rushes.ranges.other import OtherRanges

    return OtherRanges(uri, creds_key, expected)


class LocalRanges:
    """A local file. It is opened for each call and closed after it: readers of any number of files hold none open."""

    gap = 1 << 20

    def __init__(self, path: str | os.PathLike[str], expected: Fingerprint | None = None) -> None:
        self.name = os.fspath(path)
        self._expected = expected

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span."""
        with self.open() as handle:
            return [self._exactly(handle.fileno(), start, end) for start, end in spans]

    def open(self) -> BinaryIO:
        """Open the file."""
        try:
            handle = io.FileIO(self.name)
        except FileNotFoundError:
            raise LinkError(Reason.MISSING_FILE, f"{self.name}: no such file") from None
        except IsADirectoryError:
            raise VideoError(Reason.NOT_VIDEO, f"{self.name}: not a file") from None
        except PermissionError:
            raise LinkError(Reason.UNREADABLE, f"{self.name}: this user may not read it") from None
        if self._expected is not None and os.fstat(handle.fileno()).st_size != self._expected.size:
            handle.close()
            raise changed(self.name)
        return io.BufferedReader(handle)

    def fingerprint(self) -> Fingerprint:
        """Return the file's size."""
        with self.open() as handle:
            return Fingerprint(os.fstat(handle.fileno()).st_size, None)

    def _exactly(self, descriptor: int, start: int, end: int) -> bytes:
        data = os.pread(descriptor, end - start, start)
        while len(data) < end - start:  # a pread gives 2 GiB at most
            more = os.pread(descriptor, end - start - len(data), start + len(data))
            if not more:
                raise too_short(self.name, start + len(data))
            data += more
        return data


def changed(name: str) -> LinkError:
    """Return the error of a file that is not the one whose index we have."""
    return LinkError(Reason.CHANGED, f"{name}: changed since it was indexed: add it again, then rushes build")


def too_short(name: str, size: int | None) -> LinkError:
    """Return the error of a file that ends before what is wanted of it."""
    end = "" if size is None else f" at byte {size}"
    return LinkError(Reason.UNREADABLE, f"{name}: ends{end}, before what was to be read: cut off, or changed since")
