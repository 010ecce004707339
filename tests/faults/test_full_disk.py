"""Disks that are full, or can only be read: one line says so, and once that is mended the build goes on.

The disks are of memory, mounted in a namespace of a test's own, so that nobody else sees them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from killed_builds import PROJECT, Builds, different, registered
from PIL import Image

from rushes.sources.register import register
from rushes.store.objects import Objects

_UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
_PAGE = 4096
_AMPLE = "size=1g"


def _may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _may_mount(), reason="needs unshare, and to be allowed to mount")


def _in_pages(folder: str) -> int:
    """The bytes that a folder takes in memory."""
    files = [os.path.getsize(os.path.join(parent, name)) for parent, _, names in os.walk(folder) for name in names]
    return sum(-(-size // _PAGE) * _PAGE for size in files)


class Mounted:
    """Builds while a folder is a disk of its own: ill at first, then well. What it held at the end is in the folder."""

    def __init__(self, builds: Builds, folder: Path) -> None:
        self._builds = builds
        self._folder = folder

    def __call__(self, words: Sequence[str], ill: str, **environment: str) -> tuple[str, str]:
        """Build on the ill disk, and again on the well one; return what each said on stderr."""
        folder, beside = self._folder, self._folder.with_name(f"{self._folder.name}-aside")
        folder.mkdir(exist_ok=True)
        build = f"{sys.executable} -m rushes.cli build {' '.join(words)}"
        script = f"""
            set -e
            cp -a {folder} {beside}
            mount -t tmpfs -o size=1g tmpfs {folder}
            cp -a {beside}/. {folder}
            mount -o remount,{ill} {folder}
            if {build} 2> {beside}.ill; then exit 3; fi
            mount -o remount,rw,{_AMPLE} {folder}
            {build} 2> {beside}.well
            rm -rf {beside}
            cp -a {folder} {beside}
            umount --lazy {folder}
            cp -a {beside}/. {folder}
        """
        done = subprocess.run(
            [*_UNSHARE, "bash", "-c", script],
            env=self._builds.environment | environment,
            cwd=self._builds.home,
            capture_output=True,
            text=True,
        )
        said = [Path(f"{beside}.{how}") for how in ("ill", "well")]
        words_said = [path.read_text() if path.exists() else "" for path in said]
        assert done.returncode == 0, done.stdout + done.stderr + "".join(words_said)
        return words_said[0], words_said[1]


def one_line(said: str) -> str:
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("rushes: ")
    assert "run with --debug" not in lines[0]
    return lines[0]


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_store_whose_disk_is_full(
    clips: list[Path], undisturbed: Builds, wanted: dict[str, bytes], tmp_path: Path, share: float
) -> None:
    builds = Builds(registered(tmp_path / "store", clips), tmp_path / "home")
    room = int(share * _in_pages(undisturbed.objects.root))
    ill, well = Mounted(builds, tmp_path / "store")([], f"size={room}")
    assert "the disk is full: make room" in one_line(ill)
    assert well == ""
    assert different(builds.objects, wanted) == []
    assert [name for name, _, _ in builds.objects.lying("") if ".tmp-" in name] == []


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_store_that_can_only_be_read(clips: list[Path], tmp_path: Path) -> None:
    builds = Builds(registered(tmp_path / "store", clips), tmp_path / "home")
    ill, well = Mounted(builds, tmp_path / "store")(["--asset", "scene_clips"], "ro")
    assert "can only be read: mount it for writing" in one_line(ill)
    assert well == ""


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_history_whose_disk_is_full(clips: list[Path], tmp_path: Path) -> None:
    builds = Builds(registered(tmp_path / "store", clips), tmp_path / "home")
    (tmp_path / "home" / "var").mkdir()
    ill, well = Mounted(builds, tmp_path / "home" / "var")(["--asset", "scene_clips"], "size=400k")
    assert "make room" in one_line(ill)
    assert str(tmp_path / "home") in ill
    assert well == ""


def test_a_full_disk_of_temporary_files(tmp_path: Path) -> None:
    """Pictures of a sequence are packed there before they go into the store."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(noise.integers(0, 255, (48, 64, 3), np.uint8)).save(pictures / f"{number:03d}.png")
    builds = Builds(Objects(tmp_path / "store"), tmp_path / "home")
    register(builds.objects, [str(pictures)], "zoo")
    temporary = Path(tempfile.mkdtemp(prefix="full-"))  # a short name: sockets lie there
    ill, well = Mounted(builds, temporary)(["--asset", "raw_videos"], "size=64k", TMPDIR=str(temporary))
    assert f"no room left on the disk of temporary files ({temporary}): make some" in one_line(ill)
    assert well == ""
    assert "nothing to do" in builds.ok("--asset", "raw_videos")
    temporary.rmdir()


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_store_of_somebody_else(clips: list[Path], tmp_path: Path) -> None:
    """Root may write anywhere: unless it gives that up, as here."""
    builds = Builds(registered(tmp_path / "store", clips), tmp_path / "home")
    os.mkdir(builds.objects.path("parts"), 0o500)
    own = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if own and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv, or to be somebody else than root")
    done = subprocess.run(
        [*own, sys.executable, "-m", "rushes.cli", "build", "--asset", "raw_videos"],
        env=builds.environment | {"PYTHONPATH": str(PROJECT)},
        cwd=builds.home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Permission denied: this user may not: change who owns the folder" in one_line(done.stderr)
    os.chmod(builds.objects.path("parts"), 0o700)
    builds.ok("--asset", "raw_videos")
