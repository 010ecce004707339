"""Building a batch of one asset: missing parts are made in worker processes, then the partition is put together.

A killed build resumes at the next video, a second build with nothing changed does nothing, and no row is lost or
doubled: a part is written whole under a key of all that shaped it, the tables are replaced whole, and the build record
comes last. Here: that order, and what becomes of errors. Not here: what the asset computes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa

from rushes.errors import LinkError, ModelError, SettingsError, StoreError, VideoError
from rushes.settings import Settings
from rushes.store.annotations import Kept
from rushes.store.forgotten import Forgotten, is_forgotten, refuse_forgotten, remember, take_back
from rushes.store.manifests import (
    Batch,
    Built,
    Entry,
    Record,
    noting_failure,
    read_batch,
    read_failure,
    read_record,
    record_path,
    write_record,
)
from rushes.store.objects import Objects
from rushes.store.parts import MEASURED, existing_parts, part_path, read_part, write_part
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import BATCH, REJECTS, TABLES, VIDEOS
from rushes.store.tables import partition_path, write_partition
from rushes.work import pool
from rushes.work.ahead import Fetched, Ready
from rushes.work.plan import Plan, State, require
from rushes.work.step import Compute, Downloading, Outcome, Step, Task

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a build did. ``made`` counts the videos that were worked on, ``reused`` those whose part was there."""

    record: Record
    made: int
    reused: int
    seconds: float


def build(
    objects: Objects,
    step: Step,
    batch_name: str,
    settings: Settings,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
    downloading: Downloading = lambda name, received, total: None,
) -> Report:
    """Bring one partition up to date and tell what was done; one whose failure was noted is put together anew.

    ``workers`` processes share the videos (default: one a core); 0 does the work in this process. ``progress`` is told
    of videos done, ``downloading`` of bytes that came. Raises
    ``StoreError`` when an upstream partition is missing or too many videos were rejected.
    """
    started = time.monotonic()
    batch = read_batch(objects, batch_name)
    planned = require(objects, step, batch, settings)
    record = read_record(objects, step.asset, batch.name)
    failed = read_failure(objects, step.asset, batch.name) is not None
    if planned.state is State.BUILT and record is not None and not failed:
        return Report(record, 0, len(planned.parts), time.monotonic() - started)
    with noting_failure(objects, step.asset, batch.name):
        refuse_forgotten(objects, batch.name, batch.entries)
        there = existing_parts(objects, step.asset, batch.name)
        todo = [(entry, key) for entry, key in planned.parts if key not in there]
        progress(len(planned.parts) - len(todo), len(planned.parts))
        count = pool.default_workers() if workers is None else workers
        failures = _make_parts(objects, planned, todo, count, progress, downloading)
        record = _assemble(objects, planned, failures)
        _judge(record, batch, settings)
    return Report(record, len(todo), len(planned.parts) - len(todo), time.monotonic() - started)


@dataclass(frozen=True)
class _Item:
    """A video to work on: its part's key, the annotations that came with it, and what went wrong in fetching it."""

    entry: Entry
    key: str
    lines: Sequence[Kept]
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
        upstream = _upstream_rows(self.objects, self.step, self.batch, entry)
        task = Task(self.objects, entry, self.collection, upstream, item.lines)
        compute = _compute(self.step, self.settings)
        try:
            if item.error is not None:
                raise item.error
            return compute(task)
        except LinkError:
            raise  # it may pass, and a part would keep it
        except VideoError as error:
            return Outcome(rejects=[Reject("video", entry.entry_id, self.step.asset, Reason(error.reason), str(error))])


@cache
def _compute(step: Step, settings: Settings) -> Compute:
    """Load a step's models once in a process."""
    return step.compute(settings)


def _rows(table: str, rows: Any) -> pa.Table:
    return rows if isinstance(rows, pa.Table) else TABLES[table].from_rows(rows or [])


def _upstream_rows(objects: Objects, step: Step, batch: str, entry: Entry) -> dict[str, pa.Table]:
    rows: dict[str, pa.Table] = {}
    for asset in step.reads:
        record = read_record(objects, asset, batch)
        if record is None or entry.entry_id not in record.items:
            raise StoreError(f"{asset} of {batch} has changed while {step.asset} was being built: build again")
        tables, _ = read_part(objects, asset, batch, record.items[entry.entry_id].key)
        rows |= {name: table for name, table in tables.items() if name in step.uses}
    return rows


