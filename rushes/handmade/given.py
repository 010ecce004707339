"""What is handed to ``append`` for a file: one to take in (``read``), or one to leave where it is (``link``).

Nothing is opened until it is appended. Here: these two. Not here: opening them (``intake``, ``videos``).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rushes.ranges import credentials
from rushes.ranges.address import is_elsewhere, shown

_numbers = itertools.count(1)


@dataclass(frozen=True, repr=False)
class ReadFile:
    """A file whose bytes are taken into the data set."""

    uri: str
    creds_key: str | None

    def __repr__(self) -> str:
        return f"rushes.read({shown(self.uri)!r})"


@dataclass(frozen=True, repr=False)
class LinkedFile:
    """A file that stays where it is."""

    uri: str
    creds_key: str | None

    def __repr__(self) -> str:
        return f"rushes.link({shown(self.uri)!r}, creds_key={self.creds_key!r})"


def read(
    path: str | os.PathLike[str], creds: str | Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None
) -> ReadFile:
    """Return a file to append: a path, ``http(s)://``, ``s3://``, ``gs://``. Its bytes are kept as they are.

    ``creds`` are values to read it with, which are written nowhere, or the name of a credentials key; ``"ENV"`` stands
    for those of the environment.
    """
    if creds is None or isinstance(creds, str):
        return ReadFile(os.fspath(path), creds)
    name = f"given-to-read-{next(_numbers)}"
    credentials.populate(name, creds)
    return ReadFile(os.fspath(path), name)


def link(path: str | os.PathLike[str], creds_key: str | None = None) -> LinkedFile:
    """Return a file to append as a link: its address is kept, and the name of its credentials key, nothing else."""
    uri = os.fspath(path)
    return LinkedFile(uri if is_elsewhere(uri) else os.path.abspath(uri), creds_key)
