"""``rushes build`` in a process group of its own, over a small store of real clips, so that it can be killed.

``KILLING`` (``killing/sitecustomize.py``) counts the changes of the store, and kills at one of them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from real_clips import cut

from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES

LONG = os.environ.get("RUSHES_FAULTS") == "long"
PROJECT = Path(__file__).parents[2]
BATCH, RECIPE = "zoo-0000", "street"
ASSETS = (
    "raw_videos",
    "scene_clips",
    "filtered_clips",
    "tracks",
    "embeddings",
    "selected_sequences",
    "packaged_datasets",
)
_SETTINGS = """
tracking: {fps: 4}
embedding: {fps: 2, crops_per_track: 1}
privacy: {look_for: faces, sample_fps: 1}
filters: {sample_fps: 1, min_duration_s: 0.2, cartoon: false}
build: {contact_sheets: false}
"""
_RECIPE = f"""
name: {RECIPE}
unit: sequence
sequence_length: 4
fps: 4
strategies: diversity
shard_sequences: 2
formats: [native, mot, webdataset]
"""
_KEPT = ("tables/", "datasets/", "records/", "reports/")


def clips_in(folder: Path) -> list[Path]:
    """Cut three videos."""
    return [
        cut("carphone", folder / "face.mp4", 0, 24),
        cut("bikes", folder / "street.mp4", 137, 157),
        cut("bikes", folder / "crossing.mp4", 190, 210),
    ]


def registered(root: Path | str, clips: list[Path]) -> Objects:
    """Make a store in which everything is registered and nothing built."""
    objects = Objects(root)
    settings.save(objects, _SETTINGS)
    register(objects, [str(clip) for clip in clips], "zoo")
    recipe_files.save(objects, _RECIPE)
    return objects


def outcome(objects: Objects) -> dict[str, bytes]:
    """Return the bytes of all tables, records, reports and data sets."""
    return {name: objects.read(name) for name in objects.list("") if name.startswith(_KEPT)}


def different(objects: Objects, wanted: dict[str, bytes]) -> list[str]:
    """Return the objects that are not as they should be, or not there, or should not be there."""
    there = outcome(objects)
    return sorted(name for name in {*there, *wanted} if there.get(name) != wanted.get(name))


def as_far_as(asset: str, wanted: dict[str, bytes]) -> dict[str, bytes]:
    """Return what there is when an asset was built, and nothing that follows from it."""
    later = ASSETS[ASSETS.index(asset) + 1 :]
    tables = {table.name for table in TABLES.values() if table.asset in later}

    def is_later(name: str) -> bool:
        kind, of = name.split("/")[:2]
        return (
            (kind == "records" and of in later)
            or (kind == "tables" and of in tables)
            or (kind == "tables" and of == "rejects" and name.split("/")[2].removeprefix("asset=") in later)
            or (kind == "datasets" and "packaged_datasets" in later)
            or (kind == "reports" and "selected_sequences" in later)
        )

    return {name: data for name, data in wanted.items() if not is_later(name)}


class Builds:
    """Builds of one store, with a history of their own."""

    def __init__(self, objects: Objects, home: Path, **environment: str) -> None:
        self.objects = objects
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / "dagster.yaml", home)
        self.counted = home / "changes"
        own = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER", "PYTHON", "KILL"))}
        own |= {
            "PYTHONPATH": str(PROJECT),
            "RUSHES_STORE": objects.uri,
            "DAGSTER_HOME": str(home),
            "COLUMNS": "200",
            "TERM": "dumb",
        }
        self.environment = own | environment

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a build in a process group of its own."""
        self.counted.unlink(missing_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "rushes.cli", "build", *words],
            env=self.environment | environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a build to its end, whatever that is; nothing of it is left running."""
        process = self.start(*words, **environment)
        with ended(process):
            stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def ok(self, *words: str) -> str:
        """Run a build that is to succeed; return what it printed."""
        done = self(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def killing(self, at: int | None = None, group: bool = False) -> dict[str, str]:
        """Return the environment that has a build killed at a change, or all of its processes."""
        words = {"KILLING": str(self.counted), "PYTHONPATH": f"{Path(__file__).with_name('killing')}:{PROJECT}"}
        return words | ({"KILL_AT": str(at)} if at else {}) | ({"KILL_GROUP": "1"} if group else {})

    def changes(self) -> int:
        """Return how often the store was changed by the build that was last counted."""
        return self.counted.stat().st_size if self.counted.exists() else 0


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Have nothing of a process's group left afterwards."""
    try:
        yield
    finally:
        kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill what is left of a process group, and wait until all of it is gone."""
    while members(leader):
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
        time.sleep(0.01)


def members(leader: int) -> list[int]:
    """Return the processes of a group that are not dead yet, the leader first."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                state, _, group = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:3]
                if int(group) == leader and state not in "ZX":
                    found.append(int(name))
    return sorted(found)
