"""Actors give back one result for each item, as processes do, and one that dies is blamed for its own item alone."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import SettingsError, StoppedError, VideoError
from rushes.ranges import credentials
from rushes.work import stop
from rushes.work.ahead import Ready
from rushes.work.pool import Actors, WorkerDiedError, run

ray = pytest.importorskip("ray", reason="Ray is not installed here: make test-cluster")
pytestmark = pytest.mark.cluster

TWO = Actors(2)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster of this machine alone, with room for two actors, and a GPU as far as Ray knows."""
    here = {"address": "local", "include_dashboard": False, "log_to_driver": False, "configure_logging": False}
    ray.init(num_cpus=2, num_gpus=1, object_store_memory=80_000_000, **here)
    yield
    ray.shutdown()


class Squares:
    """Loads slowly, once; what it is given by then is a number."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def __call__(self, number: int) -> tuple[int, int]:
        loaded = self.notes / f"loaded-{os.getpid()}"
        if not loaded.exists():
            loaded.touch()
        if number < 0:
            raise ValueError(f"{number} is negative")
        return number * number, os.getpid()


class Deadly:
    """Dies of 13 each time, and of 7 the first time."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def __call__(self, number: int) -> int:
        with (self.notes / f"{number}-{time.monotonic_ns()}").open("w"):
            pass
        if number == 13 or (number == 7 and len(list(self.notes.glob("7-*"))) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()


def refuse(number: int) -> int:
    raise VideoError("truncated", f"video {number} is cut off")


def what_reaches_it(name: str) -> tuple[str | None, dict[str, str], str]:
    return os.environ.get(name), credentials.resolve("lent", "https"), os.environ["OMP_NUM_THREADS"]


def gpus_for(number: int) -> tuple[str, int]:
    time.sleep(0.5)  # so that both actors are given something
    return os.environ.get("CUDA_VISIBLE_DEVICES", "all"), os.getpid()


def note(path: str) -> None:
    time.sleep(0.1)
    Path(path).touch()


def test_each_item_comes_once_with_its_result_or_what_it_raised(tmp_path: Path) -> None:
    results = dict(run(Squares(tmp_path), Ready([3, -1, 5, 0, 7, 2]), TWO))
    assert isinstance(results.pop(-1), ValueError)
    assert {number: result[0] for number, result in results.items()} == {3: 9, 5: 25, 0: 0, 7: 49, 2: 4}


def test_actors_are_processes_of_their_own_that_are_kept_from_item_to_item(tmp_path: Path) -> None:
    results = dict(run(Squares(tmp_path), Ready(range(40)), TWO))
    processes = {process for _, process in results.values()}
    assert os.getpid() not in processes
    assert len(processes) <= 2
    assert len(list(tmp_path.glob("loaded-*"))) == len(processes)


def test_no_items_need_no_actors() -> None:
    assert list(run(refuse, Ready([]), TWO)) == []


def test_an_error_that_carries_a_reason_keeps_it_between_hosts() -> None:
    [(_, error)] = run(refuse, Ready([4]), TWO)
    assert isinstance(error, VideoError)
    assert (error.reason, str(error)) == ("truncated", "video 4 is cut off")


def test_an_actor_that_dies_costs_its_own_item_after_a_second_try_alone(tmp_path: Path) -> None:
    items = [13, *range(100, 120)]
    results = dict(run(Deadly(tmp_path), Ready(items), TWO))
    assert set(results) == set(items)
    assert isinstance(results.pop(13), WorkerDiedError)
    tried = sorted(int(path.name.split("-")[1]) for path in tmp_path.glob("13-*"))
    others = [int(path.name.split("-")[1]) for path in tmp_path.glob("1??-*")]
    assert len(tried) == 2
    assert tried[1] > max(others)  # alone
    assert len(others) == 20  # nothing else was done twice


def test_an_item_that_was_only_at_hand_when_its_actor_died_is_not_blamed(tmp_path: Path) -> None:
    results = dict(run(Deadly(tmp_path), Ready([7, 100, 101]), TWO))
    assert all(isinstance(result, int) for result in results.values())
    assert len(list(tmp_path.glob("7-*"))) == 2


def test_credentials_reach_the_actors_and_nothing_else_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-today")
    monkeypatch.setenv("RUSHES_POSTGRES", "postgresql://nobody@nowhere/none")
    credentials.populate("lent", {"token": "lent-today"})
    results = dict(run(what_reaches_it, Ready(["AWS_SESSION_TOKEN", "RUSHES_POSTGRES"]), TWO))
    assert results == {
        "AWS_SESSION_TOKEN": ("of-today", {"token": "lent-today"}, "1"),
        "RUSHES_POSTGRES": (None, {"token": "lent-today"}, "1"),
    }


def test_no_secret_is_in_what_ray_tells_of_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-4714")
    list(run(refuse, Ready([1]), TWO))
    session = Path(ray._private.worker._global_node.get_session_dir_path())
    for file in (session / "logs").rglob("*"):
        assert not file.is_file() or b"canary-4714" not in file.read_bytes(), file


def test_actors_have_the_share_of_a_gpu_that_they_ask_for_and_none_unasked() -> None:
    shared = [result for _, result in run(gpus_for, Ready(range(8)), Actors(num_gpus=0.5))]
    assert {seen for seen, _ in shared} == {"0"}
    assert len({process for _, process in shared}) == 2
    alone = [result for _, result in run(gpus_for, Ready(range(4)), Actors(num_gpus=1))]
    assert len({process for _, process in alone}) == 1
    assert {seen for _, (seen, _) in run(gpus_for, Ready(range(2)), TWO)} == {""}


def test_closing_the_results_starts_nothing_more(tmp_path: Path) -> None:
    results = run(note, Ready([str(tmp_path / str(n)) for n in range(40)]), Actors(1))
    next(results)
    results.close()
    done = len(list(tmp_path.iterdir()))
    assert done < 10
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) == done


def test_a_wish_to_stop_is_heeded_after_what_is_under_way(tmp_path: Path) -> None:
    results = run(note, Ready([str(tmp_path / str(n)) for n in range(40)]), Actors(1))
    with stop.by_signals():
        next(results)
        os.kill(os.getpid(), signal.SIGTERM)  # Ray leaves this signal to whoever had it
        with pytest.raises(StoppedError):
            list(results)
    assert len(list(tmp_path.iterdir())) < 10


def test_hosts_with_other_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes.work.ray_pool.code_digest", lambda: "another")
    with pytest.raises(SettingsError, match="has other code of Rushes than this one"):
        list(run(refuse, Ready([1]), TWO))


def test_more_than_any_host_has_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes.work.ray_pool._PATIENCE_S", 1.0)
    with pytest.raises(
        SettingsError, match=r"room for a worker of 1 CPUs and 3 GPUs for 1 s; in all they have 2 and 1"
    ):
        list(run(refuse, Ready([1]), Actors(1, num_gpus=3)))
