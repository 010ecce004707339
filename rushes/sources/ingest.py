"""Bringing a registered source in: hash, index, checks, its bytes into the store (or a link), and its annotations.

A linked video elsewhere is indexed where it is: no copy of it is made, not even for a while, so that its hash is not
known; the server's ETag and the size tell its content instead. Here: the rows of ``videos``, ``packets`` and the
annotation tables. Not here: what a file's packets say (``rushes.video.probe``), fetching what is not to be linked
(``download``), requests (``rushes.ranges``), what lines of annotations mean (``formats``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.errors import LinkError, VideoError
from rushes.ranges import LocalRanges, Ranges, open_ranges
from rushes.ranges.address import is_elsewhere, local_path, shown
from rushes.settings import Ingest
from rushes.sources.annotated import Annotated
from rushes.sources.download import find
from rushes.sources.footage import Footage
from rushes.sources.formats.known import FORMATS
from rushes.sources.source import Slice
from rushes.sources.trust import inside
from rushes.store.annotations import read_lines
from rushes.store.forgotten import is_forgotten_content
from rushes.store.manifests import Entry
from rushes.store.media import hash_file, keep, media_name
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import ANNOTATION_BOXES, ANNOTATION_SEGMENTS
from rushes.video.images import FolderRanges, pack_images, probe_images
from rushes.video.media import open_reader, packet_rows, video_columns
from rushes.video.probe import VideoInfo, check_file, probe
from rushes.work.step import Outcome, Task

# Of a video in which every frame is a keyframe, not all are decoded to see whether it is sound.
_MOST_CHECKED = 500


@dataclass(frozen=True)
class _Brought:
    """A video that is here: what it holds, where its bytes are now, and the columns that say what they are."""

    info: VideoInfo
    ranges: Ranges
    content: dict[str, Any]


def ingest(task: Task, settings: Ingest = Ingest()) -> Outcome:  # noqa: B008 - frozen
    """Return a source's rows. Raises ``VideoError`` when it is no usable video, or its id belongs to another one."""
    entry = task.entry
    if entry.misfit is not None:
        raise VideoError(Reason(entry.misfit[0]), entry.misfit[1])
    if entry.rival == entry.source_uri:
        raise VideoError(Reason.DUPLICATE, f"{shown(entry.source_uri)}: is registered already, in another collection")
    with _brought_in(task.objects, entry, settings) as brought:
        video = _video_row(entry, task.collection, brought.info) | brought.content
        _check(entry, video, brought, settings)
    footage = Footage.of(entry.video_id, brought.info)
    boxes, segments, rejects = _annotations(task, footage)
    rows = {
        "videos": [video],
        "packets": packet_rows(entry.video_id, brought.info.index),
        "annotation_boxes": boxes,
        "annotation_segments": segments,
    }
    return Outcome(rows, rejects)


@contextmanager
def _brought_in(objects: Objects, entry: Entry, settings: Ingest) -> Iterator[_Brought]:
    """Bring a source in by the way that is its own; what is only here for a while is here inside the context."""
    if is_elsewhere(entry.source_uri):
        yield _indexed_there(entry) if entry.linked else _downloaded(objects, entry, settings)
        return
    path = local_path(entry.source_uri)
    if entry.within is not None and inside(entry.within, path) is None:
        raise VideoError(Reason.FORBIDDEN, f"{path}: outside {entry.within}, the folder its manifest may speak of")
    if not os.path.isdir(path):
        yield _taken_in(objects, entry, path)
    elif entry.linked:
        yield _pictures_linked(entry, path)
    else:
        with tempfile.NamedTemporaryFile(suffix=".tar") as tar:
            yield _pictures_taken_in(objects, entry, path, tar)


def _taken_in(objects: Objects, entry: Entry, path: str) -> _Brought:
    """Hash and probe a local file; keep its bytes unless it is linked."""
    check_file(path)
    sha256 = hash_file(path)
    _refuse_forgotten(objects, entry, sha256)
    _refuse_rival(entry, sha256)
    info = probe(path)
    media_uri = entry.source_uri if entry.linked else _keep(objects, path, sha256, path)
    return _Brought(info, LocalRanges(path), _content(media_uri, sha256, os.path.getsize(path)))


def _pictures_taken_in(objects: Objects, entry: Entry, folder: str, tar: Any) -> _Brought:
    """Probe a folder of pictures; keep them as one tar, from which any can be had."""
    info = pack_images(folder, probe_images(folder), tar)
    tar.flush()
    sha256, size = hash_file(tar.name), os.path.getsize(tar.name)
    _refuse_forgotten(objects, entry, sha256)
    _refuse_rival(entry, sha256)
    return _Brought(info, LocalRanges(tar.name), _content(_keep(objects, tar.name, sha256, tar.name), sha256, size))


def _pictures_linked(entry: Entry, folder: str) -> _Brought:
    _refuse_rival(entry, None)
    info = probe_images(folder)
    size = int(info.index.size.astype("int64").sum())
    return _Brought(info, FolderRanges(folder, info.index), _content(entry.source_uri, None, size))


