"""Batches' lines of annotations, and their manifests, without the videos that are to go.

The manifest is what is read first and so what is changed last: until then, an interrupted forgetting finds in it what
it was about, and no build begins on the batch. Here: that order. Not here: how lines and manifests lie in the store
(``rushes.store``), what is made of them (``batches``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from rushes.forget.batches import without
from rushes.forget.changes import Changes
from rushes.forget.targets import Targets
from rushes.store import annotations as kept
from rushes.store.manifests import Batch, replace_batch


def forget_registered(changes: Changes, targets: Targets) -> None:
    """Take entries out of their batches, and their lines out of what is kept."""
    names = targets.names
    used: list[str] = []
    for batch in targets.batches.values():
        gone = targets.entries.get(batch.name, ())
        left = without(batch, gone, names)
        changes.rows["registered"] += len(gone)
        if gone and not changes.dry_run:
            ids = {entry.entry_id for entry in gone}
            for at, listing in kept.later_listings(changes.objects, batch.name).items():
                changes.write(at, kept.without(changes.objects, listing, ids.__contains__).encode())
            if left.annotations is not None:
                own = kept.without(changes.objects, left.annotations, ids.__contains__)
                left = replace(left, annotations=own)
        if left != batch:
            changes.do(partial(replace_batch, changes.objects, left))
        used += _listings(changes, left)
    if not changes.dry_run:
        changes.delete(kept.unused(changes.objects, used, names.goes), "files of annotations")


def _listings(changes: Changes, batch: Batch) -> Iterator[str]:
    if batch.annotations is not None:
        yield batch.annotations
    yield from kept.later_listings(changes.objects, batch.name).values()
