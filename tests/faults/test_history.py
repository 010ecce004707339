"""A process that is killed while it makes Dagster's history leaves none, and the next one makes it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_builds import PROJECT

# Each try is made in a fork, for what is imported first takes long.
_TRIES = """
import json, os, sys
from pathlib import Path
import dagster as dg
from sqlalchemy import Engine, event
from orchestration.history import History

def statements(left):
    def count(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(9)
    event.listen(Engine, "before_cursor_execute", count)

def in_a_fork(act):
    process = os.fork()
    if process == 0:
        code = 1
        try:
            code = act() or 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

def make(left):
    statements(left)
    dg.DagsterInstance.get()

def use():
    instance = dg.DagsterInstance.get()
    instance.add_dynamic_partitions("batches", ["some"])
    assert instance.get_runs() == []
    assert instance.get_dynamic_partitions("batches") == ["some"]

told = []
for moment in range(3, 400, 29):
    home = Path(sys.argv[1], str(moment))
    home.mkdir()
    (home / "dagster.yaml").write_text(Path(sys.argv[1], "dagster.yaml").read_text())
    os.environ["DAGSTER_HOME"] = str(home)
    os.chdir(home)
    killed = in_a_fork(lambda: make(moment))
    told.append((moment, killed, in_a_fork(use)))
    if killed != 9:
        break
print(json.dumps(told))
"""


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is such: many small transactions wait for a disk."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def test_a_kill_while_the_history_is_made_leaves_none(in_memory: Path) -> None:
    shutil.copy(PROJECT / "dagster.yaml", in_memory)
    own = {k: v for k, v in os.environ.items() if not k.startswith("DAGSTER")} | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", _TRIES, in_memory], env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [moment for moment, _, used in told if used != 0] == [], done.stderr[-3000:]
    assert sum(killed == 9 for _, killed, _ in told) > 2
