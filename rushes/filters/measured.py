"""What a pass over a video found, kept in the store: other thresholds judge it anew, and decode nothing.

Here: what identifies a pass, and reading and writing what came of it. Not here: the pass (``judge``), the verdict
(``rules``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from rushes.settings import Settings
from rushes.store.parts import MEASURED, read_part, write_part
from rushes.store.schemas import FILTERED_CLIPS, REDACTIONS
from rushes.work.plan import digest
from rushes.work.step import Task

# All other settings of the filters are thresholds. A clip that is cut down has other frames.
_OF_THE_PASS = {"max_duration_s", "sample_fps", "cartoon", "cartoon_model", "aesthetics_model"}

Rows = Mapping[str, list[dict[str, Any]]]


def measured(task: Task, settings: Settings, shaped_by: Mapping[str, Any], look: Callable[[Task], Rows]) -> Rows:
    """Return what a pass over a task's video found, by table, as stored; ``look`` when none has been made yet.

    ``shaped_by`` are the code and the models of the pass. The rows are those of all clips, each as if it were kept.
    """
    key = digest(
        {
            **shaped_by,
            "filters": settings.filters.model_dump(include=_OF_THE_PASS),
            "privacy": settings.privacy.model_dump(),
            "inputs": {name: _hash(rows) for name, rows in sorted(task.rows.items())},
        }
    )
    folder = task.video["video_id"]
    try:
        tables, _ = read_part(task.objects, MEASURED, folder, key)
    except FileNotFoundError:
        found = look(task)
        tables = {table.name: table.from_rows(found[table.name]) for table in (FILTERED_CLIPS, REDACTIONS)}
        write_part(task.objects, MEASURED, folder, key, tables)
    return {name: rows.to_pylist() for name, rows in tables.items()}


def _hash(rows: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()
