"""How every partition of a store stands: built, missing, stale, unfinished, failed.

Found from the store alone, so it is the same whoever built it and wherever one asks. Here: gathering states for people
and for schedules. Not here: how a state is told (``rushes.work.plan``, ``selection``, ``packaging``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rushes import settings
from rushes.errors import SettingsError
from rushes.packaging import package
from rushes.selection import select
from rushes.selection.recipes import recipe as recipe_files
from rushes.steps import STEPS
from rushes.store.manifests import batch_names, read_batch, read_failure, read_record
from rushes.store.objects import Objects
from rushes.work.plan import State, plan


@dataclass(frozen=True)
class PartitionStatus:
    """One asset's partition. ``failure`` is why its last build failed, if it did; ``note`` what else to know."""

    asset: str
    partition: str
    state: State
    rows: int
    rejects: int
    failure: str | None = None
    note: str | None = None

    @property
    def is_built(self) -> bool:
        """Whether nothing is to be done."""
        return self.state is State.BUILT and self.failure is None


def batch_statuses(objects: Objects, batch: str) -> list[PartitionStatus]:
    """Return the five assets of a batch, in order of lineage."""
    manifest = read_batch(objects, batch)
    chosen = settings.load(objects, manifest.collection)
    return [_status(objects, step.asset, batch, plan(objects, step, manifest, chosen).state) for step in STEPS.values()]


def recipe_statuses(objects: Objects, name: str) -> list[PartitionStatus]:
    """Return the two assets of a recipe, in order of lineage; both failed when it cannot be carried out."""
    try:
        recipe = recipe_files.load(objects, name)
        selected = select.selection_state(objects, recipe)[0]
    except SettingsError as error:
        return [
            PartitionStatus(asset, name, State.MISSING, 0, 0, str(error)) for asset in (select.ASSET, package.ASSET)
        ]
    return [
        _status(objects, select.ASSET, name, selected),
        _status(objects, package.ASSET, name, package.package_state(objects, recipe)[0]),
    ]


def statuses(objects: Objects) -> Iterator[list[PartitionStatus]]:
    """Yield the assets of each batch, then of each recipe."""
    for batch in batch_names(objects):
        yield batch_statuses(objects, batch)
    for name in recipe_files.names(objects):
        yield recipe_statuses(objects, name)


def to_build(partition: list[PartitionStatus]) -> tuple[str, ...]:
    """Return the assets to build: the first that is not up to date and all that follow from it.

    None while the first waits for what others must build before.
    """
    for at, status in enumerate(partition):
        if not status.is_built:
            return () if at == 0 and status.state is State.WAITING else tuple(s.asset for s in partition[at:])
    return ()


def _status(objects: Objects, asset: str, partition: str, state: State) -> PartitionStatus:
    record = read_record(objects, asset, partition)
    failure = read_failure(objects, asset, partition)
    if record is None:
        return PartitionStatus(asset, partition, state, 0, 0, failure)
    rows = next((count for table, count in record.rows.items() if table != "rejects"), 0)
    first = STEPS[asset].tables[0] if asset in STEPS else None
    return PartitionStatus(
        asset,
        partition,
        state,
        record.rows[first] if first else rows,
        sum(record.rejects.values()),
        failure,
        record.note,
    )
