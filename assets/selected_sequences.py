"""Sequences chosen by a recipe out of every batch that it names."""

import base64
import time
from functools import partial

import dagster as dg

from assets.columns import table_metadata
from assets.freshness import freshness_policy
from assets.materialise import describe, failing_plainly, identity_of
from assets.partitions import EVERY_BATCH, OWNERS, recipes
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import ASSET, VERSION
from rushes.store.failures import noting_failure
from rushes.work.faults import telling_faults


@dg.asset(
    partitions_def=recipes,
    deps=[dg.AssetDep(name, partition_mapping=EVERY_BATCH) for name in ("filtered_clips", "tracks", "embeddings")],
    description="Sequences of clips or tracks chosen by a recipe: SQL condition, strategy, split.",
    group_name="datasets",
    kinds={"parquet", "duckdb"},
    owners=OWNERS,
    freshness_policy=freshness_policy(),
    code_version=VERSION,
    pool="decode",
    metadata=table_metadata(["selections"]),
)
def selected_sequences(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
) -> dg.MaterializeResult:
    """Carry out one recipe."""
    # Heavy, and every process of Dagster's loads this module.
    from rushes.selection.report.write import overview_name, page_name, write_report
    from rushes.selection.select import select

    started = time.monotonic()
    key = context.partition_key
    with (
        failing_plainly(),
        telling_faults(store.objects),  # and if even the note cannot be written
        noting_failure(store.objects, ASSET, key, identity_of(store.objects, ASSET, key)),
        telling_faults(store.objects),
        compute.progress(context, f"{ASSET} {key}") as progress,
    ):
        recipe = recipe_files.load(store.objects, key)
        report = partial(write_report, store.objects, recipe)
        selection = select(store.objects, recipe, compute.workers, progress.videos, report)
        picture = base64.b64encode(store.objects.read(overview_name(recipe.name))).decode()
    if selection.note:
        context.log.warning(selection.note)
    extra = {
        "funnel": dg.MetadataValue.md(
            "| step | left |\n|---|---|\n" + "".join(f"| {step} | {count} |\n" for step, count in selection.funnel)
        ),
        "overview": dg.MetadataValue.md(f"![what {recipe.name} chose](data:image/jpeg;base64,{picture})"),
        "report": dg.MetadataValue.path(store.objects.full_uri(page_name(recipe.name))),
        "seconds": round(time.monotonic() - started, 3),
    }
    return describe(context, store, ASSET, recipe.name, selection.record, extra, picture=False)
