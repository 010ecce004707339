"""Two that register into two collections at the same moment may give one id to two videos: one then gives way.

Each looks for the other's batches after sealing its own, so that one of them at least sees what happened; and whoever
registers next sees what was left by one that was killed in between. It is the batch whose name comes first that keeps
the id, so that all who see it do the same. Here: finding that, and changing the other batch. Not here: who has an id
when there is nobody else (``entries``), what becomes of an entry whose id is another's (``ingest``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rushes.sources.entries import Known, Place
from rushes.sources.formats.known import FORMATS
from rushes.store.annotations import Lines, attach, kept_lines, line_text, renamed, write_lines
from rushes.store.forgotten import Forgotten
from rushes.store.manifests import Batch, batch_names, read_batch, replace_batch
from rushes.store.objects import Objects


def give_way(objects: Objects, known: Known) -> dict[str, Batch]:
    """Look for batches that are not known yet; return those that had to be changed, by name."""
    for name in batch_names(objects):
        if name not in known.batches:
            known.add(read_batch(objects, name))
    of_batches: dict[str, list[tuple[Place, Place]]] = {}
    for first, second in known.doubled:
        of_batches.setdefault(second.batch, []).append((first, second))
    return {name: _changed(objects, name, doubled) for name, doubled in of_batches.items()}


def _changed(objects: Objects, name: str, doubled: Sequence[tuple[Place, Place]]) -> Batch:
    """Let entries of a batch have the ids of others, which keep them; what is said of these videos goes there."""
    batch = read_batch(objects, name)
    _hand_over(objects, batch, doubled)
    taken = {entry.entry_id for entry in batch.entries}
    names, rivals = {}, {}
    for first, second in doubled:
        names[second.entry_id] = _free_name(second.entry_id, taken)
        rivals[second.entry_id] = first.uri
    entries = tuple(
        replace(entry, entry_id=names[entry.entry_id], rival=rivals[entry.entry_id])
        if entry.entry_id in names
        else entry
        for entry in batch.entries
    )
    annotations = batch.annotations and renamed(objects, batch.annotations, names)
    batch = replace(batch, entries=entries, annotations=annotations)
    replace_batch(objects, batch)
    forgotten = Forgotten.of(objects)
    if any(forgotten.entry(entry) for entry in entries):  # while this was written, perhaps unseen
        batch = replace(batch, entries=tuple(entry for entry in entries if not forgotten.entry(entry)))
        replace_batch(objects, batch)
    return batch


def _hand_over(objects: Objects, batch: Batch, doubled: Iterable[tuple[Place, Place]]) -> None:
    """Let lines that speak of the same video, by its id or its address, count where that is registered."""
    lines = kept_lines(objects, batch)
    of_batches: dict[str, dict[str, list[Lines]]] = {}
    for first, second in doubled:
        for one in lines.get(second.entry_id, ()):
            if first.uri == second.uri or FORMATS[one.format].by_id:
                text = Lines(one.annotation, one.format, one.origin, line_text(objects, one))
                of_batches.setdefault(first.batch, {}).setdefault(first.entry_id, []).append(text)
    for name, of_entries in of_batches.items():
        listing = write_lines(objects, of_entries)
        if listing is not None:
            attach(objects, name, listing)


def _free_name(entry_id: str, taken: set[str]) -> str:
    number = 2
    while f"{entry_id}~{number}" in taken:
        number += 1
    taken.add(f"{entry_id}~{number}")
    return f"{entry_id}~{number}"
