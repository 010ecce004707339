"""Sequences chosen by a recipe out of every batch that it names."""

import time

import dagster as dg

from assets.materialise import describe, failing_plainly, table_metadata
from assets.partitions import EVERY_BATCH, OWNERS, recipes
from resources.store import StoreResource
from rushes.selection import recipe as recipe_files
from rushes.selection.report import write_report
from rushes.selection.select import ASSET, VERSION, select
from rushes.store.manifests import noting_failure


@dg.asset(
    partitions_def=recipes,
    deps=[dg.AssetDep(name, partition_mapping=EVERY_BATCH) for name in ("filtered_clips", "tracks", "embeddings")],
    description="Sequences of clips or tracks chosen by a recipe: SQL condition, strategy, split.",
    group_name="datasets",
    kinds={"parquet", "duckdb"},
    owners=OWNERS,
    code_version=VERSION,
    metadata=table_metadata(["selections"]),
)
def selected_sequences(context: dg.AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult:
    """Carry out one recipe."""
    started = time.monotonic()
    with failing_plainly(), noting_failure(store.objects, ASSET, context.partition_key):
        recipe = recipe_files.load(store.objects, context.partition_key)
        selection = select(store.objects, recipe)
        report = write_report(store.objects, recipe, selection)
    if selection.note:
        context.log.warning(selection.note)
    extra = {
        "funnel": dg.MetadataValue.md(
            "| step | left |\n|---|---|\n" + "".join(f"| {step} | {count} |\n" for step, count in selection.funnel)
        ),
        "report": dg.MetadataValue.path(store.objects.full_uri(report)),
        "seconds": round(time.monotonic() - started, 3),
    }
    return describe(context, store, ASSET, recipe.name, selection.record, extra)
