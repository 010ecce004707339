"""Blocking checks of every table a partition holds, made from the schemas by one factory.

A partition whose check failed stops what comes after it in the same run. Here: rows against their table's rules, and
the rules between tables. Not here: the rules of single tables (``rushes.store.schemas``).
"""

import dagster as dg

from assets.partitions import batches, recipes
from resources.store import StoreResource
from rushes.steps import STEPS
from rushes.store.schemas import BATCH, RECIPE, TABLES
from rushes.store.tables import read_partition
from rushes.store.validation import problems

_SHOWN = 20


def table_check(asset: str, table: str, key: str) -> dg.AssetChecksDefinition:
    """Return the check that a partition's rows of a table keep its rules."""

    @dg.asset_check(
        asset=asset,
        name=f"{table}_keeps_its_schema",
        description=f"Types, nulls, ranges, choices and uniqueness of {table}.",
        blocking=True,
        partitions_def=batches if key == BATCH else recipes,
    )
    def _check(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
        rows = read_partition(store.objects, TABLES[table], {key: context.partition_key})
        found = problems(table, rows)
        return dg.AssetCheckResult(
            passed=not found, metadata={"rows": len(rows), "problems": dg.MetadataValue.json(found[:_SHOWN])}
        )

    return _check


@dg.asset_check(
    asset="scene_clips",
    name="clips_cover_their_videos",
    description="Clips of a video neither overlap nor leave a gap, from its first frame to its last.",
    blocking=True,
    partitions_def=batches,
)
def clips_cover_their_videos(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
    """Each clip begins where the one before it ends."""
    with store.connect() as connection:
        broken = connection.execute(
            "WITH ordered AS ("
            "  SELECT video_id, start_frame, end_frame, n_frames,"
            "    lag(end_frame, 1, 0) OVER (PARTITION BY video_id ORDER BY start_frame) AS before,"
            "    lead(start_frame, 1, n_frames) OVER (PARTITION BY video_id ORDER BY start_frame) AS after"
            "  FROM clips INNER JOIN videos USING (video_id, batch) WHERE batch = ?)"
            "SELECT video_id, start_frame FROM ordered WHERE start_frame <> before OR end_frame <> after ORDER BY ALL",
            [context.partition_key],
        ).fetchall()
    return dg.AssetCheckResult(
        passed=not broken, metadata={"borders out of place": dg.MetadataValue.json(broken[:_SHOWN])}
    )


CHECKS: list[dg.AssetChecksDefinition] = [
    *(table_check(asset, table, BATCH) for asset, step in STEPS.items() for table in step.tables),
    table_check("selected_sequences", "selections", RECIPE),
    table_check("packaged_datasets", "datasets", RECIPE),
    clips_cover_their_videos,
]
