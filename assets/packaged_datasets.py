"""A recipe's sequences as data sets in other people's formats, pixels redacted and encoded once."""

import time

import dagster as dg

from assets.materialise import describe, failing_plainly, table_metadata
from assets.partitions import OWNERS, recipes
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.packaging.package import ASSET, VERSION, dataset_root, package
from rushes.selection.recipes import recipe as recipe_files
from rushes.store.manifests import noting_failure


@dg.asset(
    partitions_def=recipes,
    deps=["selected_sequences"],
    description="Data sets: the chosen sequences with boxes and redacted pixels, in each format the recipe names.",
    group_name="datasets",
    kinds={"parquet", "tfrecord"},
    owners=OWNERS,
    code_version=VERSION,
    pool="decode",
    metadata=table_metadata(["datasets"]),
)
def packaged_datasets(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
) -> dg.MaterializeResult:
    """Package one recipe."""
    started = time.monotonic()
    key = context.partition_key
    with (
        failing_plainly(),
        noting_failure(store.objects, ASSET, key),
        compute.progress(context, f"{ASSET} {key}") as progress,
    ):
        recipe = recipe_files.load(store.objects, key)
        record = package(store.objects, recipe, compute.workers, progress.videos)
    root = dataset_root(recipe.name, record.identity[:12])
    extra = {
        "files": record.rows["datasets"],
        "data set": dg.MetadataValue.path(store.objects.full_uri(root)),
        "seconds": round(time.monotonic() - started, 3),
    }
    return describe(context, store, ASSET, recipe.name, record, extra)
