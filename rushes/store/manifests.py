"""Small documents of a store: sealed batches and build records.

Here: their fields and where they lie, as JSON that a person can read; one by one, and many asked for at once. A batch
is created once and never changed; a build record is replaced whole, after everything that it speaks of is in place, and
one that is not whole counts as none. Not here: recipes and settings (YAML
written by people: ``rushes.selection.recipes.recipe``, ``rushes.settings``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from dataclasses import fields as fields_of
from typing import Any

from rushes.errors import StoreError
from rushes.store.objects import Objects

AT_ONCE = 64
"""Batches that are read at a time, with all their records: some ten megabytes of JSON."""

Identities = Mapping[str, Mapping[str, str]]
"""What tells the rows of partitions, by partition and asset; one that has no record, or is in pieces, is not there."""


@dataclass(frozen=True)
class Entry:
    """A video as it was registered.

    ``entry_id`` names it within its batch. It equals ``video_id`` unless that id was taken before by ``rival``, the
    source that keeps it; such an entry ends as a reject.

    ``place`` is what named it (a manifest's line, a folder); None for a person. ``trust`` says how far its address is
    trusted: ``given`` by a person, ``listed`` in a manifest, or ``any`` where private addresses were allowed; a listed
    local file must lie in ``within``. ``deep`` asks for every frame to be decoded once. ``misfit`` is (reason, detail)
    of what could not even name a video.
    """

    entry_id: str
    video_id: str
    source_uri: str
    linked: bool = False
    creds_key: str | None = None
    rival: str | None = None
    place: str | None = None
    trust: str = "given"
    within: str | None = None
    deep: bool = False
    misfit: tuple[str, str] | None = None


@dataclass(frozen=True)
class Batch:
    """A sealed list of videos: the partition of five assets. ``annotations`` names the lines that came with it."""

    name: str
    collection: str
    entries: tuple[Entry, ...]
    annotations: str | None = None


@dataclass(frozen=True)
class Built:
    """What was built of one video: the part's key, and a digest of its rows in each table."""

    key: str
    digests: dict[str, str]


@dataclass(frozen=True)
class Record:
    """What a partition of an asset holds: written last, so that a partition without it is unfinished.

    ``identity`` changes exactly when an input, the code's version, a parameter or a model changed; ``shaped_by`` names
    the last three. ``items`` are the videos' parts, by entry. ``unfinished`` lists videos whose failure may pass, so
    that the next build tries them again. ``note`` is what a person should know of it though nothing failed; ``funnel``
    how many items each step of a selection left.
    """

    asset: str
    partition: str
    code_version: str
    identity: str
    shaped_by: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Built] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    rejects: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    funnel: tuple[tuple[str, int], ...] = ()

    @property
    def content(self) -> str:
        """What tells the rows from others: those of unfinished videos are not there yet, under the same identity.

        Empty from when the partition's objects begin to be replaced until all of them are.
        """
        if not (self.identity and self.unfinished):
            return self.identity
        return hashlib.sha256(json.dumps([self.identity, *self.unfinished]).encode()).hexdigest()[: len(self.identity)]


def batch_path(name: str) -> str:
    """Return the name of a batch's manifest."""
    return f"batches/{name}.json"


def seal_batch(objects: Objects, batch: Batch) -> bool:
    """Create a batch's manifest; False when one of that name was there first."""
    return objects.create(batch_path(batch.name), _manifest(batch))


def replace_batch(objects: Objects, batch: Batch) -> None:
    """Write a sealed batch's manifest anew: for forgetting alone, which takes entries out of it."""
    objects.write(batch_path(batch.name), _manifest(batch))


def batch_names(objects: Objects) -> list[str]:
    """Return the names of all sealed batches, by one listing."""
    return list(batch_marks(objects))


def batch_marks(objects: Objects) -> dict[str, str]:
    """Return all sealed batches by name, each with a mark that changes when its manifest does, by one listing."""
    return {path.rsplit("/", 1)[-1].removesuffix(".json"): mark for path, mark in objects.marks("batches")}


def read_batch(objects: Objects, name: str) -> Batch:
    """Read a batch. Raises ``StoreError`` when there is none of that name."""
    try:
        fields = json.loads(objects.read(batch_path(name)))
    except FileNotFoundError:
        known = ", ".join(batch_names(objects)[:10]) or "none: register videos with 'rushes add'"
        raise StoreError(f"no batch named {name!r} in {objects.uri}; there are: {known}") from None
    return _batch(fields)


