"""Reading a data set in the native format: by sequence, then by frame, fetching only what is asked for.

Here: ``open_dataset`` and what it returns. Needs numpy, pyarrow, fsspec and a JPEG decoder (simplejpeg, Pillow or
PyAV), nothing else of Rushes' heavy parts. Not here: batching and shuffling for training, drawing, and other formats.

    ds = open_dataset(fsspec.filesystem("file"), "datasets/street/native")
    ds.frames[5][9].numpy()      # one image, one ranged read
    ds.boxes[5][9].numpy()       # its boxes, (k, 4)
    ds.split("train")[2:7]       # a data set again, of five sequences

Indexes are whole numbers (negative ones from the end), slices, or lists of whole numbers, at both levels. An index out
of range is an IndexError that names the length. What is kept in memory is the index and the tables of the shards read
last; a data set may be pickled, which leaves the tables behind.
"""

from __future__ import annotations

import bisect
import json
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Generic, TypeVar, overload

import fsspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import RushesError
from rushes.packaging import native_layout as layout

Index = slice | Sequence[int]
Array = npt.NDArray[Any]
Cell = TypeVar("Cell")

# Tables of a shard are small beside its images; shuffled reading comes back to the same shards again and again.
_SHARDS_KEPT = 64

# One read of a span beats many small ones while no more than this, or than what is wanted, is read in vain.
_CHEAP_BYTES = 1 << 16


class DatasetError(RushesError):
    """A data set is missing, incomplete, damaged, or of another format or version."""


def open_dataset(fs: fsspec.AbstractFileSystem, root: str) -> Dataset:
    """The data set whose ``index.json`` lies in the folder ``root`` of ``fs``. Reads the two index files and no more.

    Raises DatasetError when there is none, or when it is of a version that this code does not know.
    """
    files = _Files(fs, root.rstrip("/"))
    index = json.loads(files.read(layout.INDEX_PATH))
    if index.get("format") != layout.FORMAT or index.get("version") != layout.VERSION:
        raise DatasetError(
            f"{root} holds {index.get('format')} version {index.get('version')}, not {layout.FORMAT} version "
            f"{layout.VERSION}: package it again, or read it with the release that wrote it"
        )
    sequences = files.table(layout.SEQUENCE_INDEX_PATH)
    shards = _Shards(files, [shard["stem"] for shard in index["shards"]], [s["sequences"] for s in index["shards"]])
    if sequences.num_rows != len(shards):
        raise DatasetError(f"{root} lists {sequences.num_rows} sequences and has {len(shards)}: package it again")
    return Dataset(shards, sequences, tuple(index["class_names"]), np.arange(len(shards)))


