"""The time of day jumps by a year, there and back, while things are under way: nothing depends on it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed_builds import Builds, different, ended

from rushes.sources.inbox import Inbox
from rushes.store.objects import Objects

YEAR_S = 365 * 24 * 3600
SOURCE = Path(__file__).parents[1] / "support" / "clock" / "clock.c"

needs_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of processes whose clock is set by a file."""
    folder = tmp_path_factory.mktemp("clock")
    subprocess.run(["gcc", "-O1", "-Wall", "-shared", "-fPIC", "-o", folder / "clock.so", SOURCE, "-ldl"], check=True)
    (folder / "offset").write_text("0")
    return {"LD_PRELOAD": str(folder / "clock.so"), "CLOCK_OFFSET": str(folder / "offset")}


def _set(clock: dict[str, str], seconds: int) -> None:
    beside = Path(f"{clock['CLOCK_OFFSET']}.new")
    beside.write_text(str(seconds))
    beside.rename(clock["CLOCK_OFFSET"])


@needs_compiler
def test_the_clock_of_these_tests_jumps(clock: dict[str, str]) -> None:
    _set(clock, YEAR_S)
    words = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic())"
    done = subprocess.run(
        [sys.executable, "-c", words], env=os.environ | clock, capture_output=True, text=True, check=True
    )
    told = [float(word) for word in done.stdout.split()]
    assert [round((one - time.time()) / YEAR_S) for one in told[:2]] == [1, 1]
    assert round((told[2] - time.monotonic()) / YEAR_S) == 0


@needs_compiler
@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_build_through_jumps_of_the_clock_gives_what_any_gives(
    fresh: Builds, wanted: dict[str, bytes], clock: dict[str, str]
) -> None:
    jumps = [YEAR_S, -YEAR_S, 0, 10 * YEAR_S]
    _set(clock, 0)
    process = fresh.start(**clock)
    with ended(process):
        while process.poll() is None:
            if jumps and len(list(fresh.objects.list("records"))) > 4 - len(jumps):
                _set(clock, jumps.pop(0))
            time.sleep(0.05)
        said = process.communicate()
    assert process.returncode == 0, said
    assert jumps == []
    assert different(fresh.objects, wanted) == []
    assert "nothing to do" in fresh.ok()


@pytest.mark.parametrize("moment", [0, 1, 4_000_000_000], ids=["no time", "1970", "2096"])
def test_what_is_dropped_into_the_inbox_is_taken_whatever_time_it_bears(
    clips: list[Path], store: Objects, moment: int
) -> None:
    dropped = Path(store.path("inbox")) / "film.mp4"
    dropped.parent.mkdir(parents=True)
    shutil.copy(clips[0], dropped)
    os.utime(dropped, (moment, moment))
    first = Inbox(store, None)
    assert first.take().batches == ()
    second = Inbox(store, first.cursor)
    assert second.take().batches == ("inbox-0000",)
