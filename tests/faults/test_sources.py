"""Sources that vanish, come back, or may not be read: a reject says so, and the next build that finds them goes on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from killed_builds import BATCH, Builds, registered

from rushes import settings
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.manifests import read_record
from rushes.store.objects import Objects
from rushes.work.build import build


def tables(objects: Objects) -> dict[str, bytes]:
    return {name: objects.read(name) for name in objects.list("tables")}


def rejects(objects: Objects, asset: str) -> list[tuple[str, str]]:
    with connect(objects) as connection:
        query = "SELECT item_id, reason FROM rejects WHERE asset = ? AND item_kind = 'video' ORDER BY ALL"
        return connection.execute(query, [asset]).fetchall()


def brought_up(objects: Objects, *assets: str) -> None:
    """Build some assets of the batch, each from what is there of those before it."""
    for asset in assets:
        build(objects, STEPS[asset], BATCH, settings.load(objects, "zoo"), workers=0)


def test_a_linked_video_that_vanishes_between_steps_is_tried_again(clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    videos = [Path(shutil.copy2(clip, tmp_path / "videos")) for clip in clips[:2]]
    stores = [registered(tmp_path / name, []) for name in ("undisturbed", "store")]
    for objects in stores:
        register(objects, [str(video) for video in videos], "zoo", How(link=True))
        brought_up(objects, "raw_videos")
    undisturbed, objects = stores
    brought_up(undisturbed, "scene_clips")
    videos[0].rename(tmp_path / "aside.mp4")
    brought_up(objects, "scene_clips")
    assert rejects(objects, "scene_clips") == [("face", "missing_file")]
    record = read_record(objects, "scene_clips", BATCH)
    assert record is not None
    assert record.unfinished == ("face",)
    (tmp_path / "aside.mp4").rename(videos[0])
    brought_up(objects, "scene_clips")
    assert tables(objects) == tables(undisturbed)


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_source_that_may_not_be_read_is_taken_once_it_may(clips: list[Path], tmp_path: Path) -> None:
    own = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if own and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv, or to be somebody else than root")
    (tmp_path / "videos").mkdir()
    videos = [Path(shutil.copy2(clip, tmp_path / "videos")) for clip in clips[:2]]
    builds = Builds(registered(tmp_path / "store", videos), tmp_path / "home")
    undisturbed = Builds(registered(tmp_path / "undisturbed", videos), tmp_path / "home-of-it")
    undisturbed.ok("--asset", "raw_videos")
    videos[0].chmod(0)
    done = subprocess.run(
        [*own, sys.executable, "-m", "rushes.cli", "build", "--asset", "raw_videos"],
        env=builds.environment,
        cwd=builds.home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "the next build tries again" in done.stdout
    assert [item for item, _ in rejects(builds.objects, "raw_videos")] == ["face"]
    videos[0].chmod(0o644)
    builds.ok("--asset", "raw_videos")
    assert tables(builds.objects) == tables(undisturbed.objects)