class Dataset:
    """A list of sequences. ``ds[5]`` is a dict of one sequence's values, ``ds[2:7]`` a data set of five.

    The dict has ``sequence_id``, ``split``, ``video_id``, ``clip_id``, ``track_id``, ``media_id``, ``source_uri``,
    ``width``, ``height``, ``frame_rate``, ``start_s``, ``end_s``, ``n_frames``, ``n_boxes``, ``label_id``, ``label``,
    ``embedding_model`` as plain values (None where there is none), ``embedding`` as float32 (d,) or None, and
    ``frames``, ``boxes``, ``ids``, ``classes``, ``scores``, ``generated``, ``timestamps`` and ``frame_numbers`` as the
    columns of these names hold them: pixels are read when their ``numpy()`` is called.
    """

    def __init__(self, shards: _Shards, index: pa.Table, class_names: tuple[str, ...], rows: Array) -> None:
        self._shards = shards
        self._index = index
        self._rows = rows
        self.class_names = class_names

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: Index) -> Dataset: ...
    def __getitem__(self, index: int | Index) -> dict[str, Any] | Dataset:
        where = _positions(index, len(self), "sequence")
        if isinstance(where, int):
            sequence = self._shards.sequence(self._rows[where])
            return sequence.facts | {
                "frames": sequence.images,
                "boxes": sequence.boxes,
                "ids": sequence.ids,
                "classes": sequence.classes,
                "scores": sequence.scores,
                "generated": sequence.generated,
                "timestamps": sequence.timestamps,
                "frame_numbers": sequence.frame_numbers,
            }
        return self._of(self._rows[where])

    def split(self, name: str) -> Dataset:
        """The sequences of one split; DatasetError when the data set has no such split."""
        chosen = np.array([split == name for split in self.splits], bool)
        if not chosen.any():
            raise DatasetError(f"no sequence is of the split {name!r}: use one of {sorted(set(self.splits))}")
        return self._of(self._rows[chosen])

    @property
    def sequence_ids(self) -> list[str]:
        """The id of every sequence, in order."""
        return list(self._index["sequence_id"].take(self._rows).to_pylist())

    @property
    def splits(self) -> list[str]:
        """The split of every sequence, in order."""
        return list(self._index["split"].take(self._rows).to_pylist())

    @property
    def lengths(self) -> Array:
        """int32 (len,): the number of frames of every sequence, in order."""
        return np.asarray(self._index["n_frames"].take(self._rows))

    @property
    def frames(self) -> Column[Images]:
        """``[5][9].numpy()`` uint8 (h, w, 3) RGB; ``[5].numpy()`` (n, h, w, 3); ``[5][9].jpeg()`` the stored bytes."""
        return self._column(lambda sequence: sequence.images)

    @property
    def boxes(self) -> BoxColumn:
        """``[5][9].numpy()`` float32 (k, 4) left, top, width, height in pixels; ``[5].numpy()`` a list of them."""
        return BoxColumn(self._shards, self._rows, lambda sequence: sequence.boxes)

    @property
    def ids(self) -> Column[Ragged]:
        """``[5][9].numpy()`` uint32 (k,): which object each box is, within the clip."""
        return self._column(lambda sequence: sequence.ids)

    @property
    def classes(self) -> Column[Ragged]:
        """``[5][9].numpy()`` int32 (k,): places in ``class_names``."""
        return self._column(lambda sequence: sequence.classes)

    @property
    def scores(self) -> Column[Ragged]:
        """``[5][9].numpy()`` float32 (k,): the detector's, or the annotation's."""
        return self._column(lambda sequence: sequence.scores)

    @property
    def generated(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): true for a box interpolated between those that were found or given."""
        return self._column(lambda sequence: sequence.generated)

    @property
    def annotated(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): true for a box of an annotated track, false for the detector's."""
        return self._column(lambda sequence: sequence.box_values("annotated"))

    @property
    def considered(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): false for a box that evaluation is told to leave out."""
        return self._column(lambda sequence: sequence.box_values("considered"))

    @property
    def visibility(self) -> Column[Ragged]:
        """``[5][9].numpy()`` float32 (k,): the share of the object that can be seen; NaN where nobody said."""
        return self._column(lambda sequence: sequence.box_values("visibility"))

    @property
    def timestamps(self) -> Column[Values]:
        """``[5].numpy()`` float64 (n,): seconds, the presentation times in the source video."""
        return self._column(lambda sequence: sequence.timestamps)

    @property
    def frame_numbers(self) -> Column[Values]:
        """``[5].numpy()`` int32 (n,): frame numbers in the source video."""
        return self._column(lambda sequence: sequence.frame_numbers)

    def _column(self, cell: Callable[[_Sequence], Cell]) -> Column[Cell]:
        return Column(self._shards, self._rows, cell)

    def _of(self, rows: Array) -> Dataset:
        return Dataset(self._shards, self._index, self.class_names, rows)


class Column(Generic[Cell]):
    """One kind of value for every sequence: ``column[5]`` is one sequence's, ``column[2:7]`` a shorter column."""

    def __init__(self, shards: _Shards, rows: Array, cell: Callable[[_Sequence], Cell]) -> None:
        self._shards = shards
        self._rows = rows
        self._cell = cell

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cell]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: Index) -> Column[Cell]: ...
    def __getitem__(self, index: int | Index) -> Cell | Column[Cell]:
        where = _positions(index, len(self), "sequence")
        if isinstance(where, int):
            return self._cell(self._shards.sequence(self._rows[where]))
        return type(self)(self._shards, self._rows[where], self._cell)


class BoxColumn(Column["Ragged"]):
    """The boxes of every sequence, and what their four numbers are."""

    coords = {"type": "pixel", "mode": "LTWH"}


@dataclass(frozen=True)
class Images:
    """The images of one sequence, or of some of its frames, still unread."""

    _files: _Files
    _paths: Sequence[str]
    _offsets: Array
    _sizes: Array

    def __len__(self) -> int:
        return len(self._offsets)

    def __iter__(self) -> Iterator[Image]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: Index) -> Images: ...
    def __getitem__(self, index: int | Index) -> Image | Images:
        where = _positions(index, len(self), "frame")
        if isinstance(where, int):
            return Image(self._at(np.array([where])))
        return self._at(where)

    def jpeg(self) -> list[bytes]:
        """The stored bytes of every image."""
        return self._files.ranges(self._paths, self._offsets, self._sizes)

    def numpy(self) -> npt.NDArray[np.uint8]:
        """uint8 (n, h, w, 3) RGB."""
        if not len(self):
            raise DatasetError("no frame was chosen, so that there is no image to give: choose at least one frame")
        return np.stack([decode_jpeg(data) for data in self.jpeg()])

    def _at(self, where: Array) -> Images:
        return Images(self._files, [self._paths[i] for i in where], self._offsets[where], self._sizes[where])


