"""What the five assets that work on batches have in common: one definition, made from the library's step.

Here: lineage, schema, version and partitions as the step states them. Not here: what the asset is for (its own module),
and what a build does (``materialise``, ``several``).
"""

import warnings
from collections.abc import Iterator

import dagster as dg

from assets.columns import table_metadata
from assets.freshness import freshness_policy
from assets.materialise import materialise_batch
from assets.partitions import OWNERS, batches
from assets.several import materialise_several
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.steps import STEPS


def batch_asset(
    name: str, *, description: str, group: str, kinds: set[str], pool: str | None = None, per_run: int | None = None
) -> dg.AssetsDefinition:
    """Return the asset of a step: it builds one batch's partition of the step's tables.

    ``per_run`` is how many batches a backfill puts into one run; by default each has its own.
    """
    step = STEPS[name]
    with warnings.catch_warnings():
        # Dagster warns that backfill policies may yet change; its version is bound, and nobody here can act on it.
        warnings.simplefilter("ignore", dg.BetaWarning)
        define = dg.asset(
            name=name,
            partitions_def=batches,
            deps=list(step.reads),
            description=description,
            group_name=group,
            kinds=kinds,
            owners=OWNERS,
            freshness_policy=freshness_policy(),
            code_version=step.version,
            pool=pool,
            metadata=table_metadata(step.tables),
            backfill_policy=dg.BackfillPolicy.multi_run(per_run) if per_run else None,
            output_required=per_run is None,  # several batches are told one by one, not by the step's output
        )

    def _asset(
        context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
    ) -> Iterator[dg.MaterializeResult]:
        if context.has_partition_key:
            yield materialise_batch(context, store, compute, name, context.partition_key)
        else:
            materialise_several(context, store, compute, name)

    return define(_asset)
