"""Builds that are killed, wherever that may be: the same command ends them, and nothing shows."""

import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from killed_builds import ASSETS, BATCH, Builds, as_far_as, different, ended, kill_group, members

from rushes import settings

SEED = 20
MOMENTS = int(os.environ.get("RUSHES_FAULTS_MOMENTS", "50"))


def _kill_after(builds: Builds, words: list[str], seconds: float, whom: str) -> None:
    """Start a build, kill the whole of it, one of its workers, or its parent alone, and wait for what is left."""
    process = builds.start(*words)
    with ended(process):
        try:
            process.wait(seconds)
        except Exception:
            workers = [one for one in members(process.pid) if one != process.pid]
            victim = random.choice(workers) if whom == "worker" and workers else process.pid
            kill_group(process.pid) if whom == "group" else os.kill(victim, signal.SIGKILL)
        process.communicate()


def test_a_build_killed_time_and_again_ends_as_if_nothing_had_been(fresh: Builds, wanted: dict[str, bytes]) -> None:
    """Each time a little further, by turns all of it and the process alone that happens to write."""
    moments, group = random.Random(SEED), True
    kills = 0
    for _ in range(3):
        done = fresh(**fresh.killing(moments.randrange(8, 40), group))
        kills += done.returncode != 0
        group = not group
    assert kills >= 2
    fresh.ok()
    assert different(fresh.objects, wanted) == []
    assert "nothing to do" in fresh.ok()


@pytest.mark.long_faults
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("asset", ASSETS)
def test_a_step_killed_at_any_moment_is_ended_by_the_same_command(
    before: Callable[[str, str], Builds], wanted: dict[str, bytes], asset: str
) -> None:
    """Half of the moments are changes of the store, from the first to the last, and half are any of its time."""
    chance = random.Random(f"{SEED} {asset}")
    words = ["--asset", asset]
    counting = before(asset, "counting")
    began = time.monotonic()
    assert counting(*words, **counting.killing()).returncode == 0
    lasted, changes = time.monotonic() - began, counting.changes()
    assert changes > 3
    at_changes = sorted(chance.sample(range(1, changes + 1), min(MOMENTS // 2, changes)))
    at_times = [chance.uniform(0.3, 1) * lasted for _ in range(MOMENTS - len(at_changes))]
    killed = 0
    for number, moment in enumerate((*at_changes, *at_times)):
        builds = before(asset, f"killed-{number}")
        if number < len(at_changes):
            done = builds(*words, **builds.killing(int(moment), group=number % 2 == 0))
            killed += builds.changes() >= moment
            assert "Traceback" not in done.stderr
        else:
            _kill_after(builds, words, moment, ("group", "worker", "parent")[number % 3])
            killed += 1
        told = builds.ok(*words)
        assert different(builds.objects, as_far_as(asset, wanted)) == [], (asset, number, moment, told)
    assert killed >= MOMENTS * 0.9


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_two_builds_of_everything_at_once_end_in_what_one_gives(fresh: Builds, wanted: dict[str, bytes]) -> None:
    both = [fresh.start(), fresh.start()]
    with ended(both[0]), ended(both[1]):
        said = [process.communicate() for process in both]
    assert 0 in {process.returncode for process in both}, said
    assert not any("Traceback" in errors for _, errors in said)
    fresh.ok()
    assert different(fresh.objects, wanted) == []


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_build_under_other_settings_at_once_leaves_what_one_of_them_gives(
    fresh: Builds, wanted: dict[str, bytes]
) -> None:
    now = fresh.objects.read(settings.PATH)
    first = fresh.start("--batch", BATCH)
    with ended(first):
        time.sleep(2)
        settings.save(fresh.objects, now.decode().replace("{fps: 4}", "{fps: 2}") + "shots: {min_shot_frames: 5}\n")
        second = fresh.start("--batch", BATCH)
        with ended(second):
            said = [first.communicate(), second.communicate()]
    assert not any("Traceback" in errors for _, errors in said)
    fresh.objects.write(settings.PATH, now)
    fresh.ok()
    assert different(fresh.objects, wanted) == []
