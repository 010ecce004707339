"""Bringing a registered source in: hash, index, and its bytes into the store (or a link to where they are).

Here: the rows of ``videos`` and ``packets``, and media objects named by content. Not here: what a file's packets say
(``rushes.video.probe``).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa

from rushes.errors import VideoError
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.store.schemas import PACKETS
from rushes.video.probe import VideoInfo, check_file, probe
from rushes.work.step import Outcome, Task


def ingest(task: Task) -> Outcome:
    """Return a source's rows. Raises ``VideoError`` when it is no usable video, or its id belongs to another one."""
    entry = task.entry
    with _local_copy(entry.source_uri) as path:
        check_file(path)
        sha256 = hash_file(path)
        if entry.rival is not None:
            _refuse_rival(entry, sha256)
        info = probe(path)
        media_uri = entry.source_uri if entry.linked else _keep(task.objects, path, sha256, entry.source_uri)
        size = Path(path).stat().st_size
    video = _video_row(entry, task.collection, info) | {"media_uri": media_uri, "sha256": sha256, "size_bytes": size}
    return Outcome({"videos": [video], "packets": _packet_rows(entry.video_id, info)})


def hash_file(path: str) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def _local_copy(uri: str) -> Iterator[str]:
    """Give a local path of a source: its own, or a temporary copy of what is elsewhere."""
    if "://" not in uri:
        yield uri
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PurePosixPath(uri).name
        try:
            with fsspec.open(uri, "rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, 8 << 20)
        except FileNotFoundError:
            raise VideoError(Reason.MISSING_FILE, f"{uri}: nothing there") from None
        yield str(path)


def _refuse_rival(entry: Entry, sha256: str) -> None:
    try:
        same = hash_file(str(entry.rival)) == sha256
    except OSError:
        same = False
    if same:
        raise VideoError(Reason.DUPLICATE, f"{entry.source_uri}: the same bytes as {entry.rival}, which was kept")
    raise VideoError(
        Reason.ID_CONFLICT,
        f"{entry.source_uri}: the id {entry.video_id!r} belongs to {entry.rival}; add this one under another with --id",
    )


def _keep(objects: Objects, path: str, sha256: str, source_uri: str) -> str:
    """Copy a file to where its content says, unless it is there already; return the object's name."""
    name = f"media/{sha256[:2]}/{sha256}{PurePosixPath(source_uri).suffix.lower()}"
    if not objects.exists(name):
        objects.write_file(name, path)
    return name


def _video_row(entry: Entry, collection: str, info: VideoInfo) -> dict[str, Any]:
    return {
        "video_id": entry.video_id,
        "collection": collection,
        "source_uri": entry.source_uri,
        "linked": entry.linked,
        "creds_key": entry.creds_key,
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "rotation": info.rotation,
        "time_base": str(info.index.time_base),
        "start_pts": int(info.index.pts[0]),
        "duration_s": info.duration_s,
        "fps": info.fps,
        "is_vfr": info.is_vfr,
        "n_frames": len(info.index),
        "has_audio": info.has_audio,
        "kind": "container",
    }


def _packet_rows(video_id: str, info: VideoInfo) -> pa.Table:
    index = info.index
    count = len(index)
    return pa.table(
        {
            "video_id": pa.repeat(video_id, count),
            "frame": pa.array(range(count), pa.int32()),
            "pts": index.pts,
            "dts": index.dts,
            "pos": pa.array(index.pos, mask=index.pos < 0),
            "size": index.size,
            "keyframe": index.keyframe,
            "droppable": index.droppable,
        }
    ).cast(PACKETS.arrow)
