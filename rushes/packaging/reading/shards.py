"""Where a sequence's rows are: its shard, and its share of the shard's tables.

Here: the tables, each read when it is first needed, of which those of the shards used last are kept. Not here: their
schemas (``native_layout``).
"""

from __future__ import annotations

import bisect
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.packaging import native_layout as layout
from rushes.packaging.reading.cells import Array, Images, JpegImages, Ragged, Values
from rushes.packaging.reading.files import DatasetError, Files

# Tables of a shard are small beside its images; shuffled reading comes back to the same shards again and again.
_SHARDS_KEPT = 64
_FETCHED_AT_ONCE = 8


class Shards:
    """The shards in order; finds a sequence by its number in the data set."""

    def __init__(self, files: Files, stems: Sequence[str], counts: Sequence[int], of_films: bool = False) -> None:
        self._files = files
        self._of_films = of_films
        self._stems = stems
        self._ends = list(accumulate(counts))
        self._kept: OrderedDict[int, _Shard] = OrderedDict()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict()}

    def sequence(self, row: int) -> Rows:
        """Return the rows of a sequence."""
        number = bisect.bisect_right(self._ends, row)
        start = self._ends[number - 1] if number else 0
        return Rows(self._shard(number), int(row) - start)

    def numbers(self, rows: Array) -> Array:
        """Return int64 (n,): the shards of sequences."""
        return np.searchsorted(self._ends, rows, side="right")

    def tables(self, name: str, columns: Sequence[str]) -> list[pa.Table]:
        """Return some columns of a table of every shard, in order; several are fetched at once, and none is kept."""
        with ThreadPoolExecutor(_FETCHED_AT_ONCE) as threads:
            paths = [layout.table_path(name, stem) for stem in self._stems]
            return list(threads.map(lambda path: self._files.columns(path, columns), paths))

    def _shard(self, number: int) -> _Shard:
        # Threads may race here: the worst is a table read twice.
        shard = self._kept.pop(number, None) or _Shard(self._files, self._stems[number], self._of_films)
        self._kept[number] = shard
        while len(self._kept) > _SHARDS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        return shard


def rows_by_class(shards: Shards) -> dict[int, Array]:
    """Return the class ids that boxes have, ascending, and the rows int64 (m,), ascending, of the sequences of each."""
    pairs, first = [np.empty(0, np.int64)], 0
    counts = shards.tables("sequences", ["n_boxes"])
    for count, boxes in zip(counts, shards.tables("boxes", ["class_id"]), strict=True):
        rows = np.repeat(np.arange(first, first + count.num_rows), count["n_boxes"].to_numpy())
        pairs.append(np.unique(boxes["class_id"].to_numpy().astype(np.int64) * len(shards) + rows))
        first += count.num_rows
    classes, rows = np.divmod(np.sort(np.concatenate(pairs)), max(len(shards), 1))
    ids, starts = np.unique(classes, return_index=True)
    return dict(zip(ids.tolist(), np.split(rows, starts[1:]) if len(ids) else [], strict=True))


class _Shard:
    """The tables of one shard, and their columns as numpy, each when it is first needed."""

    def __init__(self, files: Files, stem: str, of_films: bool) -> None:
        self.files = files
        self.of_films = of_films
        self._stem = stem
        self._columns: dict[tuple[str, str], Array] = {}

    def column(self, table: str, name: str) -> Array:
        if (table, name) not in self._columns:
            self._columns[table, name] = getattr(self, table)[name].to_numpy()
        return self._columns[table, name]

    @cached_property
    def sequences(self) -> pa.Table:
        return self._table("sequences")

    @cached_property
    def frames(self) -> pa.Table:
        return self._table("frames")

    @cached_property
    def boxes(self) -> pa.Table:
        return self._table("boxes")

    @cached_property
    def films(self) -> pa.Table:
        return self._table("films")

    @cached_property
    def packets(self) -> pa.Table:
        return self._table("packets")

    @cached_property
    def packet_ends(self) -> Array:
        return np.cumsum(self.films["n_packets"], dtype=np.int64)

    @cached_property
    def ltwh(self) -> Array:
        """float32 (k, 4): all boxes."""
        return np.stack([self.column("boxes", side) for side in ("x", "y", "w", "h")], axis=1)

    @cached_property
    def frame_ends(self) -> Array:
        return np.cumsum(self.sequences["n_frames"], dtype=np.int64)

    @cached_property
    def box_ends(self) -> Array:
        return np.cumsum(self.sequences["n_boxes"], dtype=np.int64)

    def _table(self, name: str) -> pa.Table:
        return self.files.table(layout.table_path(name, self._stem))


@dataclass(frozen=True)
class Rows:
    """One sequence of a shard, as slices of the shard's tables."""

    _shard: _Shard
    _row: int

    @property
    def facts(self) -> dict[str, Any]:
        """The row of the table of sequences, the embedding as float32 (d,)."""
        facts: dict[str, Any] = self._shard.sequences.slice(self._row, 1).to_pylist()[0]
        if facts["embedding"] is not None:
            facts["embedding"] = np.array(facts["embedding"], np.float32)
        return facts

    def fact(self, name: str) -> Any:
        """One value of that row."""
        return self._shard.sequences[name][self._row].as_py()

    @property
    def images(self) -> Images:
        """The images, unread."""
        if not self._shard.of_films:
            return JpegImages(self._shard.files, *(self._of_frames(name) for name in ("file", "offset", "size")))
        from rushes.packaging.reading.films import film_images

        film = self._shard.films.slice(self._row, 1).to_pylist()[0]
        own = _share(self._shard.packet_ends, self._row)
        packets = {field.name: self._shard.column("packets", field.name)[own] for field in layout.PACKETS}
        return film_images(self._shard.files, film, packets, self._of_frames("frame"))

    def frame_values(self, column: str) -> Values:
        """The values of a column of the table of frames."""
        return Values(self._of_frames(column), "frame")

    @property
    def boxes(self) -> Ragged:
        """The boxes: left, top, width, height in pixels."""
        return self._by_frame(self._shard.ltwh[self._box_slice()])

    def box_values(self, column: str) -> Ragged:
        """The values of a column of the table of boxes."""
        if column not in self._shard.boxes.column_names:
            raise DatasetError(f"this data set's boxes have no {column}, for it is older: package it again")
        return self._by_frame(self._of_boxes(column))

    def _by_frame(self, values: Array) -> Ragged:
        """Cut the boxes' values where the step changes; steps without a box get an empty array."""
        frames = self._frame_slice()
        edges = np.searchsorted(self._of_boxes("step"), np.arange(frames.stop - frames.start + 1))
        return Ragged(values, edges[:-1], edges[1:])

    def _of_frames(self, column: str) -> Array:
        return self._shard.column("frames", column)[self._frame_slice()]

    def _of_boxes(self, column: str) -> Array:
        return self._shard.column("boxes", column)[self._box_slice()]

    def _frame_slice(self) -> slice:
        return _share(self._shard.frame_ends, self._row)

    def _box_slice(self) -> slice:
        return _share(self._shard.box_ends, self._row)


def _share(ends: Array, row: int) -> slice:
    return slice(int(ends[row - 1]) if row else 0, int(ends[row]))
