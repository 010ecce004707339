"""Annotations as they came: the lines that speak of each video of a batch, until rows are made of them.

Those that came with a batch are named by its sealed manifest; what is added later lies beside it and replaces, of the
same set and file, what was there. Here: where the lines lie and which count. Not here: what they say
(``rushes.sources``).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rushes.store.manifests import Batch
from rushes.store.objects import Objects

LATER = "annotations/later"


@dataclass(frozen=True)
class Kept:
    """Lines that speak of one video: of which set (``annotation``), read by which format, from which file (``origin``).

    They lie at ``offset`` in ``data``, ``size`` bytes long; ``sha256`` is of the lines.
    """

    annotation: str
    format: str
    origin: str
    data: str
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Lines:
    """Lines to be kept: ``number<TAB>text``, one below the other."""

    annotation: str
    format: str
    origin: str
    text: bytes

    @property
    def sha256(self) -> str:
        """The hash of the lines."""
        return hashlib.sha256(self.text).hexdigest()


def write_lines(objects: Objects, of_entries: Mapping[str, Sequence[Lines]]) -> str | None:
    """Put the lines of some entries; return the name of what lists them, or None when there are none."""
    data = bytearray()
    places: dict[str, list[tuple[Lines, int, int]]] = {}
    for entry_id, all_lines in of_entries.items():
        for lines in all_lines:
            packed = zlib.compress(lines.text)
            places.setdefault(entry_id, []).append((lines, len(data), len(packed)))
            data += packed
    if not places:
        return None
    name = _put(objects, "lines", bytes(data))
    listed = {
        entry_id: [
            asdict(Kept(one.annotation, one.format, one.origin, name, offset, size, one.sha256))
            for one, offset, size in own
        ]
        for entry_id, own in places.items()
    }
    return _put_listing(objects, listed)


def attach(objects: Objects, batch: str, listing: str) -> None:
    """Let a listing count for a batch that is sealed already, over what was there of the same sets and files."""
    number = sum(1 for _ in objects.list(_folder(batch)))
    while not objects.create(f"{_folder(batch)}/{number:06d}", listing.encode()):
        number += 1


def kept_lines(objects: Objects, batch: Batch) -> dict[str, list[Kept]]:
    """Return what counts of each entry of a batch, by entry, the oldest first."""
    [lines] = kept_lines_of(objects, [batch], {batch.name: list(objects.list(_folder(batch.name)))})
    return lines


def kept_lines_of(
    objects: Objects, batches: Sequence[Batch], attached: Mapping[str, Sequence[str]]
) -> Iterator[dict[str, list[Kept]]]:
    """Yield what counts of each batch, all asked for at once; ``attached`` is as ``by_batch`` returns it."""
    pointers = [name for batch in batches for name in attached.get(batch.name, ())]
    later = dict(zip(pointers, (data.decode() for data in objects.read_all(pointers)), strict=True))
    listings = [
        [*([batch.annotations] if batch.annotations else []), *(later[name] for name in attached.get(batch.name, ()))]
        for batch in batches
    ]
    names = sorted({name for of_batch in listings for name in of_batch})
    read = dict(zip(names, objects.read_all(names), strict=True))
    for of_batch in listings:
        yield _newest(json.loads(read[name]) for name in of_batch)


def by_batch(names: Iterable[str]) -> dict[str, list[str]]:
    """Sort what lies below ``LATER``, attached to batches after they were sealed, by batch; the oldest first."""
    attached: dict[str, list[str]] = {}
    for name in sorted(names):
        attached.setdefault(name.split("/")[2], []).append(name)
    return attached


def _newest(listings: Iterable[Mapping[str, Sequence[Mapping[str, Any]]]]) -> dict[str, list[Kept]]:
    """Return of each entry what counts, of listings the oldest first."""
    newest: dict[str, dict[tuple[str, str], Kept]] = {}
    for listing in listings:
        for entry_id, places in listing.items():
            for place in places:
                one = Kept(**place)
                newest.setdefault(entry_id, {})[one.annotation, one.origin] = one
    return {entry_id: list(ones.values()) for entry_id, ones in newest.items()}


def read_lines(objects: Objects, one: Kept) -> list[tuple[int, str]]:
    """Return kept lines with their numbers."""
    text = line_text(objects, one).decode()
    return [(int(number), line) for number, _, line in (row.partition("\t") for row in text.split("\n")[:-1])]


def later_listings(objects: Objects, batch: str) -> dict[str, str]:
    """Return the listings that were attached to a batch, the oldest first, by the objects that say so."""
    return {name: objects.read(name).decode() for name in objects.list(_folder(batch))}


def without(objects: Objects, listing: str, goes: Callable[[str], bool]) -> str:
    """Put a listing and its lines again, less the entries that go, and return its name: it may be empty then."""
    listed = json.loads(objects.read(listing))
    left = {entry_id: [Kept(**place) for place in places] for entry_id, places in listed.items() if not goes(entry_id)}
    if len(left) == len(listed):
        return listing
    lines = {
        entry_id: [Lines(one.annotation, one.format, one.origin, line_text(objects, one)) for one in ones]
        for entry_id, ones in left.items()
    }
    return write_lines(objects, lines) or _put(objects, "lists", b"{}")


def renamed(objects: Objects, listing: str, names: Mapping[str, str]) -> str:
    """Put a listing again, with other names for some entries, and return its name."""
    listed = json.loads(objects.read(listing))
    if not listed.keys() & names.keys():
        return listing
    return _put_listing(objects, {names.get(entry_id, entry_id): places for entry_id, places in listed.items()})


def unused(objects: Objects, used: Iterable[str], goes: Callable[[str], bool]) -> list[str]:
    """Return the listings that are not ``used`` and name an entry that goes, and the lines that only these place.

    Others that are not used may be of somebody who is about to seal a batch.
    """
    in_use = set(used)
    places = {}
    for name in objects.list("annotations/lists"):
        listed = json.loads(objects.read(name))
        places[name] = listed.keys(), {place["data"] for ones in listed.values() for place in ones}
    idle = {name for name, (ids, _) in places.items() if name not in in_use and any(goes(one) for one in ids)}
    kept = {data for name, (_, all_data) in places.items() if name not in idle for data in all_data}
    return sorted(idle | {data for name in idle for data in places[name][1] if data not in kept})


def as_text(lines: Iterable[tuple[int, str]]) -> bytes:
    """Return numbered lines as ``Lines`` holds them."""
    return "".join(f"{number}\t{text}\n" for number, text in lines).encode()


def line_text(objects: Objects, one: Kept) -> bytes:
    """Return kept lines as ``Lines`` holds them."""
    with objects.open(one.data) as handle:
        handle.seek(one.offset)
        return zlib.decompress(handle.read(one.size))


def _folder(batch: str) -> str:
    return f"{LATER}/{batch}"


def _put_listing(objects: Objects, listed: Mapping[str, Any]) -> str:
    return _put(objects, "lists", json.dumps(listed, sort_keys=True).encode())


def _put(objects: Objects, kind: str, data: bytes) -> str:
    name = f"annotations/{kind}/{hashlib.sha256(data).hexdigest()}"
    if not objects.exists(name):
        objects.write(name, data)
    return name
