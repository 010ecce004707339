"""A store of thousands of batches with tiny work, for ``scale``: everything but the videos is there.

Batches are registered by the library; records are those that a build of what ``rushes.work.plan`` plans would leave,
with made-up digests, so that every state is told as in real life. Tables hold a row a video; those that views join have
each batch's own ids, the others the same in each batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from rushes.settings import Settings
from rushes.sources.register import Registered, register
from rushes.steps import STEPS
from rushes.store.annotations import Kept, kept_lines
from rushes.store.manifests import Batch, Built, Entry, Record, read_batches, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import BATCH, REJECTS, TABLES, Column, Table
from rushes.store.tables import encode, partition_path
from rushes.work.plan import Shape, State, plan_of

VIDEOS_A_BATCH = 64
FRAMES_A_VIDEO = 250
COLLECTION = "many"
RECIPE = "name: all\nsequence_length: 8\nn_sequences: 100\n"
_COPIES_AT_ONCE = 16
_JOINED = ("videos", "filtered_clips", "tracks")


def register_urls(objects: Objects, batches: int, folder: Path) -> Registered:
    """Register a manifest of addresses that nobody asks for."""
    manifest = folder / f"{batches}.csv"
    with manifest.open("w") as lines:
        print("uri,label", file=lines)
        for at in range(batches * VIDEOS_A_BATCH):
            print(f"https://footage.example/{at // 1000:04d}/v{at:07d}.mp4,street", file=lines)
    return register(objects, [str(manifest)], COLLECTION)


def register_files(objects: Objects, batches: int, folder: Path) -> Registered:
    """Register a folder of files in which nothing is."""
    for at in range(batches * VIDEOS_A_BATCH):
        place = folder / "files" / f"{at // 1000:04d}"
        if at % 1000 == 0:
            place.mkdir(parents=True)
        (place / f"v{at:07d}.mp4").touch()
    return register(objects, [str(folder / "files")], COLLECTION)


def build_all(objects: Objects) -> None:
    """Write what a build of every batch would leave: records, and tables of a row a video."""
    shapes = [Shape(step, Settings()) for step in STEPS.values()]
    rows: dict[str, pa.Table] = {}
    same: dict[str, bytes] = {}
    for batch in read_batches(objects):
        records: dict[str, Record] = {}
        lines = kept_lines(objects, batch)
        for shape in shapes:
            records[shape.step.asset] = _built(shape, batch, records, lines)
            write_record(objects, records[shape.step.asset])
        rows = rows or {t.name: _rows(t, batch.entries) for t in TABLES.values() if BATCH in t.keys}
        same = same or {name: encode(TABLES[name], table) for name, table in rows.items()}
        own = {name: encode(TABLES[name], _with_ids(rows[name], batch.entries)) for name in _JOINED}
        for name, data in (same | own).items():
            objects.write(partition_path(TABLES[name], {BATCH: batch.name}), data)
        for asset in STEPS:
            nothing = encode(REJECTS, REJECTS.empty())
            objects.write(partition_path(REJECTS, {"asset": asset, "partition": batch.name}), nothing)


def copy(source: Objects, target: Objects) -> None:
    """Put all of a store's objects into another."""
    with ThreadPoolExecutor(_COPIES_AT_ONCE) as threads:
        for _ in threads.map(lambda name: target.write(name, source.read(name)), source.list("")):
            pass


def _built(shape: Shape, batch: Batch, upstream: Mapping[str, Record], lines: Mapping[str, Sequence[Kept]]) -> Record:
    """Return the record of a build that went well, of which it is checked that it counts as built."""
    step, planned = shape.step, plan_of(shape, batch, upstream, lines=lines)
    items = {
        entry.entry_id: Built(key, {table: _digest(f"{table} {key}") for table in step.tables})
        for entry, key in planned.parts
    }
    rows = {table: VIDEOS_A_BATCH * (FRAMES_A_VIDEO if table == "packets" else 1) for table in step.tables}
    record = Record(
        step.asset, batch.name, step.version, planned.identity, shape.by, items, rows={**rows, REJECTS.name: 0}
    )
    if plan_of(shape, batch, {**upstream, step.asset: record}, lines=lines).state is not State.BUILT:
        raise SystemExit(f"{step.asset} of {batch.name} is simulated wrongly")
    return record


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(table: Table, entries: Iterable[Entry]) -> pa.Table:
    return table.from_rows([dict(_row(table, entry.video_id)) for entry in entries])


def _with_ids(rows: pa.Table, entries: Iterable[Entry]) -> pa.Table:
    ids = pa.array([entry.video_id for entry in entries])
    for at, field in enumerate(rows.schema):
        if field.name in ("video_id", "clip_id", "track_id"):
            rows = rows.set_column(at, field, ids)
    return rows


def _row(table: Table, video_id: str) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        yield column.name, video_id if column.name.endswith("_id") and column.type == pa.string() else _value(column)


def _value(column: Column) -> Any:
    """Return a value that a column may have."""
    if column.choices:
        return column.choices[0]
    if pa.types.is_list(column.type):
        return []
    if column.type == pa.string():
        return "x"
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return b"\0" * 16
    if pa.types.is_timestamp(column.type):
        return None
    return pa.scalar(1).cast(column.type).as_py()
