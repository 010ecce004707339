"""What Dagster adds to a batch of the default size: 64 real videos of 10 s, built by the library, then run by Dagster.

The library builds the batch without Dagster, in one process. Then Dagster runs all five assets of the same batch, in
which nothing is left to make: what that costs (events, checks, contact sheets, starting a process) is what it adds.
CPU seconds, children included, so that programs running beside it matter little. Once in a process that has run one
before, as ``rushes build`` does batch after batch, and once in a process of its own, as a launched run has.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from rich.console import Console
from rich.table import Table

from rushes import settings
from rushes.models.registry import models_folder
from rushes.settings import Settings
from rushes.sources.demo_clips import fetch
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

ROOT = Path(__file__).parents[1]
VIDEOS, FRAMES = 64, 250
_RUNS = 3


def compare(folder: Path) -> None:
    """Build and run a batch, and print what each took."""
    store = Objects(folder / "overhead" / "store")
    clip = fetch(models_folder() / "clips")[0]
    pieces = folder / "overhead" / "pieces"
    _cut(clip, pieces)
    [batch] = register(store, [str(pieces)], "real").batches
    build_s = {asset: _cpu_s(lambda asset=asset: _build(store, asset, batch.name)) for asset in STEPS}
    home = folder / "overhead" / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    os.environ.update({"RUSHES_STORE": store.uri, "DAGSTER_HOME": str(home)})
    whole = sum(build_s.values())
    here = min(_cpu_s(lambda: _run_here(batch.name)) for _ in range(_RUNS))
    own = min(_cpu_s(lambda: _run_in_own_process(batch.name)) for _ in range(_RUNS))
    settings.save(store, "build: {contact_sheets: false}")
    bare = min(_cpu_s(lambda: _run_in_own_process(batch.name)) for _ in range(_RUNS))
    table = Table("", "CPU s", "of the build", title=f"{VIDEOS} videos of {FRAMES / 25:g} s")
    table.add_row("built by the library", f"{whole:.1f}", "")
    for words, seconds in (
        ("Dagster, in the same process", here),
        ("Dagster, in a process of its own", own),
        ("the same without contact sheets", bare),
    ):
        table.add_row(words, f"{seconds:.2f}", f"{100 * seconds / whole:.1f} %")
    Console(width=120).print(table)
    Console().print({asset: round(seconds, 2) for asset, seconds in build_s.items()})


def _cut(clip: Path, folder: Path) -> None:
    """Write pieces of a clip, each from a frame of its own on."""
    folder.mkdir(parents=True)
    with av.open(str(clip)) as source:
        frames = [frame.to_ndarray(format="yuv420p") for frame in source.decode(video=0)]
    for at in range(VIDEOS):
        with av.open(str(folder / f"street-{at:02d}.mp4"), "w") as target:
            stream: Any = target.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0] * 2 // 3, "yuv420p"
            for number in range(FRAMES):
                picture = av.VideoFrame.from_ndarray(frames[(at * 2 + number) % len(frames)], format="yuv420p")
                target.mux(stream.encode(picture))
            target.mux(stream.encode())


def _build(store: Objects, asset: str, batch: str) -> None:
    build(store, STEPS[asset], batch, Settings(), workers=0)


def _run_here(batch: str) -> None:
    from orchestration.run import run_job

    if failure := run_job("build_batch", batch, list(STEPS)):
        raise SystemExit(failure.line)


def _run_in_own_process(batch: str) -> None:
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "orchestration.definitions", "-d", str(ROOT)]
    command += ["-j", "build_batch", "--tags", json.dumps({"dagster/partition": batch})]
    # In the folder that the history's own lies below.
    done = subprocess.run(command, cwd=os.environ["DAGSTER_HOME"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def _cpu_s(work: Callable[[], None]) -> float:
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)
