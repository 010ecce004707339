"""Registering videos: paths, folders and URIs become entries of sealed batches.

Registering reads no video; it only says what there is. The same source added twice adds nothing, but a link elsewhere
is then looked at again. What is written down
is for all to read: an address that holds a secret is refused, and of credentials only the name is kept. Here: names of
videos and batches. Not here: reading the sources (``ingest``).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import SettingsError, StoreError
from rushes.ranges import Fingerprint, open_ranges
from rushes.ranges.address import check_address, is_elsewhere, shown
from rushes.ranges.credentials import check_key
from rushes.store.links import write_seen
from rushes.store.manifests import Batch, Entry, read_batches, seal_batch
from rushes.store.names import check_name
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import read_partition
from rushes.video.images import picture_folder

VIDEO_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".ts",
        ".mts",
        ".m2ts",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".flv",
        ".ogv",
        ".3gp",
    ]
)
DEFAULT_BATCH_SIZE = 64
_LONGEST_NAME = 128


@dataclass(frozen=True)
class Registered:
    """What registering did. ``missing`` are sources not there now, ``changed`` links that hold another file."""

    batches: tuple[Batch, ...]
    known: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def new(self) -> int:
        """How many videos were registered."""
        return sum(len(batch.entries) for batch in self.batches)


@dataclass(frozen=True)
class Source:
    """A source to register and the name its video is to have."""

    uri: str
    video_id: str


def register(
    objects: Objects,
    sources: Sequence[str],
    collection: str,
    *,
    link: bool = False,
    creds_key: str | None = None,
    video_id: str | None = None,
    batch_size: int = DEFAULT_BATCH_SIZE,
) -> Registered:
    """Seal batches of the sources that the store does not have yet.

    ``sources`` are files, folders (all videos and MOT sequences below them, or the one video that their
    pictures are) and URIs; ``video_id`` names a single file; ``creds_key``
    names the credentials that the URIs need. A file that is not there is registered as well, so that the batch tells
    what became of it. Raises ``StoreError`` for a folder without videos, ``SettingsError`` for names and addresses that
    cannot be used.
    """
    check_name(collection, "collection")
    if creds_key is not None:
        _check_creds_key(creds_key, sources)
    found = list(_found(sources))
    if video_id is not None:
        check_name(video_id, "video id")
        if len(found) != 1:
            raise SettingsError(f"--id names one video, but {len(found)} were given")
        found = [Source(found[0].uri, video_id)]
    known = _Known.of(objects, collection)
    fresh = [source for source in found if source.uri not in known.uris]
    batches = _seal(
        objects, collection, list(_entries(fresh, known.owners, link, creds_key)), known.next_number, batch_size
    )
    return Registered(
        tuple(batches),
        known=tuple(source.uri for source in found if source.uri in known.uris),
        missing=tuple(s.uri for s in found if "://" not in s.uri and not Path(s.uri).exists()),
        changed=tuple(_changed(objects, {source.uri for source in found} & known.uris)),
    )


@dataclass(frozen=True)
class _Known:
    """What is registered already: all sources, the source that has each video id, the collection's next batch."""

    uris: set[str]
    owners: dict[str, str]
    next_number: int

    @classmethod
    def of(cls, objects: Objects, collection: str) -> _Known:
        uris: set[str] = set()
        owners: dict[str, str] = {}
        last = -1
        for batch in read_batches(objects):
            if batch.collection == collection:
                last = max(last, int(batch.name.rpartition("-")[2]))
            uris.update(entry.source_uri for entry in batch.entries)
            owners.update((e.video_id, e.source_uri) for e in batch.entries if e.rival is None)
        return cls(uris, owners, last + 1)


