"""Putting parts together as a partition's tables, and the record that makes them count, in a turn of their own.

Here: that, and telling that somebody else has done it meanwhile. Not here: making the parts (``making``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from rushes.store.forgotten import Forgotten, take_back
from rushes.store.manifests import Batch, Built, Record, read_record, record_path, write_record
from rushes.store.objects import Objects
from rushes.store.parts import read_part
from rushes.store.rejects import Reject
from rushes.store.schemas import BATCH, REJECTS, TABLES
from rushes.store.tables import partition_path, write_partition
from rushes.work.plan import Plan
from rushes.work.step import Step
from rushes.work.turn import turn


class PartGoneError(Exception):
    """A part that was there is no more: somebody tidied up."""


def assemble(objects: Objects, planned: Plan, failures: Sequence[Reject], *, anew: bool) -> Record:
    """Replace a partition by a plan's parts; ``failures`` are the videos that have none.

    When another build has just put the same together, that is left as it is, unless it is wanted ``anew``. Raises
    ``PartGoneError``.
    """
    step, batch = planned.step, planned.batch
    failed = {reject.item_id for reject in failures}
    try:
        parts = [
            (entry, key, *read_part(objects, step.asset, batch.name, key))
            for entry, key in planned.parts
            if entry.entry_id not in failed
        ]
    except FileNotFoundError as error:
        raise PartGoneError(str(error)) from None
    dropped = step.settle(objects, batch.name, [(entry, rows) for entry, _, rows, _ in parts]) if step.settle else {}
    kept = [part for part in parts if part[0].entry_id not in dropped]
    items = {
        entry.entry_id: Built(key, {name: digests[name] for name in step.tables})
        for entry, key, rows, digests in kept
        if "video" not in rows[REJECTS.name].column("item_kind").to_pylist()
    }
    with turn(objects, step.asset, batch.name) as own:
        there = read_record(objects, step.asset, batch.name)
        if there and not (anew or failed or there.unfinished) and _same(there, planned.identity, items):
            return there
        whole = _whole(step, [rows for _, _, rows, _ in kept], [*failures, *dropped.values()])
        own.begin()
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
        own.check()
        write_record(objects, record)
        forgotten = Forgotten.of(objects)
        if any(forgotten.entry(entry) for entry in batch.entries):  # while this was written, perhaps unseen
            names = [partition_path(TABLES[name], _keys(step.asset, batch, name)) for name in whole]
            take_back(objects, [*names, record_path(step.asset, batch.name)], f"{step.asset} of {batch.name}")
    return record


def _whole(step: Step, parts: Sequence[Mapping[str, pa.Table]], lost: Sequence[Reject]) -> dict[str, pa.Table]:
    """Return the partition's tables."""
    rejects = REJECTS.from_rows([reject.row() for reject in lost])
    first = {name: [TABLES[name].empty()] for name in step.tables} | {REJECTS.name: [rejects]}
    return {name: pa.concat_tables([*pieces, *(part[name] for part in parts)]) for name, pieces in first.items()}


def _same(record: Record, identity: str, items: dict[str, Built]) -> bool:
    return record.identity == identity and record.items == items


def _keys(asset: str, batch: Batch, table: str) -> dict[str, str]:
    return {"asset": asset, "partition": batch.name} if table == REJECTS.name else {BATCH: batch.name}
