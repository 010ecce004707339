"""A disk that is full, read-only or another's is told in one line that says what to do; nothing half-written stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.errors import StoreError
from rushes.store.objects import Objects


def _mounts() -> bool:
    """Tell whether this machine lets a user mount a file system of his own."""
    if shutil.which("unshare") is None:
        return False
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


needs_a_mount = pytest.mark.skipif("not _mounts()", reason="no file system can be mounted here by unshare -rm")

_PUT = """
import sys
from pathlib import Path
from rushes.errors import StoreError
from rushes.store.objects import Objects
store = Objects(sys.argv[1])
Path(sys.argv[2]).write_bytes(b"x" * 3_000_000)
for name, put in (
    ("write", lambda: store.write("old", b"x" * 3_000_000)),
    ("create", lambda: store.create("new", b"x" * 3_000_000)),
    ("write_file", lambda: store.write_file("old", sys.argv[2])),
):
    try:
        put()
        print(name, "done")
    except StoreError as error:
        print(name, error)
print(sorted(p.name for p in Path(sys.argv[1]).iterdir()), store.read("old"))
"""


def put_on(mount: str, tmp_path: Path) -> list[str]:
    """Put objects on a mounted disk of a megabyte with one object, ``old``; return the lines that were said."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=1m none {disk} && printf old > {disk}/old && {mount} && exec "$@"'
    words = ["unshare", "-rm", "sh", "-c", script, "sh", sys.executable, "-c", _PUT, str(disk), str(tmp_path / "big")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@needs_a_mount
def test_a_full_disk_keeps_what_it_had(tmp_path: Path) -> None:
    *said, left = put_on("true", tmp_path)
    assert [line.split()[0] for line in said] == ["write", "create", "write_file"]
    assert all(line.endswith(": No space left on device: the disk is full: make room") for line in said), said
    assert left == "['old'] b'old'"


@needs_a_mount
def test_a_disk_that_can_only_be_read_says_so(tmp_path: Path) -> None:
    *said, left = put_on(f"mount -o remount,ro {tmp_path}/disk", tmp_path)
    assert len(said) == 3
    assert all("Read-only file system: the file system can only be read: mount it for writing" in line for line in said)
    assert left == "['old'] b'old'"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_another_ones_folder_says_so(store: Objects) -> None:
    store.write("a", b"old")
    os.chmod(store.root, 0o500)
    try:
        with pytest.raises(StoreError, match="this user may not: change who owns the folder"):
            store.write("a", b"new")
        assert store.read("a") == b"old"
    finally:
        os.chmod(store.root, 0o700)


def test_a_file_in_the_place_of_a_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StoreError, match=r"store/a: (Not a directory|File exists): a file is where a folder should be"):
        Objects(tmp_path / "store").write("a", b"")