def _changed(objects: Objects, uris: set[str]) -> Iterator[str]:
    """Look again at known links elsewhere; leave word of those that hold another file than was indexed."""
    if not any(is_elsewhere(uri) for uri in uris):
        return
    for batch in read_batches(objects):
        links = [e for e in batch.entries if e.source_uri in uris and e.linked and is_elsewhere(e.source_uri)]
        indexed = _indexed(objects, batch.name) if links else {}
        for entry in links:
            content = open_ranges(entry.source_uri, entry.creds_key).fingerprint()
            as_indexed = indexed.get(entry.video_id) in (None, content)
            if not as_indexed and write_seen(objects, entry.entry_id, f"{content.size} {content.etag}"):
                yield entry.source_uri


def _indexed(objects: Objects, batch: str) -> dict[str, Fingerprint]:
    """Return what the videos of a batch held when they were indexed."""
    try:
        rows = read_partition(objects, VIDEOS, {"batch": batch}, ["video_id", "size_bytes", "etag"])
    except FileNotFoundError:
        return {}
    return {row["video_id"]: Fingerprint(row["size_bytes"], row["etag"]) for row in rows.to_pylist()}


def _seal(objects: Objects, collection: str, entries: list[Entry], number: int, size: int) -> Iterator[Batch]:
    """Seal the entries in batches of ``size``, numbered from ``number`` on."""
    for at in range(0, len(entries), size):
        while True:
            batch = Batch(f"{collection}-{number:04d}", collection, tuple(entries[at : at + size]))
            number += 1
            if seal_batch(objects, batch):
                break  # else somebody registers into this collection at the same time: take the next number
        yield batch


def _entries(sources: Iterable[Source], owners: dict[str, str], link: bool, creds_key: str | None) -> Iterator[Entry]:
    taken: dict[str, int] = {}
    for source in sources:
        rival = owners.get(source.video_id)
        if rival is None:
            owners[source.video_id] = source.uri
            yield Entry(source.video_id, source.video_id, source.uri, linked=link, creds_key=creds_key)
        else:
            taken[source.video_id] = taken.get(source.video_id, 1) + 1
            name = f"{source.video_id}~{taken[source.video_id]}"
            yield Entry(name, source.video_id, source.uri, linked=link, creds_key=creds_key, rival=rival)


def _found(sources: Sequence[str]) -> Iterator[Source]:
    seen = set()
    for given in sources:
        for source in _below(given):
            if source.uri not in seen:
                seen.add(source.uri)
                yield source


def _below(given: str) -> Iterator[Source]:
    if "://" in given:
        check_address(given)
        yield Source(given, _id_of(shown(given).rstrip("/").rpartition("/")[2]))
        return
    path = Path(os.path.abspath(Path(given).expanduser()))
    if not path.is_dir():
        yield Source(str(path), _id_of(path.name))
        return
    videos = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file()]
    sequences = [about.parent for about in sorted(path.rglob("seqinfo.ini")) if picture_folder(about.parent)]
    if not videos and not sequences and picture_folder(path):
        sequences = [path]
    if not videos and not sequences:
        raise StoreError(f"{given}: no video files in that folder ({', '.join(sorted(VIDEO_SUFFIXES))}), nor pictures")
    for found in (*videos, *sequences):
        yield Source(str(found), _id_of(path.name if found == path else found.relative_to(path).as_posix()))


def _check_creds_key(key: str, sources: Sequence[str]) -> None:
    check_key(key)
    here = [source for source in sources if not is_elsewhere(source)]
    if here:
        raise SettingsError(
            f"--creds-key is for sources elsewhere (https://, s3://, gs://), and {here[0]} is a local file"
        )


def _id_of(name: str) -> str:
    """Make a video's id of a path: its suffix taken off, folders and odd characters turned into dashes.

    Of a path that is too long its end stays, and a hash that tells it from others.
    """
    stem = name[: -len(Path(name).suffix)] if Path(name).suffix else name
    clean = re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-._") or "video"
    if len(clean) <= _LONGEST_NAME:
        return clean
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{clean[len(mark) + 1 - _LONGEST_NAME :].lstrip('-._')}-{mark}"
