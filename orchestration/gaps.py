"""What is not built as it should be: for ``rushes build``, which tries everything, and for what runs by itself.

By itself, a partition's first group with a gap is built, and the next one only when that is sound: so nothing is
begun before what it reads is there and has passed its checks. What was tried in vain too often is left alone. Here:
partitions with the assets they lack. Not here: how states are told (``rushes.standing``), launching anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.lineage import BATCH_ASSETS, GROUPS
from rushes import settings
from rushes.errors import RushesError
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.recipes.pools import in_order
from rushes.selection.recipes.recipe import Recipe
from rushes.standing.failures import most_attempts
from rushes.standing.status import PartitionStatus, built_batches, every_batch, recipe_statuses, statuses, to_build
from rushes.store.objects import Objects
from rushes.work.plan import State


@dataclass(frozen=True)
class Gap:
    """A partition and the assets, in order of lineage, that have to be built.

    ``weight`` is how much that is, ``shape`` the identity that the first of them is to have.
    """

    partition: str
    assets: tuple[str, ...]
    weight: int = 0
    shape: str = ""


def batch_gaps(objects: Objects) -> list[Gap]:
    """Return the gap of each batch that has one, the heaviest first."""
    gaps = [
        Gap(batch[0].partition, assets, batch[0].weight)
        for batch in every_batch(objects)
        if (assets := to_build(batch))
    ]
    return _heaviest_first(gaps)


def recipe_gaps(objects: Objects) -> Iterator[Gap]:
    """Yield the gap of each recipe that has one and something to choose from, after those it builds upon.

    Batches are read once, however many recipes there are.
    """
    built = None
    for name in in_order(objects):
        built = built_batches(objects) if built is None else built
        if assets := to_build(recipe_statuses(objects, name, built)):
            yield Gap(name, assets)


def open_gaps(objects: Objects, busy: Collection[tuple[str, str]], *, only_new: bool = False) -> dict[str, list[Gap]]:
    """Return by group what is to be built by itself now, the heaviest first.

    ``busy`` are the (asset, partition) that somebody is at. ``only_new`` leaves out what was tried before.
    """
    chosen = settings.load_all(objects)
    found: dict[str, list[Gap]] = {group: [] for group in GROUPS}
    unsound = set()
    for partition in statuses(objects):  # all batches, then all recipes
        first = partition[0]
        if first.asset in BATCH_ASSETS:
            if not all(_is_sound(status) for status in partition):
                unsound.add(first.partition)
            _sort_in(found, partition, busy, most_attempts(chosen, first.partition), only_new)
        elif _is_ready(objects, first.partition, unsound):
            _sort_in(found, partition, busy, most_attempts(chosen), only_new)
    return {group: _heaviest_first(gaps) for group, gaps in found.items()}


def _sort_in(
    found: dict[str, list[Gap]],
    partition: Sequence[PartitionStatus],
    busy: Collection[tuple[str, str]],
    limit: int,
    only_new: bool,
) -> None:
    if any((status.asset, status.partition) in busy for status in partition):
        return
    first = _first_to_build(partition, limit, only_new)
    if first is None:
        return
    group = next(name for name, assets in GROUPS.items() if first.asset in assets)
    assets = GROUPS[group][GROUPS[group].index(first.asset) :]
    found[group].append(Gap(first.partition, assets, first.weight, first.identity))


def _first_to_build(partition: Sequence[PartitionStatus], limit: int, only_new: bool) -> PartitionStatus | None:
    """Return the first asset of a partition that is to be built; None when nothing is, or something stands before it.

    What is merely unfinished holds nothing up: the videos that it has are sound.
    """
    for status in partition:
        if status.is_built:
            continue
        left_alone = status.attempts >= limit
        tried = status.attempts > 0 or status.state is State.UNFINISHED
        if not left_alone and not (only_new and tried):
            return None if status.state is State.WAITING else status
        if not _is_sound(status):
            return None
    return None


def _is_sound(status: PartitionStatus) -> bool:
    """Whether what comes after may read it."""
    return status.failure is None and status.state in (State.BUILT, State.UNFINISHED)


def _is_ready(objects: Objects, name: str, unsound: Collection[str]) -> bool:
    """Whether all batches that a recipe names, and the recipes that it builds upon, are as they should be."""
    try:
        recipe = recipe_files.load(objects, name)
    except RushesError:
        return False  # it says so in its status; no run would change that
    if any(_names(recipe, batch) for batch in unsound):
        return False
    others = [other for other in recipe.datapool if other != name]
    return all(_is_sound(recipe_statuses(objects, other)[0]) for other in others)


def _names(recipe: Recipe, batch: str) -> bool:
    return not recipe.collections or recipe.asks_all_batches or batch.rpartition("-")[0] in recipe.collections


def _heaviest_first(gaps: Iterable[Gap]) -> list[Gap]:
    return sorted(gaps, key=lambda gap: (-gap.weight, gap.partition))
