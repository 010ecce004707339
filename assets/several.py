"""Several batches in one run, for an asset whose work is less than the start of a run.

Dagster gives what a step returns to all partitions of its run. Here each batch tells its own instead: its
materialisation with its metadata and data version, and its checks; one that fails takes no other along. Not here: what
is told (``materialise``, ``checked``).
"""

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
)

from assets.checked import check_rows, name_of
from assets.materialise import materialise_batch
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.errors import StoppedError
from rushes.steps import STEPS
from rushes.store.schemas import REJECTS


def materialise_several(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource, asset: str
) -> None:
    """Build each batch of the run and log its events. Raises ``dg.Failure`` at the end, naming those that failed."""
    failed: dict[str, str] = {}
    for batch in context.partition_keys:
        try:
            result = materialise_batch(context, store, compute, asset, batch)
        except Exception as error:
            if isinstance(error.__cause__, StoppedError):
                raise
            failed[batch] = _words(error)
            context.log.error(f"{batch}: {failed[batch]}", exc_info=not isinstance(error, dg.Failure))
            continue
        context.log_event(_materialisation(asset, batch, result))
        if (why := _check(context, store, asset, batch)) is not None:
            failed[batch] = why
    if failed:
        words = "; ".join(f"{batch}: {why}" for batch, why in failed.items())
        raise dg.Failure(f"{len(failed)} of {len(context.partition_keys)} batches: {words}", allow_retries=False)


def _materialisation(asset: str, batch: str, result: dg.MaterializeResult) -> dg.AssetMaterialization:
    version = result.data_version.value if result.data_version else ""
    tags = {
        DATA_VERSION_TAG: version,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        CODE_VERSION_TAG: STEPS[asset].version,
    }
    return dg.AssetMaterialization(asset, partition=batch, metadata=dict(result.metadata or {}), tags=tags)


def _check(context: dg.AssetExecutionContext, store: StoreResource, asset: str, batch: str) -> str | None:
    """Tell Dagster of each table's check; return the words of the first that failed."""
    failed = None
    for table in (*STEPS[asset].tables, REJECTS.name):
        result = check_rows(store.objects, asset, table, batch)
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(asset),
                check_name=name_of(table),
                passed=result.passed,
                metadata=result.metadata,
                blocking=True,
                partition=batch,
            )
        )
        if not result.passed and failed is None:
            failed = f"check {name_of(table)}: {result.metadata['problems'].value}"
    return failed


def _words(error: Exception) -> str:
    if isinstance(error, dg.Failure):
        return str(error.description)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
