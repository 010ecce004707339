"""Objects under one root: a local folder, or a bucket's prefix, by the same verbs.

Here: which kind of place it is, and names below its root. An object is seen whole or not at all, is created once, and
what goes wrong for good is one line. Not here: how that is kept on a disk, in S3, elsewhere (``disk``, ``bucket``,
``elsewhere``), what the bytes mean, and how a name is made up (each kind of object makes its own).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import fsspec

from rushes.errors import StoreError
from rushes.store.disk import UNFINISHED, Disk
from rushes.store.elsewhere import Elsewhere


class Place(Protocol):
    """What each kind of place can do with an object, by its full path."""

    def read(self, path: str) -> bytes: ...
    def read_all(self, paths: Sequence[str]) -> list[bytes]: ...
    def write(self, path: str, data: bytes) -> None: ...
    def create(self, path: str, data: bytes) -> bool: ...
    def write_file(self, path: str, local: str | os.PathLike[str]) -> None: ...
    def exists(self, path: str) -> bool: ...
    def size(self, path: str) -> int: ...
    def open(self, path: str) -> BinaryIO: ...
    def find(self, folder: str) -> Iterator[tuple[str, str]]: ...
    def lying(self, folder: str) -> Iterator[tuple[str, int, float]]: ...
    def delete(self, path: str) -> None: ...


class Objects:
    """The objects under ``uri`` (a folder, ``file://…``, ``s3://bucket/prefix`` or what fsspec knows).

    Raises ``StoreError`` in every verb for what will not go better by trying again.
    """

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        text = os.fspath(uri)
        self._protocol, _, path = text.rpartition("://")
        self.is_local = self._protocol in ("", "file", "local")
        self._place: Place
        if self.is_local:
            self.root = str(Path(path).expanduser().resolve())
            self.uri = self.root
            self._place = Disk()
            return
        self.root = path.strip("/")
        self.uri = f"{self._protocol}://{self.root}"
        if self._protocol in ("s3", "s3a"):
            from rushes.store.bucket import Bucket

            self._place = Bucket(self.uri)
        else:
            self._place = Elsewhere(self.fs)

    def __reduce__(self) -> tuple[type[Objects], tuple[str]]:
        return (Objects, (self.uri,))

    @cached_property
    def fs(self) -> fsspec.AbstractFileSystem:
        """The store as fsspec sees it, for readers of data sets, which know nothing else of Rushes."""
        try:
            if self._protocol in ("s3", "s3a"):
                from rushes.ranges.aws import environment

                return _s3fs(os.getpid(), environment())
            return fsspec.filesystem("file" if self.is_local else self._protocol)
        except (ImportError, ValueError) as error:
            raise StoreError(f"cannot open a store at {self.uri}: {error}") from error

    def path(self, name: str) -> str:
        """Return the file system's own path of the object ``name``."""
        return f"{self.root}/{name}"

    def full_uri(self, name: str) -> str:
        """Return a path or URI that any other program can open."""
        return f"{self.uri}/{name}"

    def read(self, name: str) -> bytes:
        """Return an object's bytes. Raises ``FileNotFoundError``."""
        return self._place.read(self.path(name))

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """Return many objects' bytes, asked for at once where that is quicker. Raises ``FileNotFoundError``."""
        return self._place.read_all([self.path(name) for name in names]) if names else []

    def write(self, name: str, data: bytes) -> None:
        """Put an object, replacing what was there in one step."""
        self._place.write(self.path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        """Put an object only if there is none of that name; return whether this call made it."""
        return self._place.create(self.path(name), data)

    def write_file(self, name: str, local: str | os.PathLike[str]) -> None:
        """Put a local file as an object, in bounded memory."""
        self._place.write_file(self.path(name), local)

    def take_file(self, name: str, local: str | os.PathLike[str]) -> None:
        """Make a file on a local store's own disk an object, without a copy: it is no longer where it was."""
        Disk().take_file(self.path(name), local)

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        return self._place.exists(self.path(name))

    def size(self, name: str) -> int:
        """Return an object's size in bytes. Raises ``FileNotFoundError``."""
        return self._place.size(self.path(name))

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading by ranges. Raises ``FileNotFoundError``."""
        return self._place.open(self.path(name))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the names of all objects under a folder, sorted. Temporary files of unfinished writes are left out."""
        for name, _ in self.marks(prefix):
            yield name

    def marks(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield all objects under a folder, each with a mark that changes when its bytes do, by one listing."""
        skip = len(self.root) + 1
        for path, mark in sorted(self._place.find(self.path(prefix))):
            if not path.rpartition("/")[2].startswith(UNFINISHED):
                yield path[skip:], mark

    def lying(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        """Yield all that lies under a folder, files of unfinished writes too: name, bytes, and when it was put.

        That is in seconds since 1970 by the store's own clock.
        """
        skip = len(self.root) + 1
        for path, size, put in sorted(self._place.lying(self.path(prefix))):
            yield path[skip:], size, put

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        self._place.delete(self.path(name))


@lru_cache(maxsize=8)
def _s3fs(pid: int, environment: tuple[tuple[str, str], ...]) -> fsspec.AbstractFileSystem:
    """Return a process's driver with the credentials of an environment; fsspec's own cache would keep the first."""
    region = dict(environment).get("AWS_REGION")  # which botocore does not know
    options: dict[str, Any] = {
        "use_listings_cache": False,  # it would hide what was replaced since
        "default_cache_type": "none",
        "skip_instance_cache": True,
        # The mode that knows a bare 429 too.
        "config_kwargs": {"retries": {"mode": "legacy", "total_max_attempts": 6}},
        "client_kwargs": {"region_name": region} if region else {},
    }
    return fsspec.filesystem("s3", **options)