def read_batches(objects: Objects) -> Iterator[Batch]:
    """Yield all batches, by name; many are asked for at once."""
    for names in in_groups(batch_names(objects)):
        yield from read_some_batches(objects, names)


def read_some_batches(objects: Objects, names: Sequence[str]) -> list[Batch]:
    """Read batches that are there, in the order given, all at once."""
    return [_batch(json.loads(data)) for data in objects.read_all([batch_path(name) for name in names])]


def in_groups(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield names, as many as are to be read at a time."""
    for at in range(0, len(names), AT_ONCE):
        yield names[at : at + AT_ONCE]


def _manifest(batch: Batch) -> bytes:
    entries = [_less_defaults(entry) for entry in batch.entries]
    fields: dict[str, Any] = {"name": batch.name, "collection": batch.collection, "entries": entries}
    if batch.annotations is not None:
        fields["annotations"] = batch.annotations
    return _json(fields)


def _batch(fields: dict[str, Any]) -> Batch:
    entries = tuple(Entry(**{**entry, "misfit": _pair(entry.get("misfit"))}) for entry in fields["entries"])
    return Batch(fields["name"], fields["collection"], entries, fields.get("annotations"))


def _pair(values: list[str] | None) -> tuple[str, str] | None:
    return (values[0], values[1]) if values else None


def _less_defaults(entry: Entry) -> dict[str, Any]:
    """Return an entry's fields without those that say nothing: a batch may name thousands of videos."""
    return {f.name: value for f in fields_of(entry) if (value := getattr(entry, f.name)) != f.default}


def record_path(asset: str, partition: str) -> str:
    """Return the name of a build record."""
    return f"records/{asset}/{partition}.json"


def write_record(objects: Objects, record: Record) -> None:
    """Put a build record, replacing the one before."""
    objects.write(record_path(record.asset, record.partition), _json(asdict(record)))


def read_record(objects: Objects, asset: str, partition: str) -> Record | None:
    """Read a build record; None when the partition was never finished."""
    data = _read(objects, record_path(asset, partition))
    return None if data is None else _record(data)


def record_marks(objects: Objects) -> dict[str, str]:
    """Return the names of all build records, each with a mark that changes when it does, by one listing."""
    return dict(objects.marks("records"))


def read_records(
    objects: Objects, assets: Collection[str], partitions: Sequence[str], there: Collection[str]
) -> Iterator[dict[str, Record]]:
    """Yield some assets' records of each partition: asked for all at once, and only those that are ``there``."""
    paths = [path for name in partitions for asset in assets if (path := record_path(asset, name)) in there]
    found = dict(zip(paths, _read_if_there(objects, paths), strict=True))
    for name in partitions:
        data = {asset: found.pop(record_path(asset, name), None) for asset in assets}
        records = {asset: _record(one) for asset, one in data.items() if one is not None}
        yield {asset: record for asset, record in records.items() if record is not None}


def read_identities(objects: Objects, assets: Collection[str], partitions: Sequence[str]) -> Identities:
    """Read what tells the rows of some assets' partitions, many at once."""
    there = record_marks(objects)
    return {
        name: {asset: record.content for asset, record in records.items() if record.content}
        for names in in_groups(partitions)
        for name, records in zip(names, read_records(objects, assets, names, there), strict=True)
    }


def _read_if_there(objects: Objects, names: Sequence[str]) -> list[bytes | None]:
    """Return objects' bytes; None for one that went away since it was listed."""
    try:
        return [*objects.read_all(names)]
    except FileNotFoundError:
        return [_read(objects, name) for name in names]


def _read(objects: Objects, name: str) -> bytes | None:
    try:
        return objects.read(name)
    except FileNotFoundError:
        return None


def _record(data: bytes) -> Record | None:
    """Return what a record says; None for one that is not whole, as a machine that lost power may leave it."""
    try:
        fields = json.loads(data)
    except ValueError:
        return None
    fields["items"] = {item: Built(built["key"], built.get("digests", {})) for item, built in fields["items"].items()}
    fields["unfinished"] = tuple(fields["unfinished"])
    fields["funnel"] = tuple((step, left) for step, left in fields.get("funnel", ()))
    return Record(**fields)


def _json(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False).encode()
