"""Filling gaps: each night, runs for what is missing, stale or unfinished, a few at a time.

The state is read from the store, not from Dagster's history, so that a partition that failed, was built by older code
or was never started is found alike. Here: which runs to ask for. Not here: what a gap is (``gaps``).
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.gaps import Gap, batch_gaps, recipe_gaps
from orchestration.jobs import build_batch, build_recipe
from resources.store import StoreResource

_PER_TICK = 25
_IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.schedule(
    job=build_batch,
    cron_schedule="0 2 * * *",
    description="Each night, builds the batches that are missing, stale or unfinished, 25 at most.",
)
def fill_batches(
    context: dg.ScheduleEvaluationContext, store: StoreResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run of each batch with a gap."""
    yield from _requests(context, build_batch.name, batch_gaps(store.objects))


@dg.schedule(
    job=build_recipe,
    cron_schedule="0 5 * * *",
    description="Each morning, selects and packages the recipes whose inputs or fields have changed, 25 at most.",
)
def fill_recipes(
    context: dg.ScheduleEvaluationContext, store: StoreResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for a run of each recipe with a gap."""
    yield from _requests(context, build_recipe.name, recipe_gaps(store.objects))


def _requests(
    context: dg.ScheduleEvaluationContext, job: str, gaps: Iterator[Gap]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    runs = context.instance.get_runs(dg.RunsFilter(job_name=job, statuses=_IN_FLIGHT))
    in_flight = {run.tags.get("dagster/partition") for run in runs}
    asked = 0
    for gap in gaps:
        if gap.partition in in_flight:
            continue
        if asked == _PER_TICK:
            break
        asked += 1
        yield dg.RunRequest(
            # Dagster wants a key, and makes no second run of one that it has seen: each tick has its own.
            run_key=f"{gap.partition} {context.scheduled_execution_time.isoformat()}",
            partition_key=gap.partition,
            asset_selection=[dg.AssetKey(name) for name in gap.assets],
        )
    if not asked:
        yield dg.SkipReason("nothing is missing, stale or unfinished that is not being built already")
