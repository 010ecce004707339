"""Dagster's daemon, and all that it started, killed in the middle of a backfill: started again, it goes on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from killed_builds import PROJECT, Builds, ended, kill_group, members, registered

from orchestration.launcher import WatchedLauncher
from rushes.sources.register import register
from rushes.standing.status import batch_statuses
from rushes.store.objects import Objects

PATIENCE_S = 900
BATCHES = ("one-0000", "two-0000", "three-0000")


def test_a_run_whose_process_is_gone_is_told(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.local_temp(
        str(tmp_path), overrides={"run_launcher": {"module": "orchestration.launcher", "class": "WatchedLauncher"}}
    )
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchedLauncher)
    assert launcher.supports_check_run_worker_health
    with subprocess.Popen(["sleep", "600"]) as process:
        run = instance.create_run_for_job(_nothing)
        assert launcher.check_run_worker_health(run).status.value == "RUNNING"
        instance.report_engine_event(f"Executing steps in process (pid: {process.pid})", run)
        assert launcher.check_run_worker_health(run).status.value == "RUNNING"
        process.kill()
    assert launcher.check_run_worker_health(run).status.value == "FAILED"
    instance.report_engine_event("Executing steps in process (pid: 1)", run)
    assert launcher.check_run_worker_health(run).status.value == "RUNNING"


@dg.job
def _nothing() -> None:
    return None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(what: Callable[[], object], words: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, words
        time.sleep(0.5)


@contextmanager
def _served(builds: Builds) -> Iterator["subprocess.Popen[str]"]:
    """Run the UI with its daemon in a process group of its own."""
    log = (builds.home / "served.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.ui"],
        env=builds.environment
        | {"PORT": str(_free_port()), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    with ended(process):
        yield process


def _daemon(leader: int) -> int:
    """The daemon's own process."""
    for one in members(leader):
        if b"dagster._daemon" in Path(f"/proc/{one}/cmdline").read_bytes():
            return one
    raise AssertionError("no daemon is running")


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("whom", ["the daemon", "all of it"])
def test_a_backfill_goes_on_after_a_kill(
    clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whom: str
) -> None:
    stores = []
    for name in ("undisturbed", "store"):
        objects = registered(tmp_path / name, [])
        for batch, clip in zip(BATCHES, clips, strict=True):
            register(objects, [str(clip)], batch.partition("-")[0])
        stores.append(Builds(objects, tmp_path / f"home-of-{name}"))
    undisturbed, builds = stores
    undisturbed.ok("--asset", "embeddings")
    builds.ok("--asset", "raw_videos")

    monkeypatch.setenv("DAGSTER_HOME", str(builds.home))
    monkeypatch.setenv("RUSHES_STORE", builds.objects.uri)
    monkeypatch.chdir(builds.home)
    instance = dg.DagsterInstance.get()
    with _served(builds) as process:
        _wait_for(lambda: len(instance.get_dynamic_partitions("batches")) == 3, "no partitions")
        _backfill(builds)
        _wait_for(
            lambda: instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])), "no run was started"
        )
        time.sleep(3)
        if whom == "all of it":
            kill_group(process.pid)
        else:
            os.kill(_daemon(process.pid), signal.SIGKILL)
            time.sleep(3)
            kill_group(process.pid)
    with _served(builds):
        _wait_for(lambda: _is_built(builds.objects), "the backfill did not go on")
        _wait_for(lambda: all(run.is_finished for run in instance.get_runs()), "a run is under way for ever")
    tables = [{name: one.objects.read(name) for name in one.objects.list("tables")} for one in stores]
    assert tables[0] == tables[1]


def _backfill(builds: Builds) -> None:
    """Ask for what follows from the videos, each batch in a run of its own."""
    code = "import typer; from orchestration.backfill_command import backfill; typer.run(backfill)"
    command = [sys.executable, "-c", code, "--group", "curate"]
    done = subprocess.run(command, env=builds.environment, cwd=builds.home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _is_built(objects: Objects) -> bool:
    return all(status.is_built for batch in BATCHES for status in batch_statuses(objects, batch))
