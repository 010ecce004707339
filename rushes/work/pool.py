"""Worker processes: one a core, each with its own models, none outliving the build that started it.

Here: starting, feeding and ending workers; a worker that dies costs only the video it worked on. Not here: what the
work is.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDiedError(Exception):
    """The process that worked on an item died: killed, out of memory, or a fault in native code."""


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[Item, Result | BaseException]]:
    """Do ``work`` on each item in up to ``workers`` processes; yield results, or what was raised, as they come.

    ``work`` must be picklable; whatever it keeps in its process between items is its own affair. When a worker dies,
    the items then under way are tried again, each alone in a process of its own, so that only the guilty one is blamed.
    """
    if not items:
        return
    suspects: list[Item] = []
    with _executor(min(workers, len(items))) as executor:
        waiting: dict[Future[Result], Item] = {}
        queue = iter(items)
        for item in queue:
            waiting[executor.submit(work, item)] = item
            if len(waiting) >= 2 * workers:
                break
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                item = waiting.pop(future)
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    suspects.append(item)
                    continue
                yield item, error if error is not None else future.result()
                for following in queue:
                    try:
                        waiting[executor.submit(work, following)] = following
                    except BrokenProcessPool:
                        suspects.append(following)
                    break
        suspects.extend(queue)
    for item in suspects:
        yield item, _alone(work, item)


def run_here(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result | BaseException]]:
    """Do ``work`` on each item in this process, with ``run``'s results."""
    for item in items:
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
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Keep native libraries to one thread, and end with the parent even if that is killed."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
