"""A batch's parts, tables, records and pictures, without the videos that are to go.

Rows of the others stay as they are, and where a partition was up to date it still is. A step's parts go first and its
record last, so that an interrupted forgetting is gone on with. Here: that. Not here: the batch's manifest and lines
(``annotations``), which go after all this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from rushes import settings
from rushes.forget.changes import Changes
from rushes.forget.names import Names
from rushes.forget.targets import Targets
from rushes.settings import Settings
from rushes.steps import STEPS
from rushes.store.manifests import Batch, Entry, Record, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.parts import MEASURED, existing_parts, part_path, read_part, write_part
from rushes.store.schemas import BATCH, REJECTS, TABLES
from rushes.store.tables import read_partition
from rushes.work.plan import State, plan
from rushes.work.step import Step

_DONE = (State.BUILT, State.UNFINISHED)


def forget_batches(changes: Changes, targets: Targets) -> None:
    """Take videos out of all batches: out of their own, and out of what is said of others."""
    names = targets.names
    for batch in targets.batches.values():
        if targets.everywhere or batch.name in targets.entries or _mentioned(changes.objects, batch, names):
            _Batch(changes, batch, targets.entries.get(batch.name, ()), targets.videos, names).forget()
    for video_id in sorted(targets.videos):
        changes.delete(changes.objects.list(f"parts/{MEASURED}/{video_id}"), "parts")


def without(batch: Batch, entries: Sequence[Entry], names: Names) -> Batch:
    """Return a batch's manifest without some entries, and with nothing said of them."""
    left = [entry for entry in batch.entries if entry not in entries]
    return replace(batch, entries=tuple(_discreet(entry, names) for entry in left))


def without_rejects(rows: pa.Table, names: Names) -> pa.Table:
    """Return rejects less those of what is to go, and with nothing said of it."""
    kept = [row for row in rows.to_pylist() if not names.goes(row["item_id"])]
    return REJECTS.from_rows([{**row, "detail": names.hidden(row["detail"])} for row in kept])


def forget_pictures(changes: Changes, asset: str, partition: str) -> None:
    """Remove a partition's contact sheet: whose frames are on it is not known."""
    sheets = (f"sheets/{asset}/{partition}.{suffix}" for suffix in ("jpg", "png"))
    changes.delete([name for name in sheets if changes.objects.exists(name)], "contact sheets")


def forget_failures(changes: Changes, names: Names) -> None:
    """Remove notes on failures that name what is to go: it is no reason any more, and whoever builds will see."""
    failures = [
        name for name in changes.objects.list("failures") if names.mentioned(changes.objects.read(name).decode())
    ]
    changes.delete(failures, "notes on failures")


def _mentioned(objects: Objects, batch: Batch, names: Names) -> bool:
    """Tell whether a batch of other videos speaks of what is to go: of an id that was taken, say."""
    if any(entry != _discreet(entry, names) for entry in batch.entries):
        return True
    rows = _rejects(objects, "raw_videos", batch.name)
    return rows is not None and any(names.mentioned(detail) for detail in rows.column("detail").to_pylist())


def _discreet(entry: Entry, names: Names) -> Entry:
    misfit = entry.misfit and (entry.misfit[0], names.hidden(entry.misfit[1]))
    return entry if misfit == entry.misfit else replace(entry, misfit=misfit)


def _rejects(objects: Objects, asset: str, partition: str) -> pa.Table | None:
    try:
        return read_partition(objects, REJECTS, {"asset": asset, "partition": partition})
    except FileNotFoundError:
        return None


