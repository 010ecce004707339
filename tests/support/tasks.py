"""Single videos brought into a store, and the tasks by which steps are given them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from rushes.sources.ingest import ingest
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.schemas import PACKETS, VIDEOS
from rushes.store.tables import write_partition
from rushes.work.step import Task


def ingested(store: Objects, path: Path, video_id: str, rows: Mapping[str, pa.Table] | None = None) -> Task:
    """Bring a file into the store; return the task of a later step, whose rows are the video's and those given.

    Without others, its annotations are empty.
    """
    entry = Entry(video_id, video_id, str(path))
    own = ingest(Task(store, entry, "made", {})).rows
    videos = VIDEOS.from_rows(own["videos"])  # type: ignore[arg-type]
    brought: dict[str, Any] = {**own, "videos": videos}
    return Task(store, entry, "made", {**brought, **(rows or {})})


def write_video_tables(store: Objects, task: Task, batch: str = "made-0000") -> None:
    """Write a task's ``videos`` and ``packets`` as the partitions of a batch of one."""
    for table in (VIDEOS, PACKETS):
        write_partition(store, table, {"batch": batch}, task.rows[table.name])