@dataclass(frozen=True)
class Image:
    """One image, still unread."""

    _images: Images

    def jpeg(self) -> bytes:
        """The bytes as they were packaged."""
        return self._images.jpeg()[0]

    def numpy(self) -> npt.NDArray[np.uint8]:
        """uint8 (h, w, 3) RGB."""
        return decode_jpeg(self.jpeg())


@dataclass(frozen=True)
class Values:
    """One value a frame, or one value a box of one frame; ``numpy()`` gives an array of one's own to write in."""

    _array: Array
    _of: str

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: int | Index) -> Values:
        return Values(self._array[_positions(index, len(self), self._of)], self._of)

    def numpy(self) -> Array:
        return np.array(self._array)


@dataclass(frozen=True)
class Ragged:
    """Several values a frame, as many as the frame has boxes: ``[9]`` is one frame's, ``[2:7]`` those of five."""

    _arrays: Sequence[Array]

    def __len__(self) -> int:
        return len(self._arrays)

    def __iter__(self) -> Iterator[Values]:
        return (Values(array, "box") for array in self._arrays)

    @overload
    def __getitem__(self, index: int) -> Values: ...
    @overload
    def __getitem__(self, index: Index) -> Ragged: ...
    def __getitem__(self, index: int | Index) -> Values | Ragged:
        where = _positions(index, len(self), "frame")
        if isinstance(where, int):
            return Values(self._arrays[where], "box")
        return Ragged([self._arrays[i] for i in where])

    def numpy(self) -> list[Array]:
        """One array a frame, also for frames without a box."""
        return [np.array(array) for array in self._arrays]


def decode_jpeg(data: bytes) -> npt.NDArray[np.uint8]:
    """uint8 (h, w, 3) RGB, by the quickest decoder there is: simplejpeg, else Pillow, else PyAV."""
    try:
        import simplejpeg

        return simplejpeg.decode_jpeg(data, "RGB")
    except ModuleNotFoundError:
        pass
    import io

    try:
        from PIL import Image as PillowImage

        return np.array(PillowImage.open(io.BytesIO(data)).convert("RGB"), np.uint8)
    except ModuleNotFoundError:
        pass
    import av

    with av.open(io.BytesIO(data), mode="r", format="jpeg_pipe") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _positions(index: Any, length: int, what: str) -> Any:
    """A whole number as an int in [0, length), anything else as an int64 array of such; IndexError beyond them."""
    if isinstance(index, slice):
        return np.arange(length)[index]
    if isinstance(index, (str, bytes)):
        raise TypeError(f"a {what} is counted, not named: use a whole number, a slice or a list, not {index!r}")
    if hasattr(index, "__len__"):
        return np.array([_position(i, length, what) for i in index], np.int64)
    return _position(index, length, what)


def _position(index: Any, length: int, what: str) -> int:
    number = operator.index(index)
    if not -length <= number < length:
        raise IndexError(f"{what} {number} is out of range: the length is {length}")
    return number % length


class _Files:
    """The files of a data set, by their paths in it."""

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str) -> None:
        self._fs = fs
        self._root = root

    def read(self, path: str) -> bytes:
        try:
            return bytes(self._fs.cat_file(self._full(path)))
        except FileNotFoundError as error:
            raise DatasetError(f"{self._root} holds no {path}: package the data set, or correct its path") from error

    def table(self, path: str) -> pa.Table:
        return pq.read_table(pa.BufferReader(self.read(path)))

    def ranges(self, paths: Sequence[str], offsets: Array, sizes: Array) -> list[bytes]:
        """The bytes of each range, in as few reads as pays off."""
        starts, ends = offsets.tolist(), (offsets + sizes).tolist()
        if not starts:
            return []
        span_start, span_end = min(starts), max(ends)
        try:
            wanted = int(sizes.sum())
            if len(set(paths)) == 1 and span_end - span_start - wanted <= max(wanted, _CHEAP_BYTES):
                span = self._fs.cat_file(self._full(paths[0]), start=span_start, end=span_end)
                found = [span[start - span_start : end - span_start] for start, end in zip(starts, ends, strict=True)]
            else:
                found = self._fs.cat_ranges([self._full(path) for path in paths], starts, ends, on_error="raise")
        except FileNotFoundError as error:
            raise DatasetError(f"{self._root} lacks one of {sorted(set(paths))}: package the data set again") from error
        if [len(data) for data in found] != sizes.tolist():
            raise DatasetError(f"a file of {self._root} is shorter than its index says: package the data set again")
        return [bytes(data) for data in found]

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


