"""How every partition of a store stands: built, missing, stale, unfinished, failed.

Found from the store alone, so it is the same whoever built it and wherever one asks. Of a whole store everything is
listed once and read once, some batches at a time. Here: gathering states for people and for schedules. Not here: how
one is told (``told``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import READS
from rushes.settings import Settings
from rushes.standing.remembered import Proof, Remembered
from rushes.standing.told import OF_RECIPE, noted, of_batch, of_recipe, shapes_of
from rushes.standing.told import PartitionStatus as PartitionStatus
from rushes.steps import STEPS
from rushes.store.annotations import LATER, by_batch, kept_lines, kept_lines_of
from rushes.store.failures import Note, read_note, read_notes
from rushes.store.links import FOLDER as LINKS
from rushes.store.links import read_seen
from rushes.store.manifests import (
    Batch,
    Identities,
    Record,
    batch_marks,
    batch_names,
    in_groups,
    read_batch,
    read_identities,
    read_record,
    read_records,
    read_some_batches,
    record_marks,
    record_path,
)
from rushes.store.objects import Objects
from rushes.work.plan import Shape, State, digest


def batch_statuses(objects: Objects, batch: str) -> list[PartitionStatus]:
    """Return the five assets of a batch, in order of lineage."""
    manifest = read_batch(objects, batch)
    shapes = shapes_of(settings.load(objects, manifest.collection))
    records = _there(objects, STEPS, batch)
    seen = read_seen(objects) if _has_links(manifest) else {}
    lines = kept_lines(objects, manifest)
    told = of_batch(manifest, shapes, records, seen, lines)
    return [noted(one, read_note(objects, one.asset, batch)) for one in told]


def recipe_statuses(objects: Objects, name: str, built: Identities | None = None) -> list[PartitionStatus]:
    """Return the two assets of a recipe, in order of lineage; both failed when it cannot be carried out.

    ``built`` are the batches as ``built_batches`` tells them, for who asks after several recipes.
    """
    records = _there(objects, OF_RECIPE, name)
    told = of_recipe(objects, name, records, built)
    return [noted(one, read_note(objects, one.asset, name)) for one in told]


def built_batches(objects: Objects) -> Identities:
    """Return what tells the rows of each batch from others, asset by asset, as far as selections read them."""
    return read_identities(objects, READS, batch_names(objects))


def every_batch(objects: Objects) -> Iterator[list[PartitionStatus]]:
    """Yield the five assets of each batch, by name."""
    return _Look(objects).batches()


def every_recipe(objects: Objects) -> Iterator[list[PartitionStatus]]:
    """Yield the two assets of each recipe, by name."""
    return _Look(objects).recipes()


def weight_of(objects: Objects, batch: str) -> int:
    """Return a batch's ``weight`` alone. Raises ``StoreError`` when there is no such batch."""
    raw = read_record(objects, "raw_videos", batch)
    return raw.rows["packets"] if raw else len(read_batch(objects, batch).entries)


def statuses(objects: Objects) -> Iterator[list[PartitionStatus]]:
    """Yield the assets of each batch, then of each recipe."""
    look = _Look(objects)
    yield from look.batches()
    yield from look.recipes()


def to_build(partition: list[PartitionStatus]) -> tuple[str, ...]:
    """Return the assets to build: the first that is not up to date and all that follow from it.

    None while the first waits for what others must build before.
    """
    for at, status in enumerate(partition):
        if not status.is_built:
            return () if at == 0 and status.state is State.WAITING else tuple(s.asset for s in partition[at:])
    return ()


@dataclass(frozen=True)
class _Told:
    """What is told of a batch, but for notes on failures; and what tells the rows of its assets from others."""

    statuses: tuple[PartitionStatus, ...]
    contents: Mapping[str, str]


# Of the store that was last looked at: processes that look often look at one.
_remembered: dict[str, Remembered[_Told]] = {}


