"""Backfills: what is to be built by itself, as one object of Dagster's for each asset group.

A tick asks for each group's heaviest partitions, as many as there is room for, and Dagster's daemon carries them out,
in order of lineage within the group. Here: choosing and launching them. Not here: what a gap is (``gaps``), when this
happens (``schedules``, ``sensors``, ``backfill_command``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.gaps import Gap, open_gaps
from orchestration.lineage import GROUPS
from rushes import settings
from rushes.store.objects import Objects

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

GROUP_TAG = "rushes/group"


@dataclass(frozen=True)
class Wanted:
    """What one backfill is to build: the gaps of a group, the heaviest first. ``left`` gaps wait for room."""

    group: str
    gaps: tuple[Gap, ...]
    left: int

    @property
    def words(self) -> str:
        """As people are told of it."""
        what = "recipe" if self.group == "datasets" else "batch"
        count = len(self.gaps)
        plural = what + ("es" if what == "batch" else "s") * (count != 1)
        return f"{self.group}: {count} {plural if count != 1 else what}" + (f", {self.left} wait" if self.left else "")


def choose(objects: Objects, busy: frozenset[tuple[str, str]], most: int | None = None) -> list[Wanted]:
    """Return what each group is to build now, where there is anything."""
    return fit(objects, open_gaps(objects, busy), busy, most)


def fit(
    objects: Objects, gaps: Mapping[str, Sequence[Gap]], busy: frozenset[tuple[str, str]], most: int | None = None
) -> list[Wanted]:
    """Return what there is room for.

    Of a group at most ``most`` partitions (default: ``backfill.partitions``) are built at a time, those counted that
    are ``busy``: (asset, partition).
    """
    room = most or settings.load(objects).backfill.partitions
    under_way = Counter(
        group for group, assets in GROUPS.items() for _ in {name for asset, name in busy if asset in assets}
    )
    wanted = []
    for group, found in gaps.items():
        taken = found[: max(room - under_way[group], 0)]
        if taken:
            wanted.append(Wanted(group, tuple(taken), len(found) - len(taken)))
    return wanted


def subset_of(gaps: Sequence[Gap], graph: BaseAssetGraph) -> AssetGraphSubset:
    """Return the gaps' assets and partitions as Dagster has them."""
    from dagster import AssetKey
    from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
    from dagster._core.definitions.events import AssetKeyPartitionKey

    parts = {AssetKeyPartitionKey(AssetKey(asset), gap.partition) for gap in gaps for asset in gap.assets}
    return AssetGraphSubset.from_asset_partition_set(parts, graph)


def launch(instance: dg.DagsterInstance, graph: BaseAssetGraph, wanted: Wanted, tags: Mapping[str, str]) -> str:
    """Put a backfill into Dagster's instance, whose daemon carries it out; return its id."""
    from dagster._core.execution.backfill import PartitionBackfill
    from dagster._core.utils import make_new_backfill_id

    name = make_new_backfill_id()
    instance.add_backfill(
        PartitionBackfill.from_asset_graph_subset(
            backfill_id=name,
            backfill_timestamp=time.time(),
            tags={GROUP_TAG: wanted.group, **tags},
            dynamic_partitions_store=instance,
            asset_graph_subset=subset_of(wanted.gaps, graph),
            title=wanted.words,
            description="Missing, failed, stale or unfinished, as the store has it.",
            run_config=None,
        )
    )
    return name
