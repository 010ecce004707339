"""A store's objects on a local disk.

A file is written beside the place where it is to be, brought to the disk, and renamed: others see the old one or the
new one. Here: the verbs of ``Objects`` by files, and what to do about a disk that will not have them. Not here: names.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rushes.errors import StoreError

UNFINISHED = ".tmp-"

_REMEDIES = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "this user's share of the disk is used up: make room",
    errno.EROFS: "the file system can only be read: mount it for writing, or set RUSHES_STORE to another folder",
    errno.EACCES: "this user may not: change who owns the folder, or set RUSHES_STORE to another one",
    errno.EPERM: "this user may not: change who owns the folder, or set RUSHES_STORE to another one",
    errno.EIO: "the disk fails: look at the system's log",
    errno.ESTALE: "the shared folder is gone: mount it again",
    errno.ENOTDIR: "a file is where a folder should be: move it away",
    errno.EEXIST: "a file is where a folder should be: move it away",
    errno.EMFILE: "too many files are open: raise ulimit -n",
}


class Disk:
    """The files of a local disk by their paths."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises ``FileNotFoundError``."""
        with _told(path):
            return Path(path).read_bytes()

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return many files' bytes."""
        return [self.read(path) for path in paths]

    def write(self, path: str, data: bytes) -> None:
        """Put a file, replacing what was there in one step."""
        with _temporary_beside(path) as (handle, temporary):
            handle.write(data)
            _to_disk(handle)
            os.replace(temporary, path)

    def create(self, path: str, data: bytes) -> bool:
        """Put a file only if there is none of that name; return whether this call made it."""
        with _temporary_beside(path) as (handle, temporary):
            handle.write(data)
            _to_disk(handle)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
        return True

    def write_file(self, path: str, local: str | os.PathLike[str]) -> None:
        """Put a copy of a file."""
        with open(local, "rb") as source, _temporary_beside(path) as (handle, temporary):
            _copy(source, handle)
            _to_disk(handle)
            os.replace(temporary, path)

    def take_file(self, path: str, local: str | os.PathLike[str]) -> None:
        """Make a file of the same disk an object, without a copy: it is no longer where it was."""
        with _told(path):
            with open(local, "rb") as handle:
                os.fsync(handle.fileno())
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(local, path)

    def exists(self, path: str) -> bool:
        """Tell whether a file is there."""
        return os.path.isfile(path)

    def size(self, path: str) -> int:
        """Return a file's size in bytes. Raises ``FileNotFoundError``."""
        with _told(path):
            return os.stat(path).st_size

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        with _told(path):
            return open(path, "rb")

    def find(self, folder: str) -> Iterator[tuple[str, str]]:
        """Yield the files below a folder by their paths, each with a mark that changes when its bytes do."""
        with _told(folder):
            try:
                entries = list(os.scandir(folder))
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in entries:
            if entry.is_dir():
                yield from self.find(entry.path)
            elif not entry.name.startswith(UNFINISHED):
                try:
                    about = entry.stat()
                except FileNotFoundError:  # taken away meanwhile
                    continue
                yield entry.path, f"{about.st_size} {about.st_mtime_ns} {about.st_ino}"

    def lying(self, folder: str) -> Iterator[tuple[str, int, float]]:
        """Yield all files below a folder, those of unfinished writes too: path, bytes, and when it was last changed."""
        for parent, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(parent, name)
                with suppress(FileNotFoundError):
                    about = os.stat(path, follow_symlinks=False)
                    yield path, about.st_size, about.st_mtime

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with _told(path):
            Path(path).unlink(missing_ok=True)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Say in a line what is to be done about a disk that fails."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        raise StoreError(f"{path}: {error.strerror}: {_REMEDIES[error.errno]}") from None


@contextmanager
def _temporary_beside(path: str) -> Iterator[tuple[io.BufferedWriter, str]]:
    """Open a temporary file in the folder of ``path``, gone afterwards unless it was renamed."""
    folder = os.path.dirname(path)
    with _told(path):
        os.makedirs(folder, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
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
