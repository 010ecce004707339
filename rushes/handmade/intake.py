"""How the bytes of one append come in: fetched, checked, and kept only when all of the append was found right.

Here: local copies, and when they are written. Not here: what the bytes are (each kind looks for itself).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from rushes.handmade.given import ReadFile
from rushes.ranges import open_ranges
from rushes.ranges.address import is_elsewhere, local_path, shown
from rushes.store.media import hash_file, keep, media_name
from rushes.store.objects import Objects


@dataclass(frozen=True)
class Kept:
    """A file of the data set: its name there, which its hash makes unique."""

    name: str
    sha256: str


class Intake:
    """One append's files, for a ``with``: nothing is written to the data set before ``store``."""

    def __init__(self, objects: Objects, creds_keys: Collection[str]) -> None:
        self.creds_keys = creds_keys
        self._objects = objects
        self._folder = tempfile.TemporaryDirectory()
        self._files: dict[str, str] = {}
        self._copies = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def local(self, file: ReadFile) -> str:
        """Return a local path of a file: its own, or that of a copy."""
        if not is_elsewhere(file.uri):
            return local_path(file.uri)
        path = self.scratch(suffix_of(file.uri))
        with open_ranges(file.uri, file.creds_key).open() as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 8 << 20)
        return path

    def scratch(self, suffix: str) -> str:
        """Return the path of a file to be written for this append."""
        self._copies += 1
        return str(Path(self._folder.name) / f"{self._copies}{suffix}")

    def keep(self, path: str, suffix: str) -> Kept:
        """Have a file kept under its hash and a suffix."""
        sha256 = hash_file(path)
        name = media_name(sha256, suffix)
        self._files[name] = path
        return Kept(name, sha256)

    def store(self) -> None:
        """Write what is to be kept and is not there yet."""
        for name, path in self._files.items():
            keep(self._objects, name, path)


def suffix_of(uri: str) -> str:
    """Return the suffix of a file's name, in small letters."""
    return PurePosixPath(shown(uri)).suffix.lower()
