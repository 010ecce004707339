"""Making things in a thread of their own, a few ahead of where they are used.

It pays where the two sides keep different devices busy: frames are decoded while a GPU looks at those before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

Thing = TypeVar("Thing")

_HEED_S = 0.1  # how soon the thread sees that nobody waits any more


def made_ahead(things: Iterator[Thing], count: int) -> Generator[Thing, None, None]:
    """Yield the same things in the same order; up to ``count`` of them lie ready.

    What ``things`` raises is raised here, in its place. When the generator is closed the thread has ended, and with it
    the use of whatever ``things`` reads from.
    """
    ready: Queue[tuple[bool, Any]] = Queue(count)
    nobody_waits = Event()
    maker = Thread(target=_make, args=(things, ready, nobody_waits), name="ahead", daemon=True)
    maker.start()
    try:
        while True:
            is_thing, thing = ready.get()
            if is_thing:
                yield thing
            elif thing is None:
                return
            else:
                raise thing
    finally:
        nobody_waits.set()
        maker.join()


def _make(things: Iterator[Thing], ready: Queue[tuple[bool, Any]], nobody_waits: Event) -> None:
    end: tuple[bool, Any] = (False, None)
    try:
        for thing in things:
            if not _put(ready, (True, thing), nobody_waits):
                return
    except BaseException as error:  # to be raised where it is waited for
        end = (False, error)
    _put(ready, end, nobody_waits)


def _put(ready: Queue[tuple[bool, Any]], entry: tuple[bool, Any], nobody_waits: Event) -> bool:
    while not nobody_waits.is_set():
        try:
            ready.put(entry, timeout=_HEED_S)
        except Full:
            continue
        return True
    return False
