"""Files behind any other driver of fsspec: Google's, Azure's, Drive, and what else is installed.

A driver says nothing of size and version beside the bytes, so that a file costs one question more when it is first
read. Here: the driver by its protocol, and what its errors mean. Not here: trying again (``remote``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import fsspec
from fsspec.registry import known_implementations

from rushes.errors import CredentialsError, StoreError
from rushes.ranges import credentials
from rushes.ranges.address import protocol_of
from rushes.ranges.remote import BrokenReadError, RemoteRanges, Rest, other_version
from rushes.ranges.source import Fingerprint, changed, too_short

# What drivers call the version of a content; Google's ETag also changes with a label, its generation does not.
_VERSIONS = ("generation", "ETag", "etag", "md5Checksum", "md5")
# So much is asked for at once where a driver cannot be listened to.
_PIECE = 1 << 22
_LOGIN_ERRORS = {"RefreshError", "DefaultCredentialsError", "ClientAuthenticationError", "CredentialUnavailableError"}


class OtherRanges(RemoteRanges):
    """A file behind an address of which fsspec knows the driver."""

    def __init__(self, uri: str, creds_key: str | None = None, expected: Fingerprint | None = None) -> None:
        super().__init__(uri, creds_key, expected)
        self._protocol = protocol_of(uri)
        self._seen = False
        _driver(self._protocol)

    def look(self) -> None:
        """Ask for what the driver knows of the file."""
        info = self.ask(lambda files: files.info(self.uri))
        self.verify(info.get("size"), _version(info))
        self._seen = True

    def receive(self, start: int, end: int, into: bytearray) -> None:
        """Ask for a range."""
        if not self._seen:
            self.look()
        if self.known is not None and end > self.known.size:
            raise too_short(self.name, self.known.size)
        into += self._piece(start, end)

    @contextmanager
    def rest(self, start: int, version: str | None) -> Iterator[Rest]:
        """Ask for one piece after the other: drivers have no way to listen to a whole file."""
        info = self.ask(lambda files: files.info(self.uri))
        size, found = info.get("size"), _version(info)
        if size is None:
            self.refuse("its driver does not tell its size")
        if other_version(version, found) or start > size:
            raise changed(self.name)
        yield Rest(start, size, found, "", self.uri, self._pieces(start, size))

    def _pieces(self, start: int, size: int) -> Iterator[bytes]:
        for at in range(start, size, _PIECE):
            yield self._piece(at, min(at + _PIECE, size))

    def _piece(self, start: int, end: int) -> bytes:
        data: bytes = self.ask(lambda files: files.cat_file(self.uri, start=start, end=end))
        return data

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """Put a question to the driver with the credentials of now; fsspec keeps one a process for each."""
        values = credentials.resolve(self.creds_key, self._protocol)
        try:
            return question(fsspec.filesystem(self._protocol, **values))
        except Exception as error:  # each driver raises what it likes
            self._refused(error)

    def _refused(self, error: Exception) -> NoReturn:
        """Raise what a driver's error means."""
        status = _status(error)
        if isinstance(error, (FileNotFoundError, IsADirectoryError)) or status == 404:
            self.refuse_missing()
        if isinstance(error, PermissionError) or status in (401, 403):
            self.refuse_access()
        if type(error).__name__ in _LOGIN_ERRORS:
            raise CredentialsError(f"{self.name}: the credentials {self.creds_key!r} are not accepted") from None
        if isinstance(error, (TypeError, ValueError, KeyError)):
            self.refuse(f"its driver does not take the address or the credentials ({type(error).__name__})")
        raise BrokenReadError(f"its driver says {type(error).__name__}") from None


def list_others(uri: str, creds_key: str | None) -> Iterator[tuple[str, Fingerprint]]:
    """Yield the files below an address, by whatever listing its driver has."""
    place = OtherRanges(uri, creds_key)
    found = place.ask(lambda files: files.find(uri, detail=True))
    protocol = uri.partition("://")[0]
    for path, info in sorted(found.items()):
        yield f"{protocol}://{path.lstrip('/')}", Fingerprint(int(info.get("size") or 0), _version(info))


def _version(info: Mapping[str, Any]) -> str | None:
    return next((str(info[name]) for name in _VERSIONS if info.get(name)), None)


def _status(error: Exception) -> int | None:
    """Return the HTTP status that an error carries, under whatever name."""
    codes = [str(getattr(error, name, "")) for name in ("code", "status_code", "status")]
    return next((int(code) for code in codes if code.isdigit()), None)


def _driver(protocol: str) -> None:
    """Raise ``StoreError`` when there is no such driver, or it is not installed."""
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError:
        package = known_implementations[protocol]["class"].partition(".")[0]
        raise StoreError(f"{protocol}:// needs another package: pip install {package}") from None
    except ValueError:
        raise StoreError(f"{protocol}://: no such kind of address is known") from None
