"""Bringing a registered source in: hash, index, and its bytes into the store (or a link to where they are).

A linked video elsewhere is indexed where it is: no copy of it is made, not even for a while, so that its hash is not
known; the server's ETag and the size tell its content instead. Here: the rows of ``videos`` and ``packets``. Not here:
what a file's packets say (``rushes.video.probe``), requests (``rushes.ranges``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from rushes.errors import VideoError
from rushes.ranges import open_ranges
from rushes.ranges.address import is_elsewhere, local_path, shown
from rushes.store.manifests import Entry
from rushes.store.media import hash_file, keep, media_name
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.video.images import pack_images, probe_images
from rushes.video.media import packet_rows, video_columns
from rushes.video.probe import VideoInfo, check_file, probe
from rushes.work.step import Outcome, Task


def ingest(task: Task) -> Outcome:
    """Return a source's rows. Raises ``VideoError`` when it is no usable video, or its id belongs to another one."""
    entry = task.entry
    if not is_elsewhere(entry.source_uri) and os.path.isdir(local_path(entry.source_uri)):
        info, content = _pictures_taken_in(task.objects, entry)
    elif entry.linked and is_elsewhere(entry.source_uri):
        info, content = _indexed_there(entry)
    else:
        info, content = _taken_in(task.objects, entry)
    video = _video_row(entry, task.collection, info) | content
    return Outcome({"videos": [video], "packets": packet_rows(entry.video_id, info.index)})


def _taken_in(objects: Objects, entry: Entry) -> tuple[VideoInfo, dict[str, Any]]:
    """Hash and probe a file; keep its bytes unless it is linked. Return what it holds, and where and what it is."""
    with _local_copy(entry) as path:
        check_file(path)
        sha256 = hash_file(path)
        if entry.rival is not None:
            _refuse_rival(entry, sha256)
        info = probe(path)
        media_uri = entry.source_uri if entry.linked else _keep(objects, path, sha256, entry.source_uri)
        size = Path(path).stat().st_size
    return info, {"media_uri": media_uri, "sha256": sha256, "size_bytes": size, "etag": None}


def _pictures_taken_in(objects: Objects, entry: Entry) -> tuple[VideoInfo, dict[str, Any]]:
    """Probe a folder of pictures; keep them as one tar, from which any can be had, unless they are linked."""
    folder = local_path(entry.source_uri)
    info = probe_images(folder)
    if entry.linked:
        if entry.rival is not None:
            _refuse_rival(entry, None)
        size = int(info.index.size.astype("int64").sum())
        return info, {"media_uri": entry.source_uri, "sha256": None, "size_bytes": size, "etag": None}
    with tempfile.NamedTemporaryFile(suffix=".tar") as tar:
        info = pack_images(folder, info, tar)
        tar.flush()
        sha256, size = hash_file(tar.name), os.path.getsize(tar.name)
        if entry.rival is not None:
            _refuse_rival(entry, sha256)
        media_uri = _keep(objects, tar.name, sha256, tar.name)
    return info, {"media_uri": media_uri, "sha256": sha256, "size_bytes": size, "etag": None}


def _indexed_there(entry: Entry) -> tuple[VideoInfo, dict[str, Any]]:
    """Probe a file elsewhere by ranges of it; return what it holds, and where and what it is."""
    if entry.rival is not None:
        _refuse_rival(entry, None)
    ranges = open_ranges(entry.source_uri, entry.creds_key)
    content = ranges.fingerprint()
    if content.size == 0:
        raise VideoError(Reason.EMPTY_FILE, f"{ranges.name}: the file is empty")
    with ranges.open() as handle:
        info = probe(handle)
    about = {"media_uri": entry.source_uri, "sha256": None, "size_bytes": content.size, "etag": content.etag}
    return info, about


@contextmanager
def _local_copy(entry: Entry) -> Iterator[str]:
    """Give a local path of a source: its own, or a temporary copy of what is elsewhere."""
    if not is_elsewhere(entry.source_uri):
        yield local_path(entry.source_uri)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (PurePosixPath(shown(entry.source_uri)).name or "video")
        with open_ranges(entry.source_uri, entry.creds_key).open() as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 8 << 20)
        yield str(path)


def _refuse_rival(entry: Entry, sha256: str | None) -> None:
    """Raise why a second video of one id is not taken. Without a hash it cannot be told to be the same."""
    try:
        same = sha256 is not None and hash_file(str(entry.rival)) == sha256
    except OSError:
        same = False
    if same:
        raise VideoError(Reason.DUPLICATE, f"{entry.source_uri}: the same bytes as {entry.rival}, which was kept")
    raise VideoError(
        Reason.ID_CONFLICT,
        f"{entry.source_uri}: the id {entry.video_id!r} belongs to {entry.rival}; add this one under another with --id",
    )


def _keep(objects: Objects, path: str, sha256: str, source_uri: str) -> str:
    """Copy a file to where its content says; return the object's name."""
    name = media_name(sha256, PurePosixPath(shown(source_uri)).suffix.lower())
    keep(objects, name, path)
    return name


def _video_row(entry: Entry, collection: str, info: VideoInfo) -> dict[str, Any]:
    return {
        "video_id": entry.video_id,
        "collection": collection,
        "source_uri": entry.source_uri,
        "linked": entry.linked,
        "creds_key": entry.creds_key,
        "etag": None,
    } | video_columns(info)
