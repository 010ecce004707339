"""Workers give back one result for each item, and one that dies is blamed for its own item alone."""

import os
import time

import pytest

from rushes.errors import VideoError
from rushes.work.ahead import Ready
from rushes.work.pool import WorkerDiedError, run, run_here


def square(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number * number


def die_of_13(number: int) -> int:
    if number == 13:
        os._exit(3)
    return os.getpid()


def refuse(number: int) -> int:
    raise VideoError("truncated", f"video {number} is cut off")


def note(path: str) -> None:
    time.sleep(0.05)
    with open(path, "w"):
        pass


@pytest.mark.parametrize("workers", [1, 2])
def test_each_item_comes_once_with_its_result_or_what_it_raised(workers: int) -> None:
    results = dict(run(square, Ready([3, -1, 5, 0, 7, 2]), workers))
    assert isinstance(results.pop(-1), ValueError)
    assert results == {3: 9, 5: 25, 0: 0, 7: 49, 2: 4}


def test_in_this_process_the_results_are_the_same() -> None:
    results = dict(run_here(square, Ready([3, -1])))
    assert isinstance(results.pop(-1), ValueError)
    assert results == {3: 9}


def test_no_items_give_no_results() -> None:
    assert list(run(square, Ready([]), 2)) == []


def test_an_error_that_carries_a_reason_keeps_it_between_processes() -> None:
    [(_, error)] = run(refuse, Ready([4]), 1)
    assert isinstance(error, VideoError)
    assert (error.reason, str(error)) == ("truncated", "video 4 is cut off")


def test_a_worker_that_dies_costs_its_own_item_and_the_others_go_on_together() -> None:
    items = [13, *range(100, 120)]
    results = dict(run(die_of_13, Ready(items), 2))
    assert set(results) == set(items)
    assert isinstance(results.pop(13), WorkerDiedError)
    processes = set(results.values())
    assert os.getpid() not in processes
    assert len(processes) < 10  # those that were not under way share workers again


def test_closing_the_results_starts_nothing_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("notes")
    results = run(note, Ready([str(folder / str(n)) for n in range(40)]), 1)
    next(results)
    results.close()
    assert len(list(folder.iterdir())) < 10