class _Look:
    """One look at a whole store. Recipes that are looked at after the batches use what was read of these."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._contents: Identities | None = None
        self._shapes: dict[str | None, tuple[list[Shape], str]] = {}

    def batches(self) -> Iterator[list[PartitionStatus]]:
        contents: dict[str, Mapping[str, str]] = {}
        for names in in_groups(list(self._batches)):
            known = {name: self._recalled(name) for name in names}
            fresh = self._read([name for name, told in known.items() if told is None])
            for name in names:
                told = known[name] or fresh[name]
                contents[name] = told.contents
                yield [noted(one, self._notes.get((one.asset, name))) for one in told.statuses]
        self._memory.only(self._batches)
        self._contents = contents

    def recipes(self) -> Iterator[list[PartitionStatus]]:
        for name in recipe_files.names(self._objects):
            if self._contents is None:
                self._contents = read_identities(self._objects, READS, list(self._batches))
            [records] = read_records(self._objects, OF_RECIPE, [name], self._records)
            told = of_recipe(self._objects, name, records, self._contents)
            yield [noted(one, self._notes.get((one.asset, name))) for one in told]

    def _recalled(self, name: str) -> _Told | None:
        collection = self._memory.collection(name)
        return None if collection is None else self._memory.recall(name, self._marks(name, collection))

    def _read(self, names: Sequence[str]) -> dict[str, _Told]:
        """Read batches anew, and remember what is told of them."""
        batches = read_some_batches(self._objects, names)
        proofs = [Proof.of(b.collection, self._marks(b.name, b.collection), b.entries) for b in batches]
        records = read_records(self._objects, STEPS, names, self._records)
        lines = kept_lines_of(self._objects, batches, self._attached)
        told: dict[str, _Told] = {}
        for batch, proof, own, kept in zip(batches, proofs, records, lines, strict=True):
            seen = self._seen if _has_links(batch) else {}
            statuses = of_batch(batch, self._shaped_by(batch.collection)[0], own, seen, kept)
            contents = {asset: own[asset].content for asset in READS if asset in own and own[asset].content}
            told[batch.name] = _Told(tuple(statuses), contents)
            self._memory.keep(batch.name, proof, told[batch.name])
        return told

    def _marks(self, name: str, collection: str) -> tuple[str, ...]:
        """Return what changes when a batch may stand otherwise, its local sources aside."""
        records = (self._records.get(record_path(asset, name), "") for asset in STEPS)
        later = (f"{path} {self._later[path]}" for path in self._attached.get(name, ()))
        return (self._batches[name], self._shaped_by(collection)[1], self._links, *records, *later)

    @cached_property
    def _memory(self) -> Remembered[_Told]:
        for other in [uri for uri in list(_remembered) if uri != self._objects.uri]:
            _remembered.pop(other, None)
        return _remembered.setdefault(self._objects.uri, Remembered())

    @cached_property
    def _batches(self) -> Mapping[str, str]:
        return batch_marks(self._objects)

    @cached_property
    def _records(self) -> Mapping[str, str]:
        return record_marks(self._objects)

    @cached_property
    def _later(self) -> Mapping[str, str]:
        return dict(self._objects.marks(LATER))

    @cached_property
    def _attached(self) -> Mapping[str, Sequence[str]]:
        return by_batch(self._later)

    @cached_property
    def _links(self) -> str:
        return digest([*self._objects.marks(LINKS)])

    @cached_property
    def _seen(self) -> Mapping[str, str]:
        return read_seen(self._objects)

    @cached_property
    def _notes(self) -> Mapping[tuple[str, str], Note]:
        return read_notes(self._objects)

    @cached_property
    def _settings(self) -> Mapping[str | None, Settings]:
        return settings.load_all(self._objects)

    def _shaped_by(self, collection: str) -> tuple[list[Shape], str]:
        """Return what shapes a collection's batches, and a digest of it."""
        own = collection if collection in self._settings else None
        if own not in self._shapes:
            shapes = shapes_of(self._settings[own])
            self._shapes[own] = shapes, digest([shape.by for shape in shapes])
        return self._shapes[own]


def _there(objects: Objects, assets: Iterable[str], partition: str) -> dict[str, Record]:
    """Return those of a partition's records that there are, by asset."""
    found = {asset: read_record(objects, asset, partition) for asset in assets}
    return {asset: record for asset, record in found.items() if record is not None}


def _has_links(batch: Batch) -> bool:
    return any(entry.linked for entry in batch.entries)
