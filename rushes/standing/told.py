"""How one batch or recipe stands, told from what was read of it.

Here: what is said of each of its assets. Not here: reading, one by one or all of a store (``status``), what a state is
(``rushes.work.plan``, ``selection.state``, ``packaging.state``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rushes.errors import SettingsError
from rushes.packaging.state import ASSET as PACKAGED
from rushes.packaging.state import package_state_of
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import ASSET as SELECTED
from rushes.selection.state import selection_state_of
from rushes.settings import Settings
from rushes.steps import STEPS
from rushes.store.annotations import Kept
from rushes.store.failures import Note
from rushes.store.manifests import Batch, Identities, Record
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.work.plan import Shape, State, plan_of

OF_RECIPE = (SELECTED, PACKAGED)
"""The assets of a recipe, in order of lineage."""


@dataclass(frozen=True)
class PartitionStatus:
    """One asset's partition. ``failure`` is why its last build failed, if it did; ``note`` what else to know.

    ``weight`` is how much there is to do in a batch: its frames, or before it was ingested the number of its videos.
    ``identity`` is what it would have if built now, ``attempts`` how often that was begun and did not end well, and
    ``process`` (host:pid) who is at it, or was killed at it.
    """

    asset: str
    partition: str
    state: State
    rows: int
    rejects: int
    failure: str | None = None
    note: str | None = None
    weight: int = 0
    identity: str = ""
    attempts: int = 0
    process: str | None = None

    @property
    def is_built(self) -> bool:
        """Whether nothing is to be done."""
        return self.state is State.BUILT and self.failure is None


def shapes_of(chosen: Settings) -> list[Shape]:
    """Return what shapes each of the five assets of batches."""
    return [Shape(step, chosen) for step in STEPS.values()]


def of_batch(
    batch: Batch,
    shapes: Sequence[Shape],
    records: Mapping[str, Record],
    seen: Mapping[str, str],
    lines: Mapping[str, Sequence[Kept]],
) -> list[PartitionStatus]:
    """Tell of a batch what was read of it."""
    raw = records.get("raw_videos")
    weight = raw.rows.get("packets", 0) if raw else len(batch.entries)
    plans = {shape.step.asset: plan_of(shape, batch, records, seen, lines) for shape in shapes}
    return [_status(asset, batch.name, (p.state, p.identity), records.get(asset), weight) for asset, p in plans.items()]


def of_recipe(
    objects: Objects, name: str, records: Mapping[str, Record], built: Identities | None
) -> list[PartitionStatus]:
    """Tell of a recipe what was read of it, and of all batches."""
    selection, dataset = (records.get(asset) for asset in OF_RECIPE)
    try:
        recipe = recipe_files.load(objects, name)
        selected = selection_state_of(objects, recipe, selection, built)
    except SettingsError as error:
        return [PartitionStatus(asset, name, State.MISSING, 0, 0, str(error)) for asset in OF_RECIPE]
    packaged = package_state_of(recipe, selection, dataset)
    return [
        _status(SELECTED, name, selected, selection),
        _status(PACKAGED, name, packaged, dataset),
    ]


def _status(
    asset: str, partition: str, stands: tuple[State, str], record: Record | None, weight: int = 0
) -> PartitionStatus:
    state, identity = stands
    tables = STEPS[asset].tables if asset in STEPS else [t for t in TABLES if TABLES[t].asset == asset]
    return PartitionStatus(
        asset,
        partition,
        state,
        rows=record.rows.get(tables[0], 0) if record else 0,
        rejects=sum(record.rejects.values()) if record else 0,
        note=record.note if record else None,
        weight=weight,
        identity=identity,
    )


def noted(status: PartitionStatus, note: Note | None) -> PartitionStatus:
    """Add to a status what is noted of builds that did not end well. A recipe that cannot be carried out says so."""
    if note is None:
        return status
    attempts = note.attempts if note.shape == status.identity else 0
    return replace(status, failure=status.failure or note.message, attempts=attempts, process=note.process)
