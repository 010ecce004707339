"""Whether somebody asked this process to stop, and where work heeds that: between items, never inside one.

Here: the wish, and the signals that express it. An exception thrown from a signal handler would come up in whatever
code happens to run, and libraries swallow it there. Not here: what then ends (``pool``, and whoever asked).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rushes.errors import StoppedError

_requested = threading.Event()


def check() -> None:
    """Raise ``StoppedError`` if somebody asked to stop."""
    if _requested.is_set():
        raise StoppedError("interrupted; what was finished is kept, and the same command goes on from there")


@contextmanager
def by_signals() -> Iterator[None]:
    """Take SIGINT and SIGTERM as the wish to stop; the second one ends the process at once. For the main thread."""
    earlier = {number: signal.signal(number, _on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        _requested.clear()


def _on_signal(number: int, frame: FrameType | None) -> None:
    if _requested.is_set():
        os._exit(128 + number)
    _requested.set()