def _indexed_there(entry: Entry) -> _Brought:
    """Probe a file elsewhere by ranges of it."""
    _refuse_rival(entry, None)
    ranges = open_ranges(entry.source_uri, entry.creds_key, trust=entry.trust)
    content = ranges.fingerprint()
    if content.size == 0:
        raise VideoError(Reason.EMPTY_FILE, f"{ranges.name}: the file is empty")
    with ranges.open() as handle:
        info = probe(handle)
    return _Brought(info, ranges, _content(entry.source_uri, None, content.size, content.etag))


def _downloaded(objects: Objects, entry: Entry, settings: Ingest) -> _Brought:
    """Probe what was downloaded, which is in the store already."""
    _refuse_rival(entry, None)
    found = find(objects, entry)
    if found is None:
        raise LinkError(Reason.UNREADABLE, f"{shown(entry.source_uri)}: was not downloaded: build again")
    ranges = open_ranges(objects.full_uri(found.media))
    try:
        if objects.is_local:
            info = probe(objects.path(found.media))
        else:
            with ranges.open() as handle:
                info = probe(handle)
    except VideoError as error:  # the media object's own name says nothing to anybody
        why = str(error).removeprefix(ranges.name).removeprefix(objects.path(found.media)).lstrip(": ")
        raise VideoError(error.reason, f"{shown(entry.source_uri)}: {why}") from None
    if info.duration_s > settings.max_duration_s:
        raise VideoError(
            Reason.TOO_LONG,
            f"{shown(entry.source_uri)}: {info.duration_s:.0f} s, more than ingest.max_duration_s = "
            f"{settings.max_duration_s:g} allows",
        )
    return _Brought(info, ranges, _content(found.media, found.sha256, found.size))


def _content(media_uri: str, sha256: str | None, size: int, etag: str | None = None) -> dict[str, Any]:
    return {"media_uri": media_uri, "sha256": sha256, "size_bytes": size, "etag": etag}


def _check(entry: Entry, video: dict[str, Any], brought: _Brought, settings: Ingest) -> None:
    """Decode as much as was asked for. Of a link elsewhere that is its first frame, unless all are wanted."""
    index = brought.info.index
    if entry.deep or settings.check == "all":
        frames = np.arange(len(index))
    elif settings.check == "first" or (entry.linked and is_elsewhere(entry.source_uri)):
        return  # probing has decoded it
    else:
        frames = index.keyframes[:: -(-len(index.keyframes) // _MOST_CHECKED)]
    try:
        with open_reader(brought.ranges, video, index) as reader:
            reader.check(frames)
    except VideoError as error:
        raise VideoError(error.reason, f"{shown(entry.source_uri)}: {error}") from None


def _annotations(task: Task, footage: Footage) -> tuple[pa.Table, pa.Table, list[Reject]]:
    """Make rows of the lines that speak of this video."""
    found = [_of_lines(task, footage, at) for at in range(len(task.lines))]
    boxes = pa.concat_tables([ANNOTATION_BOXES.empty(), *(one.boxes for one in found)])
    segments = pa.concat_tables([ANNOTATION_SEGMENTS.empty(), *(one.segments for one in found)])
    return boxes, segments, [reject for one in found for reject in one.rejects]


def _of_lines(task: Task, footage: Footage, at: int) -> Annotated:
    kept = task.lines[at]
    read = FORMATS[kept.format].annotations
    if read is None:
        raise ValueError(f"{kept.format} has no annotations")
    lines: Sequence[tuple[int, str]] = read_lines(task.objects, kept)
    return read(Slice(_set_name(task, at), kept.origin, lines), footage)


def _set_name(task: Task, at: int) -> str:
    """Return a set's name; a second file of one set is told from the first by a number."""
    names = [one.annotation for one in task.lines[: at + 1]]
    before = names[:-1].count(names[-1])
    return names[-1] if before == 0 else f"{names[-1]}~{before + 1}"


def _refuse_forgotten(objects: Objects, entry: Entry, sha256: str) -> None:
    """Raise why a video is not taken whose bytes were forgotten under whatever name."""
    if is_forgotten_content(objects, sha256):
        raise VideoError(
            Reason.FORGOTTEN, f"{shown(entry.source_uri)}: the same bytes as a video that was forgotten: not taken in"
        )


def _refuse_rival(entry: Entry, sha256: str | None) -> None:
    """Raise why a second video of one id is not taken. Without a hash it cannot be told to be the same."""
    if entry.rival is None:
        return
    try:
        same = sha256 is not None and not is_elsewhere(entry.rival) and hash_file(local_path(entry.rival)) == sha256
    except OSError:
        same = False
    if same:
        raise VideoError(Reason.DUPLICATE, f"{entry.source_uri}: the same bytes as {entry.rival}, which was kept")
    raise VideoError(
        Reason.ID_CONFLICT,
        f"{shown(entry.source_uri)}: the id {entry.video_id!r} belongs to {shown(entry.rival)}; "
        "add this one under another with --id",
    )


def _keep(objects: Objects, path: str, sha256: str, name: str) -> str:
    """Copy a file to where its content says; return the object's name."""
    media = media_name(sha256, PurePosixPath(Path(name).name).suffix.lower())
    keep(objects, media, path)
    return media


def _video_row(entry: Entry, collection: str, info: VideoInfo) -> dict[str, Any]:
    return {
        "video_id": entry.video_id,
        "collection": collection,
        "source_uri": entry.source_uri,
        "linked": entry.linked,
        "creds_key": entry.creds_key,
        "etag": None,
    } | video_columns(info)
