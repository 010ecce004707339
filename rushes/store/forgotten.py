"""Tombstones: what was forgotten, so that it never comes back.

A tombstone is an object that says nothing, named by a hash of a video's id, of its address, or of its content: whoever
asks about one of these is told, and nobody can read there what was forgotten. Whoever writes rows of a video writes
first and looks here after; whoever forgets puts the tombstone first and looks for rows after: so one of the two always
sees the other. Here: putting them, asking, taking back. Not here: finding and removing what a store has of a video
(``rushes.forget``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from rushes.errors import StoreError
from rushes.store.manifests import Entry
from rushes.store.objects import Objects

_FOLDER = "forgotten"
_ID, _SOURCE, _CONTENT = "id", "source", "content"


@dataclass(frozen=True)
class Forgotten:
    """The tombstones of a store, read by one listing."""

    names: frozenset[str]

    @classmethod
    def of(cls, objects: Objects) -> Forgotten:
        """Read those of a store."""
        return cls(frozenset(objects.list(_FOLDER)))

    def id(self, video_id: str) -> bool:
        """Tell whether a video of this id was forgotten."""
        return _name(_ID, video_id) in self.names

    def source(self, uri: str) -> bool:
        """Tell whether a video of this address was forgotten."""
        return _name(_SOURCE, uri) in self.names

    def content(self, sha256: str) -> bool:
        """Tell whether a video of these bytes was forgotten."""
        return _name(_CONTENT, sha256) in self.names

    def entry(self, entry: Entry) -> bool:
        """Tell whether what is registered was forgotten since."""
        return self.id(entry.video_id) or self.source(entry.source_uri)


def remember(
    objects: Objects, ids: Iterable[str] = (), sources: Iterable[str] = (), contents: Iterable[str] = ()
) -> None:
    """Put tombstones."""
    for kind, values in ((_ID, ids), (_SOURCE, sources), (_CONTENT, contents)):
        for value in sorted(values):
            objects.write(_name(kind, value), kind.encode())


def is_forgotten(objects: Objects, entry: Entry) -> bool:
    """Tell whether what is registered was forgotten since, by asking for its own tombstones only."""
    return objects.exists(_name(_ID, entry.video_id)) or objects.exists(_name(_SOURCE, entry.source_uri))


def is_forgotten_content(objects: Objects, sha256: str) -> bool:
    """Tell whether a video of these bytes was forgotten, by asking for its own tombstone only."""
    return objects.exists(_name(_CONTENT, sha256))


def refuse_forgotten(objects: Objects, batch: str, entries: Iterable[Entry]) -> None:
    """Raise ``StoreError`` when a batch still has what was forgotten: whoever did was interrupted."""
    forgotten = Forgotten.of(objects)
    if gone := next((entry for entry in entries if forgotten.entry(entry)), None):
        raise StoreError(
            f"{gone.entry_id} of {batch} was forgotten, but not to the end: rushes forget {gone.entry_id} ends it"
        )


def take_back(objects: Objects, names: Iterable[str], what: str) -> None:
    """Delete what was just written of something that was forgotten meanwhile, and raise ``StoreError``."""
    for name in list(names):
        objects.delete(name)
    raise StoreError(f"{what}: a video of it was forgotten meanwhile: build it again")


def _name(kind: str, value: str) -> str:
    return f"{_FOLDER}/{kind}/{hashlib.sha256(f'{kind} {value}'.encode()).hexdigest()}"
