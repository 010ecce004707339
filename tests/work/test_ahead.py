"""Fetching runs ahead of the work, a few at once, fewer from one place, and everything fetched is worked on once."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from rushes.work.ahead import Fetched, Ready
from rushes.work.pool import run_here


@dataclass
class Hosts:
    """Serves items named ``host/number`` when ``open`` is set, and remembers how many it served at once."""

    open: threading.Event = field(default_factory=threading.Event)
    most: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self, item: str) -> None:
        host = item.partition("/")[0]
        with self.lock:
            for name in (host, "all"):
                self.now[name] += 1
                self.most[name] = max(self.most[name], self.now[name])
        assert self.open.wait(20)
        time.sleep(0.001)
        with self.lock:
            self.now[host] -= 1
            self.now["all"] -= 1
        if item.endswith("bad"):
            raise OSError(item)


def lane(item: str) -> str | None:
    return item.partition("/")[0] if "/" in item else None


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    served = Hosts()
    yield served
    served.open.set()


def fetched(items: list[str], hosts: Hosts, at_once: int = 3, per_lane: int = 2, ahead: int = 100) -> Fetched[str]:
    return Fetched(items, lane, hosts.fetch, lambda item, error: f"{item}: {error}", at_once, per_lane, ahead)


def taken(items: Fetched[str]) -> list[str]:
    """Take until all are taken."""
    found: list[str] = []
    while len(items):
        item = items.take()
        if item is None:
            time.sleep(0.002)
        else:
            found.append(item)
    return found


def test_every_item_comes_once_with_what_went_wrong_in_fetching_it(hosts: Hosts) -> None:
    hosts.open.set()
    items = [f"{host}/{n}" for n in range(10) for host in "abc"] + ["here", "a/bad"]
    assert sorted(taken(fetched(items, hosts))) == sorted([*items[:-1], "a/bad: a/bad"])


def test_few_are_fetched_at_once_and_fewer_from_one_host(hosts: Hosts) -> None:
    items = fetched([f"a/{n}" for n in range(8)] + [f"b/{n}" for n in range(8)], hosts)
    assert items.take() is None  # begins what may begin
    time.sleep(0.05)
    assert hosts.most == {"a": 2, "b": 1, "all": 3}
    hosts.open.set()
    assert len(taken(items)) == 16
    assert hosts.most["all"] <= 3
    assert max(hosts.most["a"], hosts.most["b"]) <= 2


def test_what_needs_nothing_passes_what_waits_for_a_host(hosts: Hosts) -> None:
    items = fetched(["a/1", "a/2", "a/3", "here", "b/1"], hosts, at_once=4)
    assert items.take() == "here"
    hosts.open.set()
    assert sorted(taken(items)) == ["a/1", "a/2", "a/3", "b/1"]


def test_fetching_does_not_run_farther_ahead_than_it_may(hosts: Hosts) -> None:
    hosts.open.set()
    items = fetched([f"{n}/x" for n in range(20)], hosts, at_once=4, ahead=4)
    while items.take() is None:
        time.sleep(0.002)
    time.sleep(0.05)
    assert sum(hosts.most[f"{n}"] for n in range(20)) <= 6
    assert len(items) == 19


def test_closing_begins_nothing_more(hosts: Hosts) -> None:
    items = fetched([f"{n}/x" for n in range(20)], hosts, at_once=2)
    assert items.take() is None
    items.close()
    hosts.open.set()
    time.sleep(0.05)
    assert sum(hosts.most[f"{n}"] for n in range(20)) == 2


def test_the_pool_works_on_what_is_fetched(hosts: Hosts) -> None:
    hosts.open.set()
    results = dict(run_here(str.upper, fetched(["a/x", "b/y", "here", "a/bad"], hosts)))
    assert results == {"a/x": "A/X", "b/y": "B/Y", "here": "HERE", "a/bad: a/bad": "A/BAD: A/BAD"}


def test_ready_items_keep_their_order() -> None:
    items = Ready([1, 2, 3])
    assert [items.take(), len(items), items.take(), items.take(), items.take()] == [1, 2, 2, 3, None]
