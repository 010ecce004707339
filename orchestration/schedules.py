"""Each night, backfills of what is missing, failed, stale or unfinished; each week, tidying the store.

Here: when. Not here: what is launched (``jobs``, ``backfills``).
"""

from __future__ import annotations

import dagster as dg

from orchestration.in_flight import UNDER_WAY
from orchestration.jobs import launch_backfills, tidy_store


@dg.schedule(
    job=launch_backfills,
    cron_schedule="0 2 * * *",
    description="Each night, backfills what is missing, failed, stale or unfinished, a group of assets at a time.",
)
def nightly_backfills(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run of the job, unless the last one still waits for its turn."""
    if context.instance.get_runs(dg.RunsFilter(job_name=launch_backfills.name, statuses=UNDER_WAY), limit=1):
        return dg.SkipReason("the last run of launch_backfills is not over")
    return dg.RunRequest()


weekly_tidy = dg.ScheduleDefinition(
    name="weekly_tidy",
    job=tidy_store,
    cron_schedule="0 5 * * 0",
    description="On Sundays, removes what builds left behind and nobody wants any more, if it is over a week old.",
)
