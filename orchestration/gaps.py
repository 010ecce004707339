"""What is not built as it should be, as the schedules and ``rushes build`` want it.

Here: partitions with the assets they lack. Not here: how states are told (``rushes.status``), launching anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rushes.selection.recipes.pools import in_order
from rushes.status import batch_statuses, recipe_statuses, to_build
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects


@dataclass(frozen=True)
class Gap:
    """A partition and the assets, in order of lineage, that have to be built."""

    partition: str
    assets: tuple[str, ...]


def batch_gaps(objects: Objects) -> Iterator[Gap]:
    """Yield the gap of each batch that has one."""
    for name in batch_names(objects):
        if assets := to_build(batch_statuses(objects, name)):
            yield Gap(name, assets)


def recipe_gaps(objects: Objects) -> Iterator[Gap]:
    """Yield the gap of each recipe that has one and something to choose from, after those it builds upon."""
    for name in in_order(objects):
        if assets := to_build(recipe_statuses(objects, name)):
            yield Gap(name, assets)
