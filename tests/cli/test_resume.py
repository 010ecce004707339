"""Builds that are killed, and builds that meet: what comes out is what one unbroken build gives."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_clips import cut

PATIENCE_S = 60


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six videos, each longer than the one before, so that workers are done with them at different times."""
    folder = tmp_path_factory.mktemp("six")
    for number, (name, start) in enumerate(
        [("bikes", 0), ("bikes", 30), ("carphone", 0), ("bikes", 76), ("bikes", 137), ("carphone", 30)]
    ):
        cut(name, folder / f"v{number}.mp4", start, start + 12 * (number + 1))
    return folder


@pytest.fixture(scope="module")
def ready(new_shell: Callable[[], Any], videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Make stores in which the six videos are registered."""

    def make() -> Any:
        shell = new_shell()
        shell.ok("add", videos)
        shell.set(tmp_path_factory.mktemp("settings"))
        return shell

    return make


@pytest.fixture(scope="module")
def unbroken(ready: Callable[[], Any]) -> dict[str, bytes]:
    """The tables of one build in one go."""
    shell = ready()
    shell.ok("build", "--asset", "tracks")
    tables = _tables(shell)
    assert len(tables) == 13
    return tables


def _tables(shell: Any) -> dict[str, bytes]:
    root = shell.store / "tables"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def _parts(shell: Any, asset: str) -> dict[str, int]:
    """The finished parts of an asset, and when each was written."""
    found = (shell.store / "parts" / asset).rglob("*.part")
    return {path.name: path.stat().st_mtime_ns for path in found}


def _processes() -> dict[int, tuple[int, str]]:
    """All processes: parent and time of start, the two of which tell a process from a later one of its number."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended since
            if fields[0] != "Z":
                found[int(entry.name)] = (int(fields[1]), fields[19])
    return found


def _below(pid: int) -> dict[int, str]:
    """The processes that a process started, and those that they started."""
    everything = _processes()
    found: dict[int, str] = {}
    look = [pid]
    while look:
        parent = look.pop()
        for child, (of, started) in everything.items():
            if of == parent:
                found[child] = started
                look.append(child)
    return found


def _wait_for(what: Callable[[], bool], words: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, words
        time.sleep(0.005)


@pytest.mark.slow
def test_a_killed_build_goes_on_where_it_was(ready: Callable[[], Any], unbroken: dict[str, bytes]) -> None:
    shell = ready()
    process = shell.start("build", "--asset", "tracks")
    try:
        _wait_for(lambda: bool(_parts(shell, "tracks")) or process.poll() is not None, "no part of tracks was written")
        workers = _below(process.pid)
    finally:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    finished = _parts(shell, "tracks")
    assert process.returncode == -signal.SIGKILL
    assert 1 <= len(finished) < 6
    assert workers, "the videos were not shared among processes"
    assert shell.states()["main-0000", "tracks"]["state"] == "missing"

    def gone() -> bool:
        there = _processes()
        return not any(pid in there and there[pid][1] == started for pid, started in workers.items())

    _wait_for(gone, "workers outlived the build that started them")
    # A worker may have finished its part between the kill and its own end: that is no part lost or doubled.
    finished = _parts(shell, "tracks")
    earlier = {asset: _parts(shell, asset) for asset in ("raw_videos", "scene_clips", "filtered_clips")}
    assert [len(parts) for parts in earlier.values()] == [6, 6, 6]

    assert "built  main-0000: tracks\n" in shell.ok("build", "--asset", "tracks")
    after = _parts(shell, "tracks")
    assert len(after) == 6
    assert {name: after[name] for name in finished} == finished
    assert {asset: _parts(shell, asset) for asset in earlier} == earlier
    assert _tables(shell) == unbroken

    with sqlite3.connect(shell.home / "var" / "dagster" / "history" / "runs.db") as history:
        statuses = [status for (status,) in history.execute("SELECT status FROM runs ORDER BY id")]
    assert statuses == ["FAILURE", "SUCCESS"], "the killed run is to be shown as failed, not as running for ever"


@pytest.mark.slow
def test_two_builds_at_once_end_well(ready: Callable[[], Any], unbroken: dict[str, bytes]) -> None:
    shell = ready()
    both = [shell.start("build", "--asset", "filtered_clips") for _ in range(2)]
    said = [process.communicate() for process in both]
    for process, (_, errors) in zip(both, said, strict=True):
        assert process.returncode in (0, 1)
        assert b"Traceback" not in errors
        assert bool(errors) == bool(process.returncode)
    assert 0 in {process.returncode for process in both}
    tables = _tables(shell)
    assert len(tables) == 10
    assert tables == {name: unbroken[name] for name in tables}
    assert "nothing to do" in shell.ok("build", "--asset", "filtered_clips")
    assert {len(_parts(shell, asset)) for asset in ("raw_videos", "scene_clips", "filtered_clips")} == {6}


@pytest.mark.slow
def test_an_interrupted_build_stops_and_says_how_to_go_on(ready: Callable[[], Any], unbroken: dict[str, bytes]) -> None:
    shell = ready()
    process = shell.start("build", "--asset", "filtered_clips")
    _wait_for(lambda: bool(_parts(shell, "scene_clips")) or process.poll() is not None, "no part was written")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert (
        errors.decode() == "rushes: interrupted; what was finished is kept, and the same command goes on from there\n"
    )
    shell.ok("build", "--asset", "filtered_clips")
    tables = _tables(shell)
    assert tables == {name: unbroken[name] for name in tables}