def _make_parts(
    objects: Objects,
    planned: Plan,
    todo: list[tuple[Entry, str]],
    workers: int,
    progress: Progress,
    downloading: Downloading,
) -> list[Reject]:
    """Make the parts that are not there; return a reject for each video whose failure may pass."""
    work = _PartWork(objects, planned.step, planned.batch.name, planned.batch.collection, planned.settings)
    failures = []
    done = len(planned.parts) - len(todo)
    feed = _feed(
        objects,
        planned,
        [_Item(entry, key, planned.lines.get(entry.entry_id, ())) for entry, key in todo],
        workers,
        downloading,
    )
    with closing(pool.run(work, feed, workers) if workers else pool.run_here(work, feed)) as results:
        for item, error in results:
            done += 1
            progress(done, len(planned.parts))
            if isinstance(error, (ModelError, StoreError, SettingsError)) or (
                isinstance(error, BaseException) and not isinstance(error, Exception)
            ):
                raise error
            if isinstance(error, Exception):
                reason = Reason.CRASHED if isinstance(error, pool.WorkerDiedError) else Reason.FAILED
                detail = f"{type(error).__name__}: {' '.join(str(error).split())}"
                if isinstance(error, LinkError):
                    reason, detail = Reason(error.reason), str(error)
                failures.append(Reject("video", item.entry.entry_id, planned.step.asset, reason, detail))
    return failures


def _feed(
    objects: Objects, planned: Plan, items: list[_Item], workers: int, downloading: Downloading
) -> pool.Feed[_Item]:
    """Return the items as they become ready to be worked on."""
    if planned.step.fetch is None or not items:
        return Ready(items)
    fetch = planned.step.fetch(objects, planned.settings)
    return Fetched(
        items,
        lane=lambda item: fetch.lane(item.entry),
        fetch=lambda item: fetch(item.entry, downloading),
        with_error=lambda item, error: replace(item, error=error),
        at_once=fetch.at_once,
        per_lane=fetch.per_lane,
        ahead=fetch.at_once + 2 * max(workers, 1),
    )


def _assemble(objects: Objects, planned: Plan, failures: list[Reject]) -> Record:
    """Put the parts together as the partition's tables, and write the record that makes them count."""
    step, batch = planned.step, planned.batch
    failed = {reject.item_id for reject in failures}
    parts = [
        (entry, key, *read_part(objects, step.asset, batch.name, key))
        for entry, key in planned.parts
        if entry.entry_id not in failed
    ]
    dropped = step.settle(objects, batch.name, [(entry, rows) for entry, _, rows, _ in parts]) if step.settle else {}
    lost = [*failures, *dropped.values()]
    tables = {name: [TABLES[name].empty()] for name in (*step.tables, REJECTS.name)}
    tables[REJECTS.name].append(REJECTS.from_rows([reject.row() for reject in lost]))
    items = {}
    for entry, key, rows, digests in parts:
        if entry.entry_id in dropped:
            continue
        for name in tables:
            tables[name].append(rows[name])
        if "video" not in rows[REJECTS.name].column("item_kind").to_pylist():
            items[entry.entry_id] = Built(key, {name: digests[name] for name in step.tables})
    whole = {name: pa.concat_tables(pieces) for name, pieces in tables.items()}
    sizes = {
        name: len(write_partition(objects, TABLES[name], _keys(step.asset, batch, name), rows))
        for name, rows in whole.items()
    }
    record = Record(
        asset=step.asset,
        partition=batch.name,
        code_version=step.version,
        identity=planned.identity,
        shaped_by=planned.shaped_by,
        items=items,
        unfinished=tuple(sorted(failed)),
        rows={name: len(rows) for name, rows in whole.items()},
        bytes=sizes,
        rejects=dict(sorted(Counter(whole[REJECTS.name].column("reason").to_pylist()).items())),
    )
    write_record(objects, record)
    forgotten = Forgotten.of(objects)
    if any(forgotten.entry(entry) for entry in batch.entries):  # while this was written, perhaps unseen
        names = [partition_path(TABLES[name], _keys(step.asset, batch, name)) for name in whole]
        take_back(objects, [*names, record_path(step.asset, batch.name)], f"{step.asset} of {batch.name}")
    return record


def _keys(asset: str, batch: Batch, table: str) -> dict[str, str]:
    return {"asset": asset, "partition": batch.name} if table == REJECTS.name else {BATCH: batch.name}


def _judge(record: Record, batch: Batch, settings: Settings) -> None:
    """Raise when more of a batch's videos were rejected than the settings bear."""
    lost = len(batch.entries) - len(record.items)
    allowed = settings.build.max_reject_share
    if lost > allowed * len(batch.entries):
        raise StoreError(
            f"{record.asset} of {batch.name}: {lost} of {len(batch.entries)} videos rejected, more than "
            f"build.max_reject_share = {allowed:g} allows; see: rushes sql 'SELECT * FROM rejects'"
        )
