"""The files of a data set, by their paths in it, whole or by ranges.

Here: fetching, in as few reads as pays off, in whatever process one finds oneself. Not here: what the bytes mean.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import RushesError

# One read of a span beats many small ones while no more than this, or than what is wanted, is read in vain.
_CHEAP_BYTES = 1 << 16


class DatasetError(RushesError):
    """A data set is missing, incomplete, damaged, or of another format or version."""


class Files:
    """The files under the folder ``root`` of ``fs``."""

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str) -> None:
        self._fs = fs
        self._process = os.getpid()
        self.root = root

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises ``DatasetError`` when there is none."""
        try:
            return bytes(self._connected().cat_file(self._full(path)))
        except FileNotFoundError as error:
            raise DatasetError(f"{self.root} holds no {path}: package the data set, or correct its path") from error

    def table(self, path: str) -> pa.Table:
        """Return a Parquet file's table. One thread reads it: there are as many readers as there are workers."""
        return pq.read_table(pa.BufferReader(self.read(path)), use_threads=False)

    def columns(self, path: str, names: Sequence[str]) -> pa.Table:
        """Return some columns of a Parquet file's table, fetching no others. Raises ``DatasetError`` without a file."""
        try:
            with self._connected().open(self._full(path), "rb") as file:
                return pq.read_table(file, columns=list(names), use_threads=False)
        except FileNotFoundError as error:
            raise DatasetError(f"{self.root} lacks {path}: package the data set again") from error

    def ranges(
        self, paths: Sequence[str], offsets: npt.NDArray[np.int64], sizes: npt.NDArray[Any]
    ) -> list[bytes | memoryview]:
        """Return the bytes of each range. Raises ``DatasetError`` when a file is gone or too short."""
        starts, ends = offsets.tolist(), (offsets + sizes).tolist()
        if not starts:
            return []
        span_start, span_end = min(starts), max(ends)
        fs = self._connected()
        try:
            wanted = int(sizes.sum())
            found: list[bytes | memoryview]
            if len(set(paths)) == 1 and span_end - span_start - wanted <= max(wanted, _CHEAP_BYTES):
                span = memoryview(fs.cat_file(self._full(paths[0]), start=span_start, end=span_end))
                found = [span[start - span_start : end - span_start] for start, end in zip(starts, ends, strict=True)]
            else:
                found = fs.cat_ranges([self._full(path) for path in paths], starts, ends, on_error="raise")
        except FileNotFoundError as error:
            raise DatasetError(f"{self.root} lacks one of {sorted(set(paths))}: package the data set again") from error
        if [len(data) for data in found] != sizes.tolist():
            raise DatasetError(f"a file of {self.root} is shorter than its index says: package the data set again")
        return found

    def _connected(self) -> fsspec.AbstractFileSystem:
        """Return the file system, made anew in a forked process: connections and their thread stay with the parent."""
        if self._process != os.getpid():
            if getattr(self._fs, "async_impl", False):
                self._fs = pickle.loads(pickle.dumps(self._fs))
            self._process = os.getpid()
        return self._fs

    def _full(self, path: str) -> str:
        """Return where a file is: in the data set, or among the media of the store that it lies in."""
        folder, inner = self.root, path
        while inner.startswith("../"):
            folder, inner = folder.rpartition("/")[0], inner[3:]
        # A data set may be anybody's, and is not to show files of the machine that it is read on.
        if ".." in inner.split("/") or not (inner == path or inner.startswith("media/")):
            raise DatasetError(f"{self.root} names {path}, which is no file of a data set: it was not made by Rushes")
        return f"{folder}/{inner}"
