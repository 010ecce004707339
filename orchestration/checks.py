"""Blocking checks of every table a partition holds, made from the schemas by one factory.

A partition whose check failed stops what comes after it in the same run, and is noted in the store as failed, so that
whatever fills gaps builds it again. Here: rows against their table's rules, and
the rules between tables. Not here: the rules of single tables (``rushes.store.schemas``).
"""

import warnings
from collections.abc import Callable

import dagster as dg

from assets.partitions import batches, recipes
from resources.store import StoreResource
from rushes.steps import STEPS
from rushes.store.manifests import write_failure
from rushes.store.schemas import REJECTS, TABLES
from rushes.store.tables import read_partition
from rushes.store.validation import problems

_SHOWN = 20
_Check = Callable[..., dg.AssetCheckResult]


def _blocking_check(
    asset: str, name: str, description: str, partitions: dg.PartitionsDefinition
) -> Callable[[_Check], dg.AssetChecksDefinition]:
    """Return the decorator of a blocking check of an asset's partitions."""

    def define(check: _Check) -> dg.AssetChecksDefinition:
        with warnings.catch_warnings():
            # Dagster warns that partitioned checks may yet change; its version is bound, and nobody here can act on it.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.asset_check(
                asset=asset,
                name=name,
                description=description,
                blocking=True,
                partitions_def=partitions,
            )(check)

    return define


def table_check(asset: str, table: str, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Return the check that a partition's rows of a table keep its rules."""
    keys = TABLES[table].keys

    @_blocking_check(
        asset, f"{table}_keep_their_schema", f"Types, nulls, ranges, choices and uniqueness of {table}.", partitions
    )
    def _check(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
        partition = {key: asset if key == "asset" else context.partition_key for key in keys}
        rows = read_partition(store.objects, TABLES[table], partition)
        found = problems(table, rows)
        if found:
            write_failure(store.objects, asset, context.partition_key, f"check of {table}: {found[0]}")
        return dg.AssetCheckResult(
            passed=not found, metadata={"rows": len(rows), "problems": dg.MetadataValue.json(found[:_SHOWN])}
        )

    return _check


@_blocking_check(
    "scene_clips",
    "clips_cover_their_videos",
    "Clips of a video cut whole neither overlap nor leave a gap, from its first frame to its last.",
    batches,
)
def clips_cover_their_videos(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
    """Each clip begins where the one before it ends."""
    with store.connect() as connection:
        broken = connection.execute(
            "WITH ordered AS ("
            "  SELECT video_id, start_frame, end_frame, n_frames,"
            "    lag(end_frame, 1, 0) OVER (PARTITION BY video_id ORDER BY start_frame) AS before,"
            "    lead(start_frame, 1, n_frames) OVER (PARTITION BY video_id ORDER BY start_frame) AS after"
            "  FROM clips INNER JOIN videos USING (video_id, batch) WHERE batch = ? AND span IS NULL)"
            "SELECT video_id, start_frame FROM ordered WHERE start_frame <> before OR end_frame <> after ORDER BY ALL",
            [context.partition_key],
        ).fetchall()
    if broken:
        video, frame = broken[0]
        message = f"check of clips: {len(broken)} overlap or leave a gap, the first in {video} at frame {frame}"
        write_failure(store.objects, "scene_clips", context.partition_key, message)
    return dg.AssetCheckResult(
        passed=not broken, metadata={"borders out of place": dg.MetadataValue.json(broken[:_SHOWN])}
    )


CHECKS: list[dg.AssetChecksDefinition] = [
    *(table_check(asset, table, batches) for asset, step in STEPS.items() for table in (*step.tables, REJECTS.name)),
    *(table_check("selected_sequences", table, recipes) for table in ("selections", REJECTS.name)),
    *(table_check("packaged_datasets", table, recipes) for table in ("datasets", REJECTS.name)),
    clips_cover_their_videos,
]
