"""What of a partition is built, missing or stale: found from names and hashes alone, without doing any work.

Here: the key of a video's part, made of everything that shapes its rows. Not here: making the part (``build``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
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

_LENGTH = 32
_text = json.JSONEncoder(sort_keys=True, default=str).encode
# Where in its shape's text the inputs of a video stand.
_PLACE = "\0"


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


class Shape:
    """What shapes a step's rows beside what it reads, under some settings; ``by`` names it.

    The hash of a model file is looked up when this is made: it is good for one look at a store, and no longer.
    """

    def __init__(self, step: Step, settings: Settings) -> None:
        self.step = step
        self.settings = settings
        self.by: dict[str, Any] = {
            "asset": step.asset,
            "version": step.version,
            "params": dict(step.params(settings)),
            "models": {name: expected_hash(name) for name in step.models(settings)},
        }
        head, _, self._tail = _text({**self.by, "inputs": _PLACE}).partition(_text(_PLACE))
        self._head = hashlib.sha256(head.encode())

    def key(self, inputs: Sequence[Any]) -> str:
        """Return ``digest({**by, "inputs": inputs})``: of thousands of videos, all but the inputs is hashed once.

        A step that reads others is given digests: texts alone, which are put together without an encoder of anything.
        """
        is_of_texts = bool(self.step.reads)
        text = f"[{', '.join(map(encode_basestring_ascii, inputs))}]" if is_of_texts else _text(inputs)
        hashed = self._head.copy()
        hashed.update(f"{text}{self._tail}".encode())
        return hashed.hexdigest()[:_LENGTH]


def digest(value: Any) -> str:
    """Return a short hash of a JSON-able value."""
    return hashlib.sha256(_text(value).encode()).hexdigest()[:_LENGTH]


def plan(objects: Objects, step: Step, batch: Batch, settings: Settings) -> Plan:
    """Find what a step's partition must hold and how it stands. WAITING when an upstream partition is not built."""
    found = {asset: read_record(objects, asset, batch.name) for asset in (step.asset, *step.reads)}
    records = {asset: record for asset, record in found.items() if record is not None}
    if step.reads:
        return plan_of(Shape(step, settings), batch, records)
    seen = read_seen(objects) if any(entry.linked for entry in batch.entries) else {}
    return plan_of(Shape(step, settings), batch, records, seen, kept_lines(objects, batch))


def plan_of(
    shape: Shape,
    batch: Batch,
    records: Mapping[str, Record],
    seen: Mapping[str, str] = MappingProxyType({}),
    lines: Mapping[str, Sequence[Kept]] = MappingProxyType({}),
) -> Plan:
    """Plan from what was read: the batch's ``records`` by asset, those that there are.

    A step that reads no other asset is given what was ``seen`` of links and the ``lines`` of annotations, by entry.
    """
    step = shape.step
    record = records.get(step.asset)
    upstream = [records[asset] for asset in step.reads if asset in records]
    if len(upstream) < len(step.reads):
        return Plan(step, batch, shape.settings, State.WAITING, "", shape.by, ())
    parts = []
    for entry in batch.entries:
        inputs = (
            _inputs(step, entry, upstream)
            if step.reads
            else _source(entry, record, seen, lines.get(entry.entry_id, ()))
        )
        if inputs is not None:
            parts.append((entry, inputs if isinstance(inputs, str) else shape.key(inputs)))
    identity = digest([key for _, key in parts])
    return Plan(step, batch, shape.settings, _state(record, identity), identity, shape.by, tuple(parts), lines)


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
    inputs: list[str] = []
    for record in upstream:
        if (built := record.items.get(entry.entry_id)) is None:
            return None
        inputs += [built.digests[table] for table in step.uses if table in built.digests]
    return inputs


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
        status = os.stat(local_path(entry.source_uri))
    except (OSError, ValueError):
        before = record.items.get(entry.entry_id) if record else None
        return before.key if before and not entry.linked else [*about, None]
    return [*about, status.st_size, status.st_mtime_ns]
