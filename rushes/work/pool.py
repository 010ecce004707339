"""Worker processes: one a core, each with its own models, none outliving the build that started it.

Here: starting, feeding and ending workers; a worker that dies costs only the video it worked on. Not here: what the
work is.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from rushes.ranges import credentials
from rushes.work import stop

Item = TypeVar("Item")
Result = TypeVar("Result")


# How soon a wish to stop is heeded while all workers are busy.
_HEED_S = 0.2


class WorkerDiedError(Exception):
    """The process that worked on an item died: killed, out of memory, or a fault in native code."""


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    """Do ``work`` on each item in up to ``workers`` processes; yield results, or what was raised, as they come.

    ``work`` must be picklable; whatever it keeps in its process between items is its own affair. When a worker dies,
    the items then under way are tried again, each alone in a process of its own, so that only the guilty one is blamed;
    the others go on in new workers. Closing the generator ends the workers after what they are at; so does somebody's
    wish to stop, with ``StoppedError``.
    """
    queue = deque(items)
    while queue:
        suspects: list[Item] = []
        yield from _together(work, queue, workers, suspects)
        for item in suspects:
            yield item, _alone(work, item)


def _together(
    work: Callable[[Item], Result], queue: deque[Item], workers: int, suspects: list[Item]
) -> Iterator[tuple[Item, Result | BaseException]]:
    """Take items off the queue and do them, until none is left or a worker dies; those then under way are suspects."""
    executor = _executor(min(workers, len(queue)))
    waiting: dict[Future[Result], Item] = {}
    broken = False
    try:
        while waiting or (queue and not broken):
            while queue and not broken and len(waiting) < 2 * workers:
                try:
                    waiting[executor.submit(work, queue[0])] = queue[0]
                    queue.popleft()
                except BrokenProcessPool:
                    broken = True
            stop.check()
            done, _ = wait(waiting, timeout=_HEED_S, return_when=FIRST_COMPLETED)
            for future in done:
                item = waiting.pop(future)
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken = True
                    suspects.append(item)
                else:
                    yield item, error if error is not None else future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def run_here(
    work: Callable[[Item], Result], items: Sequence[Item]
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    """Do ``work`` on each item in this process, with ``run``'s results."""
    for item in items:
        stop.check()
        try:
            yield item, work(item)
        except Exception as error:
            yield item, error


def _alone(work: Callable[[Item], Result], item: Item) -> Result | BaseException:
    with _executor(1) as executor:
        future = executor.submit(work, item)
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            return WorkerDiedError("the worker process died")
        return error if error is not None else future.result()


def _executor(workers: int) -> ProcessPoolExecutor:
    # Spawned, because a fork copies locks of libraries that run threads of their own.
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(credentials.carried(),),
    )


def _begin(creds: Mapping[str, credentials.Source]) -> None:
    """Keep native libraries to one thread, take over credentials, and end with the parent even if that is killed.

    Ctrl-C reaches every process of a terminal: the parent alone says what comes of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    credentials.receive(creds)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
