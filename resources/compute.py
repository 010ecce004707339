"""How much of the machine a step may use, and how its progress is shown."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from rushes.errors import SettingsError
from rushes.work.build import Progress as Report
from rushes.work.pool import Actors, Workers
from rushes.work.step import Downloading

_MB = 1_000_000


@dataclass(frozen=True)
class Shown:
    """Where progress is reported to: ``videos`` (done, total), ``bytes`` (name, received, total if known)."""

    videos: Report
    bytes: Downloading = lambda name, received, total: None


class ComputeResource(dg.ConfigurableResource[None]):
    """``workers`` processes share a step's videos: None is one a core, 0 works in the step's own process.

    With ``RUSHES_RAY=1`` in the environment of a run they are actors of the Ray cluster that it belongs to instead: as
    many as that has room for, or ``RUSHES_RAY_WORKERS``, with ``RUSHES_RAY_CPUS`` cores each (1), and
    ``RUSHES_RAY_GPUS`` GPUs (0, may be a share) where a step has models.

    ``terminal`` is the file descriptor of a terminal to draw progress bars on; a step's own stderr is no terminal, for
    Dagster captures it.
    """

    workers: int | None = None
    terminal: int | None = None

    def pool(self, *, has_models: bool = False) -> Workers:
        """Return who does a step's work. Raises ``SettingsError`` for a variable that makes no sense."""
        if os.environ.get("RUSHES_RAY", "0") in ("", "0"):
            return self.workers
        count = int(_number("RUSHES_RAY_WORKERS", 0)) or None
        gpus = _number("RUSHES_RAY_GPUS", 0)
        return Actors(count, _number("RUSHES_RAY_CPUS", 1), gpus if has_models else 0.0)

    @contextmanager
    def progress(self, context: dg.AssetExecutionContext, label: str) -> Iterator[Shown]:
        """Give functions to report videos and bytes to: bars on a terminal, else a line in the log now and then."""
        if self.terminal is None:
            yield Shown(_logged(context, label))
            return
        columns = (
            TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        with os.fdopen(os.dup(self.terminal), "w") as file, Progress(*columns, console=Console(file=file)) as bars:
            bar = bars.add_task(label, total=None)
            downloads = _Downloads(bars)
            yield Shown(lambda done, total: bars.update(bar, completed=done, total=total), downloads.report)


def _number(variable: str, default: float) -> float:
    text = os.environ.get(variable) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise SettingsError(f"{variable} is {text!r}: it is to be a number that is not negative")
    return number


class _Downloads:
    """One bar for all downloads together, there from the first one on; each video's bytes are told to it by itself."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._bar: TaskID | None = None
        self._received: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def report(self, name: str, received: int, total: int | None) -> None:
        """Take down how far a download is; several threads do so."""
        with self._lock:
            self._received[name] = received
            self._totals[name] = max(total or 0, received)
            came, all_bytes = sum(self._received.values()), sum(self._totals.values())
            speed = came / max(time.monotonic() - self._since, 1e-3)
            label = f"{len(self._received)} downloads: {speed / _MB:.1f} MB/s, MB"
            if self._bar is None:
                self._bar = self._bars.add_task(label, total=None)
            self._bars.update(self._bar, description=label, completed=came // _MB, total=-(-all_bytes // _MB))


def _logged(context: dg.AssetExecutionContext, label: str) -> Report:
    """Log at each tenth of the way."""
    last = -1

    def report(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 * done // total if total else 10
        if tenth > last:
            last = tenth
            context.log.info(f"{label}: {done} of {total}")

    return report
