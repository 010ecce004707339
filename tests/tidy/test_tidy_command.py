"""``rushes tidy`` says what goes, and what it does not understand."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rushes.store.objects import Objects


def _tidy(store: Objects, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"RUSHES_STORE": store.uri, "COLUMNS": "120", "TERM": "dumb"}
    command = [sys.executable, "-m", "rushes.cli", "tidy", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_what_goes_is_told_before_and_after(store: Objects) -> None:
    killed = Path(store.path("tables/clips/batch=b/.tmp-killed"))
    killed.parent.mkdir(parents=True)
    killed.write_bytes(bytes(2_000_000))
    hour_ago = time.time() - 3600
    os.utime(killed, (hour_ago, hour_ago))
    assert "nothing is left over that is old enough" in _tidy(store).stdout
    told = _tidy(store, "--older-than", "30m", "--dry-run").stdout
    assert "would be removed" in told
    assert "2.0 MB; next: the same without --dry-run" in told
    assert killed.exists()
    done = _tidy(store, "--older-than", "30m", "--json")
    assert json.loads(done.stdout) == {"unfinished writes": {"count": 1, "bytes": 2_000_000}}
    assert not killed.exists()


def test_an_age_that_is_none_is_refused_in_a_line(store: Objects) -> None:
    done = _tidy(store, "--older-than", "a while")
    assert done.returncode == 1
    assert done.stderr == "rushes: --older-than 'a while': a number and m, h or d, such as 12h or 7d\n"