class _Shards:
    """The shards in order; finds a sequence by its number in the data set and keeps the tables used last."""

    def __init__(self, files: _Files, stems: Sequence[str], counts: Sequence[int]) -> None:
        self._files = files
        self._stems = stems
        self._ends = list(accumulate(counts))
        self._kept: OrderedDict[int, _Shard] = OrderedDict()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict()}

    def sequence(self, row: int) -> _Sequence:
        number = bisect.bisect_right(self._ends, row)
        start = self._ends[number - 1] if number else 0
        return _Sequence(self._shard(number), int(row) - start)

    def _shard(self, number: int) -> _Shard:
        # Threads may race here: the worst is a table read twice.
        shard = self._kept.pop(number, None) or _Shard(self._files, self._stems[number])
        self._kept[number] = shard
        while len(self._kept) > _SHARDS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        return shard


class _Shard:
    """The tables of one shard, each read when it is first needed."""

    def __init__(self, files: _Files, stem: str) -> None:
        self.files = files
        self._stem = stem

    @cached_property
    def sequences(self) -> pa.Table:
        return self.files.table(layout.table_path("sequences", self._stem))

    @cached_property
    def frames(self) -> pa.Table:
        return self.files.table(layout.table_path("frames", self._stem))

    @cached_property
    def boxes(self) -> pa.Table:
        return self.files.table(layout.table_path("boxes", self._stem))

    @cached_property
    def frame_ends(self) -> Array:
        return np.cumsum(self.sequences["n_frames"], dtype=np.int64)

    @cached_property
    def box_ends(self) -> Array:
        return np.cumsum(self.sequences["n_boxes"], dtype=np.int64)


@dataclass(frozen=True)
class _Sequence:
    """One sequence of a shard, as slices of the shard's tables."""

    shard: _Shard
    row: int

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.shard.sequences.slice(self.row, 1).to_pylist()[0]
        if facts["embedding"] is not None:
            facts["embedding"] = np.array(facts["embedding"], np.float32)
        return facts

    @property
    def images(self) -> Images:
        frames = self._frames()
        return Images(
            self.shard.files, frames["file"].to_pylist(), frames["offset"].to_numpy(), frames["size"].to_numpy()
        )

    @property
    def timestamps(self) -> Values:
        return Values(self._frames()["t_s"].to_numpy(), "frame")

    @property
    def frame_numbers(self) -> Values:
        return Values(self._frames()["frame"].to_numpy(), "frame")

    @property
    def boxes(self) -> Ragged:
        table = self._boxes()
        return self._by_frame(table, np.stack([table[side].to_numpy() for side in ("x", "y", "w", "h")], axis=1))

    @property
    def ids(self) -> Ragged:
        return self.box_values("track_number")

    @property
    def classes(self) -> Ragged:
        return self.box_values("class_id")

    @property
    def scores(self) -> Ragged:
        return self.box_values("score")

    @property
    def generated(self) -> Ragged:
        return self.box_values("generated")

    def box_values(self, column: str) -> Ragged:
        """The values of a column of the table of boxes."""
        table = self._boxes()
        if column not in table.column_names:
            raise DatasetError(f"this data set's boxes have no {column}, for it is older: package it again")
        return self._by_frame(table, table[column].to_numpy())

    def _by_frame(self, boxes: pa.Table, values: Array) -> Ragged:
        """The boxes' values cut where the step changes; steps without a box get an empty array."""
        steps = np.arange(1, self._frame_span()[1])
        return Ragged(np.split(values, np.searchsorted(boxes["step"].to_numpy(), steps)))

    def _frames(self) -> pa.Table:
        return self.shard.frames.slice(*self._frame_span())

    def _boxes(self) -> pa.Table:
        return self.shard.boxes.slice(*_span(self.shard.box_ends, self.row))

    def _frame_span(self) -> tuple[int, int]:
        return _span(self.shard.frame_ends, self.row)


def _span(ends: Array, row: int) -> tuple[int, int]:
    """Where a row's share begins, and how long it is."""
    start = int(ends[row - 1]) if row else 0
    return start, int(ends[row]) - start
