"""What of a partition is built, missing or stale: found from names and hashes alone, without doing any work.

Here: the key of a video's part, made of everything that shapes its rows. Not here: making the part (``build``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rushes.errors import StoreError
from rushes.models.registry import expected_hash
from rushes.ranges.address import is_elsewhere, local_path
from rushes.settings import Settings
from rushes.store.annotations import Kept, kept_lines
from rushes.store.links import read_seen
from rushes.store.manifests import Batch, Entry, Record, read_record
from rushes.store.objects import Objects
from rushes.work.step import Step


class State(StrEnum):
    """How a partition of an asset stands."""

    BUILT = "built"
    MISSING = "missing"
    STALE = "stale"
    UNFINISHED = "unfinished"
    WAITING = "waiting"


@dataclass(frozen=True)
class Plan:
    """The parts a partition must be put together from: (entry, key), in the batch's order.

    ``lines`` are the annotations of each entry, for an asset that reads no other.
    """

    step: Step
    batch: Batch
    settings: Settings
    state: State
    identity: str
    shaped_by: dict[str, Any]
    parts: tuple[tuple[Entry, str], ...]
    lines: Mapping[str, Sequence[Kept]] = field(default_factory=dict)


def digest(value: Any) -> str:
    """Return a short hash of a JSON-able value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:32]


def plan(objects: Objects, step: Step, batch: Batch, settings: Settings) -> Plan:
    """Find what a step's partition must hold and how it stands. WAITING when an upstream partition is not built."""
    shaped_by = {
        "asset": step.asset,
        "version": step.version,
        "params": dict(step.params(settings)),
        "models": {name: expected_hash(name) for name in step.models(settings)},
    }
    record = read_record(objects, step.asset, batch.name)
    upstream = [read_record(objects, asset, batch.name) for asset in step.reads]
    ready = [r for r in upstream if r is not None]
    if len(ready) < len(upstream):
        return Plan(step, batch, settings, State.WAITING, "", shaped_by, ())
    seen = {} if step.reads or not any(entry.linked for entry in batch.entries) else read_seen(objects)
    lines = {} if step.reads else kept_lines(objects, batch)
    parts = []
    for entry in batch.entries:
        inputs = (
            _inputs(step, entry, ready) if step.reads else _source(entry, record, seen, lines.get(entry.entry_id, ()))
        )
        if inputs is not None:
            parts.append((entry, inputs if isinstance(inputs, str) else digest({**shaped_by, "inputs": inputs})))
    identity = digest([key for _, key in parts])
    return Plan(step, batch, settings, _state(record, identity), identity, shaped_by, tuple(parts), lines)


def require(objects: Objects, step: Step, batch: Batch, settings: Settings) -> Plan:
    """Plan, and raise ``StoreError`` when an upstream partition is missing."""
    planned = plan(objects, step, batch, settings)
    if planned.state is State.WAITING:
        missing = [a for a in step.reads if read_record(objects, a, batch.name) is None]
        raise StoreError(f"{step.asset} of {batch.name} needs {', '.join(missing)}: build that first")
    return planned


def _state(record: Record | None, identity: str) -> State:
    if record is None:
        return State.MISSING
    if record.identity != identity:
        return State.STALE
    return State.UNFINISHED if record.unfinished else State.BUILT


def _inputs(step: Step, entry: Entry, upstream: list[Record]) -> list[str] | None:
    """Return the digests of the rows that a step is given of a video; None when upstream has rejected it."""
    built = [r.items.get(entry.entry_id) for r in upstream]
    if not all(built):
        return None
    return [b.digests.get(table, "") for b in built if b is not None for table in step.uses if table in b.digests]


def _source(entry: Entry, record: Record | None, seen: Mapping[str, str], lines: Sequence[Kept]) -> list[Any] | str:
    """Return what identifies a source as it is now, or the key it was ingested under when it is gone since.

    A local file is told by size and modification time, so that a batch with nothing changed reads no file. A link
    elsewhere is told by what it held when it was last found changed. Annotations are told by their lines.
    """
    about = [entry.entry_id, entry.source_uri, entry.linked, entry.creds_key, entry.rival, entry.trust, entry.within]
    about += [entry.deep, entry.misfit, [[one.annotation, one.format, one.origin, one.sha256] for one in lines]]
    if is_elsewhere(entry.source_uri):
        return [*about, seen[entry.entry_id]] if entry.linked and entry.entry_id in seen else about
    try:
        status = Path(local_path(entry.source_uri)).stat()
    except (OSError, ValueError):
        before = record.items.get(entry.entry_id) if record else None
        return before.key if before and not entry.linked else [*about, None]
    return [*about, status.st_size, status.st_mtime_ns]
