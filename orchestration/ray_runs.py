"""Dagster's runs as jobs of a Ray cluster: what ``deploy/ray/dagster.yaml`` names, and a watch over their start.

Here: what dagster-ray leaves to be done. A run is carried out by the interpreter that loaded the definitions, at the
same path on every host, and a run whose host was lost before it began is noticed. Not here: videos as the work of
actors (``rushes.work.ray_pool``).
"""

from __future__ import annotations

import shlex

import dagster as dg
from dagster_ray import RayRunLauncher
from dagster_ray.core.run_launcher import get_job_submission_id_from_run_id
from ray.job_submission import JobStatus


class RayLauncher(RayRunLauncher):
    """Submits each run as a job to the cluster whose dashboard is at the configured address."""

    def _launch_ray_job(self, submission_id: str, entrypoint: str, run: dg.DagsterRun) -> None:
        # A shell is to read it: "dagster api execute_run '{…}'", whose JSON is quoted as if it held no quotes.
        command, _, quoted = entrypoint.partition(" '")
        origin = run.job_code_origin
        python = origin.repository_origin.executable_path if origin else "python"
        module = f"{shlex.quote(python)} -m {command}"
        super()._launch_ray_job(submission_id, f"{module} {shlex.quote(quoted.removesuffix(chr(39)))}", run)

    def start_failed(self, run: dg.DagsterRun) -> str | None:
        """Return why a run that was submitted will never begin; None while it may."""
        try:
            job = self.client.get_job_info(get_job_submission_id_from_run_id(run.run_id))
        except RuntimeError:  # the cluster is out of reach, or not told of the job yet
            return None
        return job.message or str(job.status) if job.status in (JobStatus.FAILED, JobStatus.STOPPED) else None


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose host was lost before they began, so that they are begun again on another.",
)
def lost_starts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Mark such runs as failed: Dagster itself looks after runs that have begun."""
    launcher = context.instance.run_launcher
    if not isinstance(launcher, RayLauncher):
        return dg.SkipReason("runs are not given to Ray")
    ended = 0
    for run in context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])):
        why = launcher.start_failed(run)
        now = context.instance.get_run_by_id(run.run_id)
        if why and now and now.status == dg.DagsterRunStatus.STARTING:
            context.instance.report_run_failed(run, f"Ray did not begin it: {why}")
            ended += 1
    return dg.SkipReason(f"{ended} runs were lost before they began")
