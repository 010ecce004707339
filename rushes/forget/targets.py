"""What is to be forgotten: the videos that were named, and whatever else in the store is the same footage.

The same bytes under another name are the same video, so copies that were rejected for that go too; so do entries that
were rejected because they wanted the id. What an earlier, interrupted forgetting left goes as well. Here: finding all
of that, and changing nothing. Not here: removing it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from rushes.errors import StoreError
from rushes.forget.names import Names
from rushes.ranges.address import is_elsewhere
from rushes.sources.download import find as find_download
from rushes.store.contents import owner_of
from rushes.store.forgotten import Forgotten
from rushes.store.manifests import Batch, Entry, read_batches, read_record
from rushes.store.objects import Objects
from rushes.store.parts import existing_parts, read_part
from rushes.store.rejects import Reason
from rushes.store.schemas import BATCH, VIDEOS
from rushes.store.tables import read_partition

_RAW = "raw_videos"
_Place = tuple[str, str]  # batch, entry


@dataclass(frozen=True)
class Targets:
    """What is to go. ``entries``: by batch; ``videos`` and ``contents``: ids and hashes of which nothing may stay.

    ``sources`` are the addresses that may not come back: of an entry that only wanted an id that goes, it may.
    ``everywhere`` is set when an id is named that no batch has any more: it is looked for in all of them.
    """

    batches: Mapping[str, Batch]
    entries: Mapping[str, tuple[Entry, ...]]
    videos: frozenset[str]
    sources: frozenset[str]
    contents: frozenset[str]
    everywhere: bool

    @cached_property
    def names(self) -> Names:
        """How all this is told in texts."""
        gone = {entry.entry_id for entries in self.entries.values() for entry in entries}
        known = {name for batch in self.batches.values() for e in batch.entries for name in (e.entry_id, e.video_id)}
        return Names(gone | self.videos, known, self.sources)


def find_targets(objects: Objects, wanted: Sequence[str]) -> Targets:
    """Return what forgetting these means; each is a video's id, an entry's, or an address as it was registered.

    Raises ``StoreError``, naming similar ids, for what the store does not know and never forgot.
    """
    return _Search(objects).run(wanted)


class _Search:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._forgotten = Forgotten.of(objects)
        self._batches = {batch.name: batch for batch in read_batches(objects)}
        self._read: dict[str, dict[str, set[str]]] = {}
        self._gone: dict[_Place, Entry] = {}
        self._meant: set[_Place] = set()
        self._contents: set[str] = set()
        self._again: set[str] = set()

    def run(self, wanted: Sequence[str]) -> Targets:
        self._name(wanted)
        new = list(self._gone)
        while new:
            before = set(self._gone)
            for place in new:
                self._follow(place)
            self._copies()
            self._rivals()
            new = [place for place in self._gone if place not in before]
        entries: dict[str, list[Entry]] = {}
        for (batch, _), entry in sorted(self._gone.items()):
            entries.setdefault(batch, []).append(entry)
        return Targets(
            self._batches,
            {batch: tuple(own) for batch, own in entries.items()},
            frozenset({entry.video_id for entry in self._gone.values() if entry.rival is None} | self._again),
            frozenset(self._gone[place].source_uri for place in self._meant),
            frozenset(self._contents),
            bool(self._again),
        )

    def _name(self, wanted: Sequence[str]) -> None:
        """Take what was named, and what was forgotten before and is still there."""
        by_name: dict[str, list[tuple[_Place, Entry]]] = {}
        for place, entry in self._all():
            for name in {entry.entry_id, entry.video_id, entry.source_uri}:
                by_name.setdefault(name, []).append((place, entry))
            if self._forgotten.entry(entry):
                self._take(place, entry, meant=self._forgotten.source(entry.source_uri))
        for name in wanted:
            found = by_name.get(name) or by_name.get(os.path.abspath(name), [])
            for place, entry in found:
                self._take(place, entry, meant=entry.rival is None or name in (entry.entry_id, entry.source_uri))
            if found:
                continue
            if not (self._forgotten.id(name) or self._forgotten.source(name)):
                raise StoreError(f"nothing is known of {name!r}{_similar(name, list(by_name))}")
            self._again.add(name)

    def _all(self) -> Iterator[tuple[_Place, Entry]]:
        for batch in self._batches.values():
            for entry in batch.entries:
                yield (batch.name, entry.entry_id), entry

    def _take(self, place: _Place, entry: Entry, *, meant: bool) -> None:
        self._gone[place] = entry
        if meant:
            self._meant.add(place)

    def _follow(self, place: _Place) -> None:
        """Note an entry's contents, of before as well, and take the video that has them."""
        entry = self._gone[place]
        found = set(self._of_batch(place[0]).get(entry.video_id, ())) if entry.rival is None else set()
        if place in self._meant and is_elsewhere(entry.source_uri):
            download = find_download(self._objects, entry)
            found |= {download.sha256} if download else set()
        for sha256 in found - self._contents:
            owner = owner_of(self._objects, sha256)
            if owner is not None:
                self._take_video(owner.batch, owner.video_id, sha256)
        self._contents |= found

    def _copies(self) -> None:
        """Take videos that were rejected for having the same bytes, wherever they are."""
        for name in self._batches:
            record = read_record(self._objects, _RAW, name)
            if record is None or Reason.DUPLICATE.value not in record.rejects:
                continue
            for video_id, contents in self._of_batch(name).items():
                for sha256 in contents:
                    if sha256 in self._contents or self._forgotten.content(sha256):
                        self._take_video(name, video_id, sha256)

    def _rivals(self) -> None:
        """Take entries that were rejected because their id was that of a video which goes."""
        videos = {entry.video_id for entry in self._gone.values() if entry.rival is None}
        for place, entry in self._all():
            if entry.video_id in videos and place not in self._gone:
                self._take(place, entry, meant=False)

    def _take_video(self, batch: str, video_id: str, sha256: str) -> None:
        for entry in self._batches[batch].entries if batch in self._batches else ():
            if entry.video_id == video_id and entry.rival is None and sha256 in self._of_batch(batch).get(video_id, ()):
                self._take((batch, entry.entry_id), entry, meant=True)

    def _of_batch(self, batch: str) -> dict[str, set[str]]:
        """Return the contents that a batch's videos have and had, by id: those of copies stand in parts alone."""
        if batch not in self._read:
            found = self._read[batch] = {}
            for video_id, sha256 in _contents(self._objects, batch):
                found.setdefault(video_id, set()).add(sha256)
        return self._read[batch]


def _contents(objects: Objects, batch: str) -> Iterator[tuple[str, str]]:
    """Yield (video, content) of a batch's table, and of the parts that are not in it."""
    rows = []
    with suppress(FileNotFoundError):  # not built yet: what there is are parts
        rows = read_partition(objects, VIDEOS, {BATCH: batch}, ["video_id", "sha256"]).to_pylist()
    record = read_record(objects, _RAW, batch)
    used = {built.key for built in record.items.values()} if record and rows else set()
    for key in sorted(existing_parts(objects, _RAW, batch) - used):
        tables, _ = read_part(objects, _RAW, batch, key)
        if VIDEOS.name in tables:
            rows += tables[VIDEOS.name].select(["video_id", "sha256"]).to_pylist()
    yield from ((row["video_id"], row["sha256"]) for row in rows if row["sha256"])


def _similar(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(close)}?" if close else "; see: rushes sql 'SELECT video_id FROM videos'"
