"""Listening to something slow without being at its mercy.

A name server, a driver, or a server that sends a byte now and then can hold a thread for as long as they like. So a
thread of its own listens to them, and whoever wants the items gets a word in between. Here: that thread. Not here: what
the items are.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar

_T = TypeVar("_T")
_WORD_S = 0.2
_AHEAD = 4


def watched(make: Callable[[], Iterator[_T]]) -> Iterator[_T | None]:
    """Yield an iterator's items as they come, and None at least five times a second while none does.

    When this is closed early, the iterator's thread is left to itself: it ends with the item that it waits for.
    """
    held: queue.Queue[tuple[str, Any]] = queue.Queue(_AHEAD)
    gone = threading.Event()
    threading.Thread(target=_listen, args=(make, held, gone), daemon=True).start()
    try:
        while True:
            try:
                kind, what = held.get(timeout=_WORD_S)
            except queue.Empty:
                yield None
                continue
            if kind == "item":
                yield what
            elif kind == "error":
                raise what
            else:
                return
    finally:
        gone.set()


def _listen(make: Callable[[], Iterator[_T]], held: queue.Queue[tuple[str, Any]], gone: threading.Event) -> None:
    try:
        with closing(make()) as items:  # type: ignore[type-var]
            for item in items:
                if not _give(("item", item), held, gone):
                    return
        _give(("end", None), held, gone)
    except BaseException as error:  # to be raised where the items are wanted
        _give(("error", error), held, gone)


def _give(word: tuple[str, Any], held: queue.Queue[tuple[str, Any]], gone: threading.Event) -> bool:
    while not gone.is_set():
        try:
            held.put(word, timeout=_WORD_S)
            return True
        except queue.Full:
            continue
    return False
