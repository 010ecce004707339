"""Changes to a store: carried out and counted, or only counted.

Here: that, so that what a dry run tells is what a real one does. Not here: which changes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa

from rushes.store.objects import Objects
from rushes.store.schemas import Table
from rushes.store.tables import as_written, write_partition


class Changes:
    """``removed`` counts objects by what they were, ``rows`` rows by table."""

    def __init__(self, objects: Objects, dry_run: bool) -> None:
        self.objects = objects
        self.dry_run = dry_run
        self.removed: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def delete(self, names: Iterable[str], what: str) -> None:
        """Remove objects that are there; ``what`` they are is a plural."""
        for name in list(names):
            self.removed[what] += 1
            if not self.dry_run:
                self.objects.delete(name)
                self._prune(name)

    def write(self, name: str, data: bytes) -> None:
        """Replace an object."""
        if not self.dry_run:
            self.objects.write(name, data)

    def partition(self, table: Table, keys: Mapping[str, str], rows: pa.Table, fewer: int) -> int:
        """Replace a partition that has so many rows fewer, its columns being those it has; return its size in bytes."""
        self.rows[table.name] += fewer
        own = as_written(table, rows)
        rows = rows.select([column.name for column in own.columns])
        return 0 if self.dry_run else len(write_partition(self.objects, own, keys, rows))

    def do(self, action: Callable[[], object]) -> None:
        """Do what is not counted."""
        if not self.dry_run:
            action()

    def _prune(self, name: str) -> None:
        """Remove the folders that are empty now: their names may be ids. The outermost one stays."""
        folder = os.path.dirname(name)
        while self.objects.is_local and os.path.dirname(folder):
            try:
                os.rmdir(self.objects.path(folder))
            except OSError:
                return
            folder = os.path.dirname(folder)