class _Batch:
    """One batch, of which ``entries`` are to go."""

    def __init__(
        self, changes: Changes, batch: Batch, entries: Sequence[Entry], videos: frozenset[str], names: Names
    ) -> None:
        self._changes, self._objects = changes, changes.objects
        self._batch, self._left = batch, without(batch, entries, names)
        self._gone = {entry.entry_id for entry in entries}
        self._entries, self._videos, self._names = entries, videos, names
        self._settings: Settings = settings.load(self._objects, batch.collection)

    def forget(self) -> None:
        before = {asset: self._state(step, self._batch) for asset, step in STEPS.items()}
        for asset, step in STEPS.items():
            record = read_record(self._objects, asset, self._batch.name)
            self._forget_parts(asset, record)
            sizes, counts, reasons = self._forget_rows(step)
            if record is not None:
                done = before[asset] in _DONE or self._state(step, self._left) in _DONE
                self._write_record(step, self._without(record, sizes, counts, reasons), done)
            if self._entries:
                forget_pictures(self._changes, asset, self._batch.name)
        links = (f"links/{entry.entry_id}" for entry in self._entries)
        self._changes.delete([name for name in links if self._objects.exists(name)], "notes on links")

    def _state(self, step: Step, batch: Batch) -> State:
        return plan(self._objects, step, batch, self._settings).state

    def _forget_parts(self, asset: str, record: Record | None) -> None:
        """Remove the parts of what is to go, those of before as well, which nothing names any more."""
        items: Mapping[str, str] = {entry: built.key for entry, built in record.items.items()} if record else {}
        others = {key for entry, key in items.items() if entry not in self._gone and not self._names.goes(entry)}
        for key in sorted(existing_parts(self._objects, asset, self._batch.name) - others):
            tables, _ = read_part(self._objects, asset, self._batch.name, key)
            if key in items.values() or self._is_of_gone(tables):
                self._changes.delete([part_path(asset, self._batch.name, key)], "parts")
            elif len(tables[REJECTS.name]):
                rejects = without_rejects(tables[REJECTS.name], self._names)
                if not rejects.equals(tables[REJECTS.name]):
                    told = {**tables, REJECTS.name: rejects}
                    self._changes.do(partial(write_part, self._objects, asset, self._batch.name, key, told))

    def _is_of_gone(self, tables: Mapping[str, pa.Table]) -> bool:
        for name, rows in tables.items():
            column, goes = ("item_id", self._names.goes) if name == REJECTS.name else ("video_id", self._is_video)
            if any(goes(value) for value in pc.unique(rows.column(column)).to_pylist()):
                return True
        return False

    def _is_video(self, video_id: str) -> bool:
        return video_id in self._videos

    def _forget_rows(self, step: Step) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Take rows out of a step's tables; return what its record says of them: bytes, rows, rejects by reason."""
        sizes: dict[str, int] = {}
        counts: dict[str, int] = {}
        for table in (TABLES[name] for name in step.tables):
            try:
                rows = read_partition(self._objects, table, {BATCH: self._batch.name})
            except FileNotFoundError:
                continue
            kept = self._kept(rows)
            counts[table.name] = len(kept)
            if len(kept) < len(rows):
                fewer = len(rows) - len(kept)
                sizes[table.name] = self._changes.partition(table, {BATCH: self._batch.name}, kept, fewer)
        rejects = _rejects(self._objects, step.asset, self._batch.name)
        if rejects is None:
            return sizes, counts, {}
        kept = without_rejects(rejects, self._names)
        counts[REJECTS.name] = len(kept)
        if not kept.equals(rejects):
            keys = {"asset": step.asset, "partition": self._batch.name}
            sizes[REJECTS.name] = self._changes.partition(REJECTS, keys, kept, len(rejects) - len(kept))
        return sizes, counts, dict(sorted(Counter(kept.column("reason").to_pylist()).items()))

    def _kept(self, rows: pa.Table) -> pa.Table:
        gone = pc.is_in(rows.column("video_id"), pa.array(sorted(self._videos), pa.string()))
        return rows.filter(pc.invert(gone)) if pc.any(gone).as_py() else rows

    def _without(
        self, record: Record, sizes: Mapping[str, int], counts: Mapping[str, int], reasons: dict[str, int]
    ) -> Record:
        return replace(
            record,
            items={entry: built for entry, built in record.items.items() if entry in self._left_ids()},
            unfinished=tuple(entry for entry in record.unfinished if entry in self._left_ids()),
            rows={**record.rows, **counts},
            bytes={**record.bytes, **sizes},
            rejects=reasons,
        )

    def _left_ids(self) -> set[str]:
        return {entry.entry_id for entry in self._left.entries}

    def _write_record(self, step: Step, record: Record, done: bool) -> None:
        """Write a record; that of a partition that was up to date says that it still is."""
        if done:
            record = replace(record, identity=plan(self._objects, step, self._left, self._settings).identity)
        self._changes.do(partial(write_record, self._objects, record))
