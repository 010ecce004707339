"""A store's objects behind any other driver of fsspec: Google's, Azure's, what else is installed.

Trying again is the driver's affair. Here: the verbs of ``Objects`` by a driver. Not here: S3 (``bucket``), local disks
(``disk``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO

import fsspec


class Elsewhere:
    """The objects that a driver knows, by its own paths."""

    def __init__(self, fs: fsspec.AbstractFileSystem) -> None:
        self._fs = fs

    def read(self, path: str) -> bytes:
        """Return an object's bytes. Raises ``FileNotFoundError``."""
        data: bytes = self._fs.cat_file(path)
        return data

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return many objects' bytes, asked for at once where the driver can."""
        found = self._fs.cat(list(paths))
        if not isinstance(found, dict):  # there was one path
            return [found]
        by_path = {path.lstrip("/"): data for path, data in found.items()}
        return [by_path[path.lstrip("/")] for path in paths]

    def write(self, path: str, data: bytes) -> None:
        """Put an object."""
        self._fs.pipe_file(path, data)

    def create(self, path: str, data: bytes) -> bool:
        """Put an object only if there is none of that name; return whether this call made it."""
        try:
            self._fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        return True

    def write_file(self, path: str, local: str | os.PathLike[str]) -> None:
        """Put a local file as an object."""
        self._fs.put_file(os.fspath(local), path)

    def exists(self, path: str) -> bool:
        """Tell whether an object is there."""
        return bool(self._fs.isfile(path))

    def size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ``FileNotFoundError``."""
        return int(self._fs.size(path))

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading by ranges."""
        handle: BinaryIO = self._fs.open(path, "rb")
        return handle

    def find(self, folder: str) -> Iterator[tuple[str, str]]:
        """Yield the objects below a folder by their paths, each with a mark that changes when its bytes do."""
        try:
            found = self._fs.find(folder, detail=True)
        except FileNotFoundError:
            return
        for path, info in found.items():
            if info.get("type") == "file":
                version = info.get("generation") or info.get("etag") or info.get("ETag") or info.get("created") or ""
                yield path.lstrip("/"), f"{info.get('size')} {version}"

    def lying(self, folder: str) -> Iterator[tuple[str, int, float]]:
        """Yield the objects below a folder whose time of writing the driver tells: path, bytes, and that time."""
        try:
            found = self._fs.find(folder, detail=True)
        except FileNotFoundError:
            return
        for path, info in found.items():
            put = next(
                (info[name] for name in ("mtime", "updated", "last_modified", "LastModified") if name in info), None
            )
            moment = datetime.fromisoformat(put) if isinstance(put, str) else put
            if info.get("type") == "file" and isinstance(moment, datetime):
                yield path.lstrip("/"), int(info["size"]), moment.timestamp()

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(path)
