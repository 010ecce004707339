"""Media objects: files kept under a name made of their content, once however often they come.

Here: their hash and name. Not here: what is in them.
"""

from __future__ import annotations

import hashlib
import os

from rushes.store.objects import Objects


def hash_file(path: str | os.PathLike[str]) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def media_name(sha256: str, suffix: str) -> str:
    """Return the name of the object that keeps a file."""
    return f"media/{sha256[:2]}/{sha256}{suffix}"


def keep(objects: Objects, name: str, path: str | os.PathLike[str]) -> None:
    """Copy a file to its object, unless it is there already."""
    if not objects.exists(name):
        objects.write_file(name, path)
