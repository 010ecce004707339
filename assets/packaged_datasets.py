"""A recipe's sequences as data sets in other people's formats, pixels redacted and encoded once."""

import time

import dagster as dg

from assets.columns import table_metadata
from assets.freshness import freshness_policy
from assets.materialise import describe, failing_plainly, identity_of, refuse_unsound
from assets.partitions import OWNERS, recipes
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.packaging.state import ASSET, VERSION, dataset_root
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import ASSET as SELECTION
from rushes.store.failures import noting_failure
from rushes.work.faults import telling_faults


@dg.asset(
    partitions_def=recipes,
    deps=["selected_sequences"],
    description="Data sets: the chosen sequences with boxes and redacted pixels, in each format the recipe names.",
    group_name="datasets",
    kinds={"parquet", "tfrecord"},
    owners=OWNERS,
    freshness_policy=freshness_policy(),
    code_version=VERSION,
    pool="decode",
    metadata=table_metadata(["datasets"]),
)
def packaged_datasets(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource
) -> dg.MaterializeResult:
    """Package one recipe."""
    from rushes.packaging.package import package  # heavy, and every process of Dagster's loads this module

    started = time.monotonic()
    key = context.partition_key
    with failing_plainly():
        refuse_unsound(store.objects, ASSET, key, [SELECTION])
    with (
        failing_plainly(),
        telling_faults(store.objects),  # and if even the note cannot be written
        noting_failure(store.objects, ASSET, key, identity_of(store.objects, ASSET, key)),
        telling_faults(store.objects),
        compute.progress(context, f"{ASSET} {key}") as progress,
    ):
        recipe = recipe_files.load(store.objects, key)
        record = package(store.objects, recipe, compute.pool(), progress.videos)
    root = dataset_root(recipe.name, record.identity[:12])
    extra = {
        "files": record.rows["datasets"],
        "data set": dg.MetadataValue.path(store.objects.full_uri(root)),
        "seconds": round(time.monotonic() - started, 3),
    }
    return describe(context, store, ASSET, recipe.name, record, extra)
