"""What somebody is at, as Dagster knows it: runs that are not over, and what backfills have still to come to.

Here: finding that out. Not here: builds that another instance runs over the same store; those two would write the same
bytes (``rushes.work``).
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from assets.partitions import batches, recipes
from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_BACKFILLS = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]


def in_flight(instance: dg.DagsterInstance) -> frozenset[tuple[str, str]]:
    """Return (asset, partition) of everything that is being built, or waits for its turn."""
    found: set[tuple[str, str]] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        assets = assets_of(run)
        found |= {(asset, partition) for partition in partitions_of(instance, run) for asset in assets}
    for backfill in instance.get_backfills(filters=BulkActionsFilter(statuses=_BACKFILLS)):
        found.update(_left(backfill))
    return frozenset(found)


def assets_of(run: dg.DagsterRun) -> tuple[str, ...]:
    """Return the assets that a run builds."""
    if run.asset_selection:
        return tuple(key.to_user_string() for key in run.asset_selection)
    return {"build_batch": BATCH_ASSETS, "build_recipe": RECIPE_ASSETS}.get(run.job_name, ())


def partitions_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Return the partitions that a run builds: one, or several in a row."""
    if (one := run.tags.get(PARTITION_NAME_TAG)) is not None:
        return [one]
    start, end = (run.tags.get(tag) for tag in (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG))
    if start is None or end is None:
        return []
    of_recipes = any(asset in RECIPE_ASSETS for asset in assets_of(run))
    keys = list(instance.get_dynamic_partitions(str((recipes if of_recipes else batches).name)))
    return keys[keys.index(start) : keys.index(end) + 1] if start in keys and end in keys else [start, end]


def _left(backfill: PartitionBackfill) -> Iterator[tuple[str, str]]:
    """Yield what a backfill has neither built nor given up."""
    data = backfill.asset_backfill_data
    if data is None:  # one of a job, whose runs are made a few at a time
        assets = {"build_batch": BATCH_ASSETS, "build_recipe": RECIPE_ASSETS}.get(backfill.job_name or "", ())
        yield from ((asset, partition) for partition in backfill.partition_names or () for asset in assets)
        return
    left = data.target_subset - data.materialized_subset - data.failed_and_downstream_subset
    for key, partition in left.iterate_asset_partitions():
        if partition is not None:
            yield key.to_user_string(), partition
