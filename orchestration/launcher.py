"""Dagster's own launcher of runs, which also sees that a run's process was killed.

Without that, such a run would be under way for ever, and hold its pool, so that nothing else of the queue begins. Run
monitoring asks; what it then does (fail it, try it again) is said in ``dagster.yaml``. Here: asking. Not here: runs of
``rushes build``, which the next one tidies up after (``run``), other launchers.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.events import DagsterEventType
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus

# How Dagster tells, in a run's events, in which process its steps are.
_PROCESS = re.compile(r"\(pid: (\d+)\)")
# A process that is younger than the event by more is another one.
_CLOCK_S = 5.0


class WatchedLauncher(DefaultRunLauncher):
    """Launches runs in processes of this machine, and tells which of them are gone."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Say that it can be asked."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Tell whether the process of a run that was started is there; one that has not said which it is counts so."""
        found = _process_of(self._instance, run.run_id)
        if found is None or _is_there(*found):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"process {found[0]}, in which it ran, is gone")


def _process_of(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """Return the process in which a run's steps began last, and when it said so."""
    for event in reversed(instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)):
        if (named := _PROCESS.search(event.message)) is not None:
            return int(named[1]), event.timestamp
    return None


def _is_there(process: int, since: float) -> bool:
    """Tell whether a process is there, and not another one that was given its number later."""
    try:
        os.kill(process, 0)
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        age = float(Path("/proc/uptime").read_text().split()[0]) - int(fields[18]) / os.sysconf("SC_CLK_TCK")
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is there, and not ours to signal
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # gone in between, or a system that does not tell
    return state != "Z" and datetime.now().timestamp() - age <= since + _CLOCK_S
