"""Remains: what killed processes left half done, and notes that speak of nothing any more.

Here: which those are, one function a kind. Not here: parts, data sets, and removing (``tidy``).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.download.spool import spool_folder
from rushes.store.disk import UNFINISHED
from rushes.store.failures import FOLDER as FAILURES
from rushes.store.manifests import batch_names, read_batches
from rushes.tidy.leftover import Leftover, Lying, Remain
from rushes.work.turn import FOLDER as TURNS
from rushes.work.turn import abandoned

WRITES, DOWNLOADS, NOTES = "unfinished writes", "unfinished downloads", "notes"
_OF_A_DOWNLOAD = re.compile(r"([0-9a-f]{64})\.(part|json|new|site)")


def old_writes(lying: Lying) -> Iterator[Leftover]:
    """Yield the files of writes that were killed. Elsewhere than on a disk, an object is there whole or not at all."""
    if lying.objects.is_local:
        for name, size in lying.under(""):
            if name.rsplit("/", 1)[-1].startswith(UNFINISHED):
                yield Leftover(WRITES, name.lstrip("/"), size)


def old_downloads(lying: Lying) -> Iterator[Leftover]:
    """Yield what came of downloads that were given up; one that is wanted again begins anew."""
    folder = spool_folder(lying.objects)
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = _OF_A_DOWNLOAD.fullmatch(entry.name)
            if name is None:
                continue
            with suppress(FileNotFoundError):
                size, changed = _size(entry.path)
                if changed < lying.limit:
                    lock = str(folder / f"{name[1]}.lock")
                    yield Remain(DOWNLOADS, entry.path, size, partial(_remove_unlocked, entry.path, lock))


def old_notes(lying: Lying) -> Iterator[Leftover]:
    """Yield turns of the dead, words on links that are not registered, failures of what does not exist, and downloads
    whose file is gone."""
    objects = lying.objects
    for name, size in lying.under(TURNS):
        if abandoned(objects, name):
            yield Leftover(NOTES, name, size)
    entries = {entry.entry_id for batch in read_batches(objects) for entry in batch.entries}
    for name, size in lying.under("links"):
        if name.removeprefix("links/") not in entries:
            yield Leftover(NOTES, name, size)
    partitions = {*batch_names(objects), *recipe_files.names(objects)}
    for name, size in lying.under(FAILURES):
        if name.rsplit("/", 1)[-1].removesuffix(".json") not in partitions:
            yield Leftover(NOTES, name, size)
    for name, size in lying.under("downloads"):
        if not objects.exists(json.loads(objects.read(name))["media"]):
            yield Leftover(NOTES, name, size)


def _size(path: str) -> tuple[int, float]:
    """Return the bytes of a file or folder, and when anything of it was last changed."""
    inside = [os.stat(os.path.join(parent, name)) for parent, _, names in os.walk(path) for name in names]
    own = os.stat(path)
    size = sum(one.st_size for one in inside) if os.path.isdir(path) else own.st_size
    return size, max(one.st_mtime for one in (own, *inside))


def _remove_unlocked(path: str, lock: str) -> None:
    """Remove what came of a download, unless somebody is at it."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        os.unlink(lock)
    except (BlockingIOError, FileNotFoundError):
        return
    finally:
        os.close(descriptor)
