"""Making the parts of a batch that are not there, in worker processes, and what becomes of errors.

A video that cannot be used is a part as well, of one reject. A failure that may pass leaves no part, so that the next
build tries again. Here: that. Not here: what the asset computes (``step``), which parts are wanted (``plan``), putting
them together (``assemble``).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pyarrow as pa

from rushes.errors import LinkError, ModelError, SettingsError, StoreError, VideoError
from rushes.settings import Settings
from rushes.store.annotations import Kept
from rushes.store.failures import write_failure
from rushes.store.forgotten import is_forgotten, remember, take_back
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.parts import MEASURED, existing_parts, part_path, read_part, write_part
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import REJECTS, TABLES, VIDEOS
from rushes.work import pool
from rushes.work.ahead import Fetched, Ready
from rushes.work.faults import fault_of
from rushes.work.inputs import Inputs, Mark, refuse_changed
from rushes.work.plan import Plan
from rushes.work.step import Compute, Downloading, Outcome, Step, Task

Progress = Callable[[int, int], None]


@dataclass
class Making:
    """Makes a plan's parts. ``made`` counts the videos that were worked on."""

    objects: Objects
    planned: Plan
    inputs: Inputs
    workers: pool.Workers
    progress: Progress
    downloading: Downloading
    made: int = field(default=0, init=False)

    def missing(self, only: Container[str] | None = None) -> list[Reject]:
        """Make the parts that are not there, or those of these keys; return a reject for each failure that may pass."""
        planned = self.planned
        there = existing_parts(self.objects, planned.step.asset, planned.batch.name)
        items = [
            _Item(
                entry,
                key,
                planned.lines.get(entry.entry_id, ()),
                self.inputs.upstream.get(entry.entry_id, {}),
                self.inputs.marks.get(entry.entry_id),
            )
            for entry, key in planned.parts
            if key not in there and (only is None or key in only)
        ]
        done = len(planned.parts) - len(items)
        self.progress(done, len(planned.parts))
        self.made += len(items)
        failures = []
        work = _PartWork(self.objects, planned.step, planned.batch.name, planned.batch.collection, planned.settings)
        feed = self._feed(items)
        # What is fetched lies on this machine.
        workers = pool.processes(self.workers) if planned.step.fetch else self.workers
        with closing(pool.run(work, feed, workers)) as results:
            for item, error in results:
                done += 1
                self.progress(done, len(planned.parts))
                if isinstance(error, BaseException):
                    failures.append(self._reject(item, error))
        return failures

    def _reject(self, item: _Item, error: BaseException) -> Reject:
        """Return the reject of a video's failure that may pass; raise one that is no video's."""
        if isinstance(error, (ModelError, StoreError, SettingsError)) or not isinstance(error, Exception):
            raise error
        fault = fault_of(error, self.objects)
        if fault is not None:
            raise fault from error
        reason = Reason.CRASHED if isinstance(error, pool.WorkerDiedError) else Reason.FAILED
        detail = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(error, LinkError):
            reason, detail = Reason(error.reason), str(error)
        return Reject("video", item.entry.entry_id, self.planned.step.asset, reason, detail)

    def _feed(self, items: list[_Item]) -> pool.Feed[_Item]:
        """Return the items as they become ready to be worked on."""
        if self.planned.step.fetch is None or not items:
            return Ready(items)
        fetch = self.planned.step.fetch(self.objects, self.planned.settings)
        return Fetched(
            items,
            lane=lambda item: fetch.lane(item.entry),
            fetch=lambda item: fetch(item.entry, self.downloading),
            with_error=lambda item, error: replace(item, error=error),
            at_once=fetch.at_once,
            per_lane=fetch.per_lane,
            ahead=fetch.at_once + 2 * max(pool.processes(self.workers), 1),
        )


@dataclass(frozen=True)
class _Item:
    """A video to work on: its part's key, the annotations that came with it, and what went wrong in fetching it.

    ``upstream`` and ``mark`` are what the plan was made of (``rushes.work.inputs``).
    """

    entry: Entry
    key: str
    lines: Sequence[Kept]
    upstream: Mapping[str, str]
    mark: Mark | None
    error: Exception | None = None


@dataclass(frozen=True)
class _PartWork:
    """Makes one part; picklable, so that a worker process can be given it."""

    objects: Objects
    step: Step
    batch: str
    collection: str
    settings: Settings

    def __call__(self, item: _Item) -> None:
        outcome = self._outcome(item)
        if not self.step.reads:
            refuse_changed(item.entry, item.mark)
        rejects = [reject.row() for reject in outcome.rejects]
        tables = {name: _rows(name, outcome.rows.get(name)) for name in self.step.tables}
        write_part(
            self.objects, self.step.asset, self.batch, item.key, {**tables, REJECTS.name: REJECTS.from_rows(rejects)}
        )
        if is_forgotten(self.objects, item.entry):
            self._take_back(item, tables)

    def _take_back(self, item: _Item, tables: Mapping[str, pa.Table]) -> None:
        """Delete what was made of a video that was forgotten meanwhile: whoever did may have looked before."""
        videos = tables[VIDEOS.name].to_pylist() if VIDEOS.name in tables else []
        remember(self.objects, contents=[video["sha256"] for video in videos if video["sha256"]])
        names = [video["media_uri"] for video in videos if not video["linked"]]
        names += self.objects.list(f"parts/{MEASURED}/{item.entry.video_id}")
        names.append(part_path(self.step.asset, self.batch, item.key))
        take_back(self.objects, names, f"{self.step.asset} of {self.batch}")

    def _outcome(self, item: _Item) -> Outcome:
        entry = item.entry
        task = Task(self.objects, entry, self.collection, self._upstream_rows(item), item.lines)
        compute = _compute(self.step, self.settings)
        try:
            if item.error is not None:
                raise item.error
            return compute(task)
        except LinkError:
            raise  # it may pass, and a part would keep it
        except VideoError as error:
            return Outcome(rejects=[Reject("video", entry.entry_id, self.step.asset, Reason(error.reason), str(error))])

    def _upstream_rows(self, item: _Item) -> dict[str, pa.Table]:
        """Read the rows that the part's key was made of, whatever upstream holds by now.

        A part that is gone is noted as its own partition's failure, so that the next build makes it again.
        """
        rows: dict[str, pa.Table] = {}
        for asset, key in item.upstream.items():
            try:
                tables, _ = read_part(self.objects, asset, self.batch, key)
            except FileNotFoundError:
                write_failure(self.objects, asset, self.batch, f"the part of {item.entry.entry_id} is gone")
                raise StoreError(
                    f"{asset} of {self.batch}: the part of {item.entry.entry_id} is gone: build again"
                ) from None
            rows |= {name: table for name, table in tables.items() if name in self.step.uses}
        return rows


@cache
def _compute(step: Step, settings: Settings) -> Compute:
    """Load a step's models once in a process."""
    return step.compute(settings)


def _rows(table: str, rows: Any) -> pa.Table:
    return rows if isinstance(rows, pa.Table) else TABLES[table].from_rows(rows or [])
