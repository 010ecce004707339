"""Running a job on one partition in this process, in the project's Dagster instance.

Here: which instance, tidying up after runs whose process is gone, and the one line of a failure. Not here: which
partitions to run (``build``).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from orchestration.definitions import build_defs
from orchestration.partitions import add_missing_keys
from orchestration.telling import telling_of_history
from resources.compute import ComputeResource
from rushes.errors import SettingsError
from rushes.processes import is_there
from rushes.store.objects import Objects
from rushes.work import stop

_PROJECT = Path(__file__).parents[1]
_PROCESS = "rushes/process"


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed: in one line, and where that came from."""

    line: str
    trace: str


@telling_of_history()
def run_job(job: str, partition: str, assets: Sequence[str]) -> RunFailure | None:
    """Materialise some of a job's assets for a partition; return why it failed, or None.

    Raises ``StoppedError`` when it was interrupted. To be called on the main thread.
    """
    instance = project_instance()
    job_def = build_defs({"compute": ComputeResource(terminal=_terminal())}).resolve_job_def(job)

    def execute() -> dg.ExecuteInProcessResult:
        return job_def.execute_in_process(
            instance=instance,
            partition_key=partition,
            asset_selection=[dg.AssetKey(name) for name in assets],
            tags={_PROCESS: _this_process()},
            # Failures are told once, by whoever asked for the run.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )

    # In a thread, because on the main one Dagster throws exceptions from signal handlers.
    with stop.by_signals(), ThreadPoolExecutor(1) as thread:
        result = thread.submit(execute).result()
        stop.check()
    return None if result.success else why_of(result)


@cache
@telling_of_history()
def project_instance() -> dg.DagsterInstance:
    """Return the instance of ``$DAGSTER_HOME``, by default of the project's folder, with the store's partitions.

    Raises ``SettingsError`` when there is none, or its Postgres cannot be used.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(_PROJECT)))
    if not (home / "dagster.yaml").is_file():
        raise SettingsError(f"DAGSTER_HOME is {home}, but there is no dagster.yaml; set it to the project's folder")
    instance = dg.DagsterInstance.local_temp(str(home), overrides=_anchored(home))
    _end_orphans(instance)
    add_missing_keys(instance, Objects(os.environ["RUSHES_STORE"]))
    return instance


def _anchored(home: Path) -> dict[str, Any]:
    """Return the sections of ``dagster.yaml`` with their folders below it, wherever the command was given.

    Dagster itself takes them from the working folder, and would begin another history in each.
    """

    def anchored(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: anchored(inner, name) for name, inner in value.items()}
        return str(home / value) if key == "base_dir" and isinstance(value, str) else value

    return {name: anchored(section) for name, section in yaml.safe_load((home / "dagster.yaml").read_text()).items()}


def _end_orphans(instance: dg.DagsterInstance) -> None:
    """Mark runs of ours as failed whose process was killed; Dagster would show them as running for ever.

    Only those of this machine, or container: what runs elsewhere on the same Postgres cannot be seen from here.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        place, _, process = run.tags.get(_PROCESS, "").rpartition(":")
        if place == _place() and not is_there(int(process)):
            instance.report_run_failed(run, "the process that ran it is gone")


@cache
def _terminal() -> int | None:
    """Return a descriptor of the terminal that stderr is, if it is one, which stays when Dagster captures stderr."""
    return os.dup(sys.stderr.fileno()) if sys.stderr.isatty() else None


def _this_process() -> str:
    return f"{_place()}:{os.getpid()}"


def _place() -> str:
    """Return where this process's number means what it means here: containers may share their machine's name."""
    numbers = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}:{numbers.readlink() if numbers.is_symlink() else ''}"


def why_of(result: dg.ExecuteInProcessResult) -> RunFailure:
    """Return the first failure of a run: the failed check, or what the library said."""
    for event in result.all_events:
        if event.event_type_value == dg.DagsterEventType.ASSET_CHECK_EVALUATION.value:
            check = event.asset_check_evaluation_data
            if check.blocking and not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                words = " ".join((check.description or "").split())
                return RunFailure(f"{check.asset_key.to_user_string()}: check {check.check_name}: {words}", "")
        if event.is_step_failure:
            error = event.step_failure_data.error
            said = event.step_failure_data.user_failure_data
            # What Dagster says of an exception is that there was one; the exception itself is the cause of that.
            words = said.description if said and said.description else (error.cause or error).message if error else "?"
            return RunFailure(f"{event.step_key}: {' '.join(str(words).split())}", error.to_string() if error else "")
    return RunFailure("see the run in make ui", "")
