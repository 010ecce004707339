"""Sequences chosen by a recipe out of every batch that it names."""

import base64
import time

import dagster as dg

from assets.materialise import describe, failing_plainly, table_metadata
from assets.partitions import EVERY_BATCH, OWNERS, recipes
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.report.write import overview_name, write_report
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
    pool="decode",
    metadata=table_metadata(["selections"]),
)
def selected_sequences(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
) -> dg.MaterializeResult:
    """Carry out one recipe."""
    started = time.monotonic()
    key = context.partition_key
    with (
        failing_plainly(),
        noting_failure(store.objects, ASSET, key),
        compute.progress(context, f"{ASSET} {key}") as progress,
    ):
        recipe = recipe_files.load(store.objects, key)
        selection = select(store.objects, recipe, compute.workers, progress.videos)
        report = write_report(store.objects, recipe, selection)
        picture = base64.b64encode(store.objects.read(overview_name(recipe.name))).decode()
    if selection.note:
        context.log.warning(selection.note)
    extra = {
        "funnel": dg.MetadataValue.md(
            "| step | left |\n|---|---|\n" + "".join(f"| {step} | {count} |\n" for step, count in selection.funnel)
        ),
        "overview": dg.MetadataValue.md(f"![what {recipe.name} chose](data:image/jpeg;base64,{picture})"),
        "report": dg.MetadataValue.path(store.objects.full_uri(report)),
        "seconds": round(time.monotonic() - started, 3),
    }
    return describe(context, store, ASSET, recipe.name, selection.record, extra, picture=False)
