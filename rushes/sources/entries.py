"""What is registered already, and the entries that new sources become beside it.

Here: who has which address and id, batches' numbers, names of entries. Not here: sealing batches (``register``).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rushes.ranges.address import is_elsewhere
from rushes.sources.gather import Gathered
from rushes.sources.how import How
from rushes.sources.ids import video_id_of
from rushes.sources.source import Misfit
from rushes.store.manifests import Batch, Entry, read_batches
from rushes.store.objects import Objects


@dataclass(frozen=True)
class Place:
    """Where a video is registered."""

    batch: str
    entry_id: str
    uri: str


class Known:
    """What is registered already: by source, by the id that a video has, and the collection's next batch.

    A collection's batches are numbered without a gap, and each is created only where there is none: who seals one has
    seen all before it. So two that register the same at once still register everything once. Two that register into
    two collections at once may both take an id, which is then among the ``doubled``: (who keeps it, who does not).
    """

    def __init__(self, collection: str) -> None:
        self._collection = collection
        self.uris: dict[str, Place] = {}
        self.owners: dict[str, Place] = {}
        self.batches: set[str] = set()
        self.doubled: list[tuple[Place, Place]] = []
        self.next_number = 0

    @classmethod
    def of(cls, objects: Objects, collection: str) -> Known:
        known = cls(collection)
        for batch in read_batches(objects):
            known.add(batch)
        return known

    @property
    def next_name(self) -> str:
        return f"{self._collection}-{self.next_number:04d}"

    def add(self, batch: Batch) -> None:
        """Take in a batch."""
        self.batches.add(batch.name)
        if batch.collection == self._collection or batch.name == self.next_name:
            self.next_number = max(self.next_number, int(batch.name.rpartition("-")[2]) + 1)
        for entry in batch.entries:
            place = Place(batch.name, entry.entry_id, entry.source_uri)
            self.uris.setdefault(entry.source_uri, place)
            if entry.rival is None:
                owner = self.owners.setdefault(entry.video_id, place)
                if owner is not place and entry.misfit is None:
                    first, second = sorted((owner, place), key=lambda one: one.batch)
                    self.doubled.append((first, second))
                    self.owners[entry.video_id] = first

    def place(self, item: Gathered | Misfit) -> Place | None:
        """Return where something is registered, if it is."""
        if isinstance(item, Misfit):
            return self.uris.get(item.place)
        return self.uris.get(item.uri) or (self.owners.get(item.video_id) if item.by_id else None)


def new_entries(chunk: Sequence[Gathered | Misfit], known: Known, how: How) -> list[Entry]:
    """Return the entries of one batch. Of those that are to have one id, the first gets it."""
    entries: list[Entry] = []
    here: dict[str, str] = {}
    taken: dict[str, int] = {}
    for item in chunk:
        if isinstance(item, Misfit):
            entries.append(_misfit_entry(item))
            continue
        owner = known.owners.get(item.video_id)
        rival = here.setdefault(item.video_id, item.uri) if owner is None else owner.uri
        number = taken[item.video_id] = taken.get(item.video_id, 1) + (rival != item.uri)
        entry_id = item.video_id if rival == item.uri else f"{item.video_id}~{number}"
        entries.append(_entry(item, entry_id, None if rival == item.uri else rival, how))
    return entries


def _entry(source: Gathered, entry_id: str, rival: str | None, how: How) -> Entry:
    return Entry(
        entry_id,
        source.video_id,
        source.uri,
        linked=how.link,
        creds_key=how.creds_key if is_elsewhere(source.uri) else None,
        rival=rival,
        place=source.place,
        trust="any" if how.allow_private else "given" if source.place is None else "listed",
        within=source.within,
        deep=how.deep,
    )


def _misfit_entry(misfit: Misfit) -> Entry:
    """Return the entry of what names no video: it is called after the place where it stands."""
    mark = hashlib.sha256(f"{misfit.place} {misfit.text}".encode()).hexdigest()[:8]
    name = video_id_of(re.sub(r"[^A-Za-z0-9_]+", "-", os.path.basename(misfit.place)) + f"-{mark}")
    return Entry(name, name, misfit.place, misfit=(misfit.reason.value, misfit.detail))
