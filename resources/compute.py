"""How much of the machine a step may use, and how its progress is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rushes.work.build import Progress as Report


class ComputeResource(dg.ConfigurableResource[None]):
    """``workers`` processes share a step's videos: None is one a core, 0 works in the step's own process.

    ``terminal`` is the file descriptor of a terminal to draw progress bars on; a step's own stderr is no terminal, for
    Dagster captures it.
    """

    workers: int | None = None
    terminal: int | None = None

    @contextmanager
    def progress(self, context: dg.AssetExecutionContext, label: str) -> Iterator[Report]:
        """Give a function to report (done, total) to: a bar on a terminal, else a line in the log now and then."""
        if self.terminal is None:
            yield _logged(context, label)
            return
        columns = (
            TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        with os.fdopen(os.dup(self.terminal), "w") as file, Progress(*columns, console=Console(file=file)) as bars:
            bar = bars.add_task(label, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)


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
