"""Objects under one root: a local folder, or a bucket's prefix, by the same five verbs.

Here: atomic writes, conditional creates, listings, ranged reads. An object is seen whole or not at all. Not here: what
the bytes mean, and how a path is made up (each kind of object makes its own).
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import fsspec

from rushes.errors import StoreError

# A listing kept by s3fs makes DuckDB and ourselves read objects that were replaced since.
_S3_OPTIONS: dict[str, Any] = {"use_listings_cache": False, "default_cache_type": "none"}


class Objects:
    """The objects under ``uri`` (a folder, ``file://…``, ``s3://bucket/prefix`` or what fsspec knows)."""

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        text = os.fspath(uri)
        protocol, _, path = text.rpartition("://")
        self.is_local = protocol in ("", "file", "local")
        if self.is_local:
            self.root = str(Path(path).expanduser().resolve())
            self.uri = self.root
            self.fs = fsspec.filesystem("file")
            return
        self.root = path.strip("/")
        self.uri = f"{protocol}://{self.root}"
        try:
            self.fs = fsspec.filesystem(protocol, **(_S3_OPTIONS if protocol in ("s3", "s3a") else {}))
        except (ImportError, ValueError) as error:
            raise StoreError(f"cannot open a store at {text}: {error}") from error

    def __reduce__(self) -> tuple[type[Objects], tuple[str]]:
        return (Objects, (self.uri,))

    def path(self, name: str) -> str:
        """Return the file system's own path of the object ``name``."""
        return f"{self.root}/{name}"

    def full_uri(self, name: str) -> str:
        """Return a path or URI that any other program can open."""
        return f"{self.uri}/{name}"

    def read(self, name: str) -> bytes:
        """Return an object's bytes. Raises ``FileNotFoundError``."""
        data: bytes = self.fs.cat_file(self.path(name))
        return data

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """Return many objects' bytes, asked for at once where that is quicker. Raises ``FileNotFoundError``."""
        if self.is_local:
            return [self.read(name) for name in names]
        paths = [self.path(name) for name in names]
        found = self.fs.cat(paths) if paths else {}
        return [found[path] for path in paths]

    def write(self, name: str, data: bytes) -> None:
        """Put an object, replacing what was there in one step."""
        if not self.is_local:
            self.fs.pipe_file(self.path(name), data)
            return
        with _temporary_beside(self.path(name)) as (handle, temporary):
            handle.write(data)
            _to_disk(handle)
            os.replace(temporary, self.path(name))

    def create(self, name: str, data: bytes) -> bool:
        """Put an object only if there is none of that name; return whether this call made it."""
        if not self.is_local:
            try:
                self.fs.pipe_file(self.path(name), data, mode="create")
            except FileExistsError:
                return False
            except OSError:  # some servers answer a failed precondition so
                if self.exists(name):
                    return False
                raise
            return True
        with _temporary_beside(self.path(name)) as (handle, temporary):
            handle.write(data)
            _to_disk(handle)
            try:
                os.link(temporary, self.path(name))
            except FileExistsError:
                return False
        return True

    def write_file(self, name: str, local: str | os.PathLike[str]) -> None:
        """Put a local file as an object, in bounded memory."""
        if not self.is_local:
            self.fs.put_file(os.fspath(local), self.path(name))
            return
        with open(local, "rb") as source, _temporary_beside(self.path(name)) as (handle, temporary):
            _copy(source, handle)
            _to_disk(handle)
            os.replace(temporary, self.path(name))

    def take_file(self, name: str, local: str | os.PathLike[str]) -> None:
        """Make a file on a local store's own disk an object, without a copy: it is no longer where it was."""
        with open(local, "rb") as handle:
            os.fsync(handle.fileno())
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.replace(local, self.path(name))

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        return bool(self.fs.isfile(self.path(name)))

    def size(self, name: str) -> int:
        """Return an object's size in bytes. Raises ``FileNotFoundError``."""
        return int(self.fs.size(self.path(name)))

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading by ranges."""
        handle: BinaryIO = self.fs.open(self.path(name), "rb")
        return handle

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the names of all objects under a folder, sorted. Temporary files of unfinished writes are left out."""
        skip = len(self.root) + 1
        try:
            found = self.fs.find(self.path(prefix))
        except FileNotFoundError:
            return
        for path in sorted(found):
            name = path[skip:]
            is_folder = path.rstrip("/") == self.path(prefix).rstrip("/")  # some servers list an empty folder as itself
            if not is_folder and not name.rsplit("/", 1)[-1].startswith(".tmp-"):
                yield name

    def marks(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield all objects under a folder, each with a mark that changes when its bytes do, by one listing."""
        try:
            found = self.fs.find(self.path(prefix), detail=True)
        except FileNotFoundError:
            return
        for path, info in sorted(found.items()):
            if info.get("type") == "file":
                version = info.get("ETag") or info.get("mtime") or info.get("LastModified") or ""
                yield path[len(self.root) + 1 :], f"{info.get('size')} {version}"

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            self.fs.rm_file(self.path(name))
        except FileNotFoundError:
            return


@contextmanager
def _temporary_beside(path: str) -> Iterator[tuple[io.BufferedWriter, str]]:
    """Open a temporary file in the folder of ``path``, gone afterwards unless it was renamed."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".tmp-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            os.fchmod(handle.fileno(), 0o644)
            yield handle, temporary
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _copy(source: io.BufferedReader, target: io.BufferedWriter) -> None:
    """Copy a file, by the kernel where it can: some file systems then share the bytes instead."""
    left = os.fstat(source.fileno()).st_size
    try:
        while left and (count := os.copy_file_range(source.fileno(), target.fileno(), left)):
            left -= count
    except (OSError, AttributeError):  # between file systems, or not on this machine's kind of system
        source.seek(0)
        target.seek(0)
        shutil.copyfileobj(source, target, 8 << 20)


def _to_disk(handle: io.BufferedWriter) -> None:
    handle.flush()
    os.fsync(handle.fileno())
