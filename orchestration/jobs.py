"""The jobs: all that is made of a batch, all that is made of a recipe, launching backfills, and tidying the store."""

import warnings

import dagster as dg

from orchestration.backfills import choose, launch
from orchestration.graph import asset_graph
from orchestration.in_flight import in_flight
from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
from orchestration.partitions import add_missing_keys
from resources.store import StoreResource
from rushes.tidy.tidy import WEEK_S, tidy

_DAY_S = 24 * 3600.0

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
    add_missing_keys(context.instance, store.objects)
    names = []
    for wanted in choose(store.objects, in_flight(context.instance), config.most):
        name = launch(context.instance, asset_graph(), wanted, {"rushes/by": context.run_id})
        context.log.info(f"{wanted.words} as backfill {name}")
        names.append(name)
    if not names:
        context.log.info("nothing to launch: all is built, being built, or left alone")
    return names


@dg.job(description="Launches a backfill for each asset group of what is missing, failed, stale or unfinished.")
def launch_backfills() -> None:
    """Launch backfills, from a schedule or by hand."""
    launch_each_group()


class Old(dg.Config):
    """How long ago, in days, something was put that is removed; and whether earlier versions of data sets are too."""

    days: float = WEEK_S / _DAY_S
    earlier_versions: bool = False


@dg.op(description="Removes parts that nothing names any more and what killed runs left, once they are old.")
def tidy_the_store(context: dg.OpExecutionContext, config: Old, store: StoreResource) -> None:
    """Tidy, and show what went as the output's metadata."""
    if config.days < 0:
        raise dg.Failure(f"days: {config.days:g} is less than 0; give how old in days what is removed is at least")
    account = tidy(
        store.objects, config.days * _DAY_S, earlier_versions=config.earlier_versions, progress=context.log.info
    )
    removed = {f"removed {what}": count for what, count in account.counts.items()}
    context.add_output_metadata({**removed, "bytes removed": sum(account.bytes.values())})


@dg.job(description="Removes from the store what builds left behind and nobody wants any more, as 'rushes tidy' does.")
def tidy_store() -> None:
    """Tidy, from a schedule or by hand."""
    tidy_the_store()
