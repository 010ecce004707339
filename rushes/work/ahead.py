"""What is fetched for items while others are worked on: in threads, a few at once, fewer from one place.

Here: which item's turn it is, and how far ahead of the work fetching may run. Not here: the fetching itself
(``rushes.sources``), the work (``pool``).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ready(Generic[Item]):
    """Items that need nothing fetched, in their order."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = deque(items)

    def __len__(self) -> int:
        """How many items have not been taken."""
        return len(self._items)

    def take(self) -> Item | None:
        """Return an item whose turn it is; None when there is none at the moment."""
        return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Give up what has not begun."""
        self._items.clear()


class Fetched(Generic[Item]):
    """Items, each when what it needs is there.

    ``lane`` says who is asked for an item (None: nobody, it is ready), ``fetch`` brings it, ``at_once`` items at a time
    and ``per_lane`` of one lane. ``with_error`` makes, of an item that could not be fetched, the one to be worked
    on. Not more than ``ahead`` items lie fetched and untaken. To be used from one thread.
    """

    def __init__(
        self,
        items: Iterable[Item],
        lane: Callable[[Item], str | None],
        fetch: Callable[[Item], None],
        with_error: Callable[[Item, Exception], Item],
        at_once: int,
        per_lane: int,
        ahead: int,
    ) -> None:
        self._waiting = deque((item, lane(item)) for item in items)
        self._fetch, self._with_error = fetch, with_error
        self._at_once, self._per_lane, self._ahead = at_once, per_lane, ahead
        self._under_way: dict[Future[None], tuple[Item, str]] = {}
        self._busy: Counter[str] = Counter()
        self._ready: deque[Item] = deque()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")

    def __len__(self) -> int:
        """How many items have not been taken."""
        return len(self._waiting) + len(self._under_way) + len(self._ready)

    def take(self) -> Item | None:
        """Return an item whose turn it is; None when there is none at the moment."""
        self._collect()
        self._begin()
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Give up what has not begun; what is under way ends when it heeds the wish to stop, or is done."""
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _collect(self) -> None:
        for future in [future for future in self._under_way if future.done()]:
            item, lane = self._under_way.pop(future)
            self._busy[lane] -= 1
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            self._ready.append(item if error is None else self._with_error(item, error))

    def _begin(self) -> None:
        """Begin what may begin; an item whose lane is full lets the next ones pass."""
        passed: deque[tuple[Item, str | None]] = deque()
        while self._waiting and self._room():
            item, lane = self._waiting.popleft()
            if lane is None:
                self._ready.append(item)
            elif self._busy[lane] < self._per_lane:
                self._busy[lane] += 1
                self._under_way[self._threads.submit(self._fetch, item)] = (item, lane)
            else:
                passed.append((item, lane))
        self._waiting.extendleft(reversed(passed))

    def _room(self) -> bool:
        return len(self._under_way) < self._at_once and len(self._under_way) + len(self._ready) < self._ahead
