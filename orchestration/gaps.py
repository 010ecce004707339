"""What is not built as it should be: found in the store, whoever built it and whatever Dagster remembers.

Here: asking the library for each partition's state. Not here: launching anything (``schedules``, ``build``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rushes import settings
from rushes.errors import SettingsError
from rushes.packaging.package import package_state
from rushes.selection import recipe as recipe_files
from rushes.selection.select import selection_state
from rushes.steps import STEPS
from rushes.store.manifests import batch_names, read_batch
from rushes.store.objects import Objects
from rushes.work.plan import State, plan


@dataclass(frozen=True)
class Gap:
    """A partition and the assets, in order of lineage, that have to be built."""

    partition: str
    assets: tuple[str, ...]


def batch_gap(objects: Objects, batch: str) -> Gap | None:
    """Return what a batch lacks: the first asset that is not up to date and all that follow from it."""
    manifest = read_batch(objects, batch)
    chosen = settings.load(objects, manifest.collection)
    for at, step in enumerate(STEPS.values()):
        if plan(objects, step, manifest, chosen).state is not State.BUILT:
            return Gap(batch, tuple(STEPS)[at:])
    return None


def batch_gaps(objects: Objects) -> Iterator[Gap]:
    """Yield the gap of each batch that has one."""
    return (gap for batch in batch_names(objects) if (gap := batch_gap(objects, batch)) is not None)


def recipe_gap(objects: Objects, name: str) -> Gap | None:
    """Return what a recipe lacks; None as well while there is nothing to choose from."""
    recipe = recipe_files.load(objects, name)
    selection, _ = selection_state(objects, recipe)
    if selection is State.WAITING:
        return None
    if selection is not State.BUILT:
        return Gap(name, ("selected_sequences", "packaged_datasets"))
    packaged, _ = package_state(objects, recipe)
    return None if packaged is State.BUILT else Gap(name, ("packaged_datasets",))


def recipe_gaps(objects: Objects) -> Iterator[Gap]:
    """Yield the gap of each recipe that has one; a recipe that cannot be read is passed over."""
    for name in recipe_files.names(objects):
        try:
            gap = recipe_gap(objects, name)
        except SettingsError:
            continue
        if gap is not None:
            yield gap
