"""Annotations as they came: the lines that speak of each video of a batch, until rows are made of them.

Those that came with a batch are named by its sealed manifest; what is added later lies beside it and replaces, of the
same set and file, what was there. Here: where the lines lie and which count. Not here: what they say
(``rushes.sources``).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from rushes.store.manifests import Batch
from rushes.store.objects import Objects


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
    return _put(objects, "lists", json.dumps(listed, sort_keys=True).encode())


def attach(objects: Objects, batch: str, listing: str) -> None:
    """Let a listing count for a batch that is sealed already, over what was there of the same sets and files."""
    number = sum(1 for _ in objects.list(_folder(batch)))
    while not objects.create(f"{_folder(batch)}/{number:06d}", listing.encode()):
        number += 1


def kept_lines(objects: Objects, batch: Batch) -> dict[str, list[Kept]]:
    """Return what counts of each entry of a batch, by entry, the oldest first."""
    listings = [batch.annotations] if batch.annotations else []
    listings += [objects.read(name).decode() for name in objects.list(_folder(batch.name))]
    newest: dict[str, dict[tuple[str, str], Kept]] = {}
    for listing in listings:
        for entry_id, places in json.loads(objects.read(listing)).items():
            for place in places:
                one = Kept(**place)
                newest.setdefault(entry_id, {})[one.annotation, one.origin] = one
    return {entry_id: list(ones.values()) for entry_id, ones in newest.items()}


def read_lines(objects: Objects, one: Kept) -> list[tuple[int, str]]:
    """Return kept lines with their numbers."""
    with objects.open(one.data) as handle:
        handle.seek(one.offset)
        text = zlib.decompress(handle.read(one.size)).decode()
    return [(int(number), line) for number, _, line in (row.partition("\t") for row in text.split("\n")[:-1])]


def as_text(lines: Iterable[tuple[int, str]]) -> bytes:
    """Return numbered lines as ``Lines`` holds them."""
    return "".join(f"{number}\t{text}\n" for number, text in lines).encode()


def _folder(batch: str) -> str:
    return f"annotations/later/{batch}"


def _put(objects: Objects, kind: str, data: bytes) -> str:
    name = f"annotations/{kind}/{hashlib.sha256(data).hexdigest()}"
    if not objects.exists(name):
        objects.write(name, data)
    return name
