"""What a batch's videos are made of, pinned: the upstream parts, and the local files as they were found.

A plan gives each part a key of all that shapes it, and the part is made later, perhaps while others build what it reads
or change its source. So a part is made of what was pinned, or not at all. Here: pinning, and telling that a source has
changed since. Not here: keys (``plan``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import LinkError, StoreError
from rushes.ranges.address import is_elsewhere, local_path, shown
from rushes.settings import Settings
from rushes.store.manifests import Batch, Entry, read_record
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.work.plan import Plan, require
from rushes.work.step import Step

# Other builds of what is upstream are seldom, and over in moments.
_TRIES = 5
Mark = tuple[int, int]


@dataclass(frozen=True)
class Inputs:
    """``upstream`` are the keys of each entry's upstream parts, by asset; ``marks`` tell its file from a later one."""

    upstream: Mapping[str, Mapping[str, str]]
    marks: Mapping[str, Mark | None]


def plan_with_inputs(objects: Objects, step: Step, batch: Batch, settings: Settings) -> tuple[Plan, Inputs]:
    """Plan, and pin what the plan was made of. Raises ``StoreError`` when an upstream partition is missing."""
    for _ in range(_TRIES):
        marks = {} if step.reads else {entry.entry_id: mark_of(entry) for entry in batch.entries}
        upstream = _upstream(objects, step, batch)
        planned = require(objects, step, batch, settings)
        if _upstream(objects, step, batch) == upstream:
            return planned, Inputs(upstream, marks)
    raise StoreError(f"{step.asset} of {batch.name}: what it reads keeps being built anew: build again")


def mark_of(entry: Entry) -> Mark | None:
    """Return what tells a local source from a later one of its name; None where there is none."""
    if is_elsewhere(entry.source_uri):
        return None
    try:
        status = Path(local_path(entry.source_uri)).stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def refuse_changed(entry: Entry, mark: Mark | None) -> None:
    """Raise ``LinkError`` when a local source is not what it was: what was made of it belongs to neither state."""
    now = mark_of(entry)
    if now is None and mark is not None:
        raise LinkError(Reason.MISSING_FILE, f"{shown(entry.source_uri)}: vanished while it was being read")
    if now != mark:
        raise LinkError(Reason.CHANGED, f"{shown(entry.source_uri)}: changed while it was being read")


def _upstream(objects: Objects, step: Step, batch: Batch) -> dict[str, dict[str, str]]:
    keys: dict[str, dict[str, str]] = {entry.entry_id: {} for entry in batch.entries}
    for asset in step.reads:
        record = read_record(objects, asset, batch.name)
        for entry_id, built in record.items.items() if record else ():
            keys.setdefault(entry_id, {})[asset] = built.key
    return keys
