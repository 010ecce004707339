"""The demonstration in Dagster's UI, seen by a browser. ``make screenshots`` keeps the pictures of docs/ui.md."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, find
from dagster_ui import ROOT, Tour, environment, serving
from real_clips import cut

from rushes.sources.how import How
from rushes.sources.register import register
from rushes.store.objects import Objects


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The demonstration, built, and three batches that nothing was made of yet; the variables that lead there."""
    if find() is None:
        pytest.skip("no browser: install Debian's chromium")
    folder = tmp_path_factory.mktemp("demo")
    variables = environment(folder / "store", folder / "home")
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.demo"], cwd=ROOT, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    videos = [cut("carphone", folder / f"{start}.mp4", start, start + 12) for start in (0, 40, 80)]
    register(Objects(folder / "store"), [str(video) for video in videos], "later", How(batch_size=1))
    return variables


@pytest.fixture(scope="session")
def tour(demo: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """A browser on the demonstration's UI."""
    folder = tmp_path_factory.mktemp("ui")
    program = find()
    assert program is not None
    kept = os.environ.get("RUSHES_SCREENSHOTS")
    with serving(demo, folder / "log") as address, Chromium(program, folder / "profile", (1440, 900)) as browser:
        yield Tour(browser, address, Path(kept) if kept else None)
