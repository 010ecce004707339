"""What the five assets that work on batches have in common: one definition, made from the library's step.

Here: lineage, schema, version and partitions as the step states them. Not here: what the asset is for (its own module),
and what a build does (``materialise``).
"""

import dagster as dg

from assets.materialise import materialise_batch, table_metadata
from assets.partitions import OWNERS, batches
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.steps import STEPS


def batch_asset(
    name: str, *, description: str, group: str, kinds: set[str], pool: str | None = None
) -> dg.AssetsDefinition:
    """Return the asset of a step: it builds one batch's partition of the step's tables."""
    step = STEPS[name]

    @dg.asset(
        name=name,
        partitions_def=batches,
        deps=list(step.reads),
        description=description,
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        code_version=step.version,
        pool=pool,
        metadata=table_metadata(step.tables),
    )
    def _asset(
        context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
    ) -> dg.MaterializeResult:
        return materialise_batch(context, store, compute, name)

    return _asset
