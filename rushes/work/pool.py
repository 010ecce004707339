"""Worker processes: one a core, each with its own models, none outliving the build that started it.

Here: starting, feeding and ending workers; a worker that dies costs only the video it worked on. Not here: what the
work is, and workers on other machines (``ray_pool``).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Protocol, TypeVar

from rushes.ranges import credentials
from rushes.work import stop

Item = TypeVar("Item")
Taken = TypeVar("Taken", covariant=True)
Result = TypeVar("Result")


# How soon a wish to stop is heeded while all workers are busy, and a fetched item is seen while some are not.
HEED_S = 0.2
LOOK_S = 0.05
# Native libraries keep to one thread: a process a core is quicker.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# What every worker needs, none of which starts a thread when it is imported. pandas is no concern of ours, but pyarrow
# imports it at the first chance where it is installed.
_IMPORTED = ["rushes.work.build", "rushes.steps", "rushes.sources.ingest", "rushes.video.media", "pandas"]


class WorkerDiedError(Exception):
    """The process that worked on an item died: killed, out of memory, or a fault in native code."""


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Feed(Protocol[Taken]):
    """Items to be worked on, some of which may not be ready yet (``rushes.work.ahead``)."""

    def __len__(self) -> int:
        """How many items have not been taken."""
        ...

    def take(self) -> Taken | None:
        """Return an item whose turn it is; None when there is none at the moment."""
        ...

    def close(self) -> None:
        """Give up what has not begun."""
        ...


@dataclass(frozen=True)
class Actors:
    """Workers on the hosts of a Ray cluster (``ray_pool``): how many, and what each is to have for itself.

    A ``count`` of None is as many as the cluster has room for, and more when hosts join it.
    """

    count: int | None = None
    num_cpus: float = 1.0
    num_gpus: float = 0.0


# Who does the work: processes of this machine (None: one a core; 0: this process itself), or actors.
Workers = int | Actors | None


def processes(workers: Workers) -> int:
    """Return how many processes of this machine that makes, for work that has to be done here."""
    return workers if isinstance(workers, int) else default_workers()


def run(
    work: Callable[[Item], Result], items: Feed[Item], workers: Workers
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    """Do ``work`` on each item by these workers; yield results, or what was raised, as they come.

    ``work`` must be picklable; whatever it keeps in its process between items is its own affair. When a worker dies,
    the items then under way are tried again, each alone in a process of its own, so that only the guilty one is blamed;
    the others go on in new workers. Closing the generator ends the workers after what they are at; so does somebody's
    wish to stop, with ``StoppedError``.
    """
    if isinstance(workers, Actors):
        from rushes.work import ray_pool

        return ray_pool.run(work, items, workers)
    count = processes(workers)
    return _run_in_processes(work, items, count) if count else run_here(work, items)


def _run_in_processes(
    work: Callable[[Item], Result], items: Feed[Item], workers: int
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    returned: deque[Item] = deque()
    with closing(items):
        while returned or len(items):
            suspects: list[Item] = []
            yield from _together(work, items, returned, workers, suspects)
            for item in suspects:
                yield item, _alone(work, item)


def _together(
    work: Callable[[Item], Result], items: Feed[Item], returned: deque[Item], workers: int, suspects: list[Item]
) -> Iterator[tuple[Item, Result | BaseException]]:
    """Take items and do them, until none is left or a worker dies; those then under way are suspects.

    An item that no worker would take any more goes to ``returned``.
    """
    executor = _executor(min(workers, len(items) + len(returned)))
    waiting: dict[Future[Result], Item] = {}
    broken = False
    try:
        while waiting or ((returned or len(items)) and not broken):
            while not broken and len(waiting) < 2 * workers:
                item = returned.popleft() if returned else items.take()
                if item is None:
                    break
                try:
                    waiting[executor.submit(work, item)] = item
                except BrokenProcessPool:
                    broken = True
                    returned.append(item)
            stop.check()
            if not waiting:
                time.sleep(LOOK_S)
            done, _ = wait(waiting, timeout=HEED_S if not len(items) else LOOK_S, return_when=FIRST_COMPLETED)
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
    work: Callable[[Item], Result], items: Feed[Item]
) -> Generator[tuple[Item, Result | BaseException], None, None]:
    """Do ``work`` on each item in this process, with ``run``'s results."""
    with closing(items):
        while len(items):
            stop.check()
            item = items.take()
            if item is None:
                time.sleep(LOOK_S)
                continue
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
    return ProcessPoolExecutor(
        workers,
        mp_context=_context(),
        initializer=_begin,
        initargs=(dict(os.environ), credentials.carried()),
    )


@cache
def _context() -> ForkServerContext:
    """Return the way in which processes are started: forked from one that has imported what all of them need.

    That one runs nothing: a fork of this process would copy locks of libraries that run threads of their own.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    # It would look for modules in the folder where the command was given, before anywhere else.
    during = {**ONE_THREAD, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in during}
    os.environ.update(during)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return context


def _begin(environment: Mapping[str, str], creds: Mapping[str, credentials.Source]) -> None:
    """Take over environment and credentials, keep to one thread, and end with the parent even if that is killed.

    Ctrl-C reaches every process of a terminal: the parent alone says what comes of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.update(ONE_THREAD)
    credentials.receive(creds)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the build does: the process that this one was forked from lives as long as any worker."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
