"""The jobs: everything that is made of a batch, everything that is made of a recipe, and launching backfills."""

import warnings

import dagster as dg

from orchestration.backfills import choose, launch
from orchestration.in_flight import in_flight
from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
from orchestration.partitions import add_missing_keys
from resources.store import StoreResource

# Each run of it is of one batch, as it should be; Dagster finds that worth a warning, since a backfill of raw_videos
# alone puts several into a run.
warnings.filterwarnings("ignore", "Asset job build_batch materializes assets with varying", UserWarning)

build_batch = dg.define_asset_job(
    "build_batch",
    selection=dg.AssetSelection.assets(*BATCH_ASSETS),
    description="From a batch's registered videos to its embeddings.",
)

build_recipe = dg.define_asset_job(
    "build_recipe",
    selection=dg.AssetSelection.assets(*RECIPE_ASSETS),
    description="From a recipe to its packaged data sets.",
)


class Most(dg.Config):
    """How many partitions of a group are built at a time; null: what the settings say."""

    most: int | None = None


@dg.op(description="Finds what is missing, failed, stale or unfinished and launches a backfill for each asset group.")
def launch_each_group(context: dg.OpExecutionContext, config: Most, store: StoreResource) -> list[str]:
    """Launch the backfills; return their ids."""
    from orchestration.definitions import defs  # which holds this job

    graph = defs.resolve_asset_graph()
    add_missing_keys(context.instance, store.objects)
    names = []
    for wanted in choose(store.objects, in_flight(context.instance), config.most):
        name = launch(context.instance, graph, wanted, {"rushes/by": context.run_id})
        context.log.info(f"{wanted.words} as backfill {name}")
        names.append(name)
    if not names:
        context.log.info("nothing to launch: all is built, being built, or left alone")
    return names


@dg.job(description="Launches a backfill for each asset group of what is missing, failed, stale or unfinished.")
def launch_backfills() -> None:
    """Launch backfills, from a schedule or by hand."""
    launch_each_group()
