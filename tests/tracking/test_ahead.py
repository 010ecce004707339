"""Things made in a thread of their own arrive as if they had been made where they are used."""

import threading
from collections.abc import Iterator

import pytest

from rushes.tracking.ahead import made_ahead


def threads() -> int:
    return sum(thread.name == "ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("count", [1, 3, 100])
def test_all_things_come_in_their_order_and_the_thread_ends(count: int) -> None:
    assert list(made_ahead(iter(range(50)), count)) == list(range(50))
    assert list(made_ahead(iter(()), count)) == []
    assert threads() == 0


def test_no_more_than_so_many_are_made_ahead() -> None:
    made = threading.Semaphore(0)
    asked: list[int] = []

    def things() -> Iterator[int]:
        for number in range(100):
            asked.append(number)
            made.release()
            yield number

    ahead = made_ahead(things(), 3)
    assert next(ahead) == 0
    for _ in range(5):  # the one taken, three that lie ready, one that waits to be put there
        assert made.acquire(timeout=5)
    assert not made.acquire(timeout=0.3)
    assert asked == [0, 1, 2, 3, 4]
    ahead.close()
    assert threads() == 0


def test_what_goes_wrong_is_raised_in_its_place() -> None:
    def things() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the file ends")

    ahead = made_ahead(things(), 10)
    assert (next(ahead), next(ahead)) == (1, 2)
    with pytest.raises(OSError, match="the file ends"):
        next(ahead)
    assert threads() == 0


def test_when_it_is_closed_nothing_is_made_any_more() -> None:
    made: list[int] = []

    def things() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    ahead = made_ahead(things(), 2)
    next(ahead)
    ahead.close()
    count = len(made)
    assert threads() == 0
    assert count == len(made) <= 4
