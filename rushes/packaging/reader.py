"""Reading a data set in the native format: by sequence, then by frame, fetching only what is asked for.

    ds = open_dataset(fsspec.filesystem("file"), "datasets/street/native")
    ds.frames[5][9].numpy()                      # one image, one ranged read
    ds.boxes[5][9].numpy()                       # its boxes, (k, 4)
    ds.boxes.to("fractional", "CCWH")[5].numpy() # those of every frame, otherwise counted
    ds.split("train")[2:7]                       # a data set again, of five sequences

Indexes are whole numbers (negative ones from the end), slices, or lists of whole numbers, at both levels. An index out
of range is an IndexError that names the length. What is kept in memory is the index and the tables of the shards read
last; a data set may be pickled, which leaves the tables behind.

Here: ``open_dataset`` and what it returns. Needs numpy, pyarrow, fsspec and a JPEG decoder (simplejpeg, Pillow or
PyAV), of films PyAV, nothing else of Rushes' heavy parts. Not here: how it is read (``reading``), which folder it is
(``find``), batching and shuffling for training (``rushes.training``), and other formats.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, overload

import fsspec
import numpy as np
import pyarrow as pa

from rushes.coords import PIXEL_LTWH, Coords
from rushes.packaging import native_layout as layout
from rushes.packaging.reading.cells import Array, Images, Index, Ragged, Values, positions
from rushes.packaging.reading.columns import BoxColumn, Cell, Column
from rushes.packaging.reading.files import DatasetError, Files
from rushes.packaging.reading.jpeg import decode_jpeg
from rushes.packaging.reading.shards import Rows, Shards, rows_by_class

if TYPE_CHECKING:
    from rushes.training.clips import Clips
    from rushes.training.sample import Sample
    from rushes.view import Viewing

__all__ = ["Dataset", "DatasetError", "decode_jpeg", "open_dataset"]


def open_dataset(fs: fsspec.AbstractFileSystem, root: str) -> Dataset:
    """The data set whose ``index.json`` lies in the folder ``root`` of ``fs``. Reads the two index files and no more.

    Raises DatasetError when there is none, or when it is of a version that this code does not know.
    """
    files = Files(fs, root.rstrip("/"))
    index = json.loads(files.read(layout.INDEX_PATH))
    if index.get("format") != layout.FORMAT or index.get("version") not in (layout.VERSION, layout.FILMS_VERSION):
        raise DatasetError(
            f"{root} holds {index.get('format')} version {index.get('version')}, not {layout.FORMAT} version "
            f"{layout.VERSION} or {layout.FILMS_VERSION}: package it again, or read it with the release that wrote it"
        )
    sequences = files.table(layout.SEQUENCE_INDEX_PATH)
    stems, counts = [shard["stem"] for shard in index["shards"]], [shard["sequences"] for shard in index["shards"]]
    shards = Shards(files, stems, counts, of_films=index["version"] == layout.FILMS_VERSION)
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

    def __init__(self, shards: Shards, index: pa.Table, class_names: tuple[str, ...], rows: Array) -> None:
        self._shards = shards
        self._index = index
        self._rows = rows
        self.class_names = class_names

    def __repr__(self) -> str:
        return f"<data set of {len(self)} sequences, {int(self.lengths.sum())} frames>"

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: Index) -> Dataset: ...
    def __getitem__(self, index: int | Index) -> dict[str, Any] | Dataset:
        where = positions(index, len(self), "sequence")
        if isinstance(where, int):
            sequence = self._shards.sequence(self._rows[where])
            return sequence.facts | {
                "frames": sequence.images,
                "boxes": sequence.boxes,
                "ids": sequence.box_values("track_number"),
                "classes": sequence.box_values("class_id"),
                "scores": sequence.box_values("score"),
                "generated": sequence.box_values("generated"),
                "timestamps": sequence.frame_values("t_s"),
                "frame_numbers": sequence.frame_values("frame"),
            }
        return self._of(self._rows[where])

    def split(self, name: str) -> Dataset:
        """The sequences of one split; DatasetError when the data set has no such split."""
        chosen = np.array([split == name for split in self.splits], bool)
        if not chosen.any():
            raise DatasetError(f"no sequence is of the split {name!r}: use one of {sorted(set(self.splits))}")
        return self._of(self._rows[chosen])

    def torch(
        self,
        frames: int | None = None,
        *,
        stride: int = 1,
        hop: int | None = None,
        random: bool = False,
        size: int | tuple[int, int] | None = None,
        coords: Coords = PIXEL_LTWH,
        transform: Callable[[Sample], Any] | None = None,
        seed: int = 0,
    ) -> Clips:
        """Return a PyTorch data set of whole sequences, or of clips of ``frames`` frames cut out of them.

        ``rushes.training.Clips`` says what each of these means, and what a sample is. Raises DatasetError without
        PyTorch, and when no sequence is long enough for a clip.
        """
        try:
            from rushes.training.clips import Clips
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise DatasetError("training needs PyTorch: pip install 'rushes[train]'") from error
        return Clips(
            self,
            frames,
            stride=stride,
            hop=hop,
            random=random,
            size=size,
            coords=coords,
            transform=transform,
            seed=seed,
        )

    def _repr_html_(self) -> str:
        """What a notebook shows of it: its first sequences, as pictures."""
        from rushes.view.strip import strip

        return strip(self)

    def visualize(self, *, open_browser: bool = True, port: int = 0) -> Viewing:
        """Show the sequences in the browser; in a notebook, inline, where what is returned is displayed."""
        from rushes.view import view

        return view(self, open_browser=open_browser, port=port)

    def facts(self, *names: str) -> pa.Table:
        """Some of the plain values that ``ds[5]`` has, a row for every sequence, in order. No others are fetched."""
        empty = layout.SEQUENCES.empty_table().select(names)
        tables = self._shards.tables("sequences", names)
        return pa.concat_tables([empty, *tables]).take(self._rows)

    def places_by_class(self) -> dict[int, Array]:
        """Return the class ids that boxes have, ascending, and the places int64 (m,) of the sequences of each."""
        found = {}
        for class_id, rows in rows_by_class(self._shards).items():
            has = np.zeros(len(self._shards), bool)
            has[rows] = True
            found[class_id] = np.flatnonzero(has[self._rows])
        return {class_id: places for class_id, places in found.items() if len(places)}

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
    def shard_numbers(self) -> Array:
        """int64 (len,): which shard each sequence lies in; those of one shard are read quickest one after another."""
        return self._shards.numbers(self._rows)

    @property
    def frames(self) -> Column[Images]:
        """``[5][9].numpy()`` uint8 (h, w, 3) RGB; ``[5].numpy()`` (n, h, w, 3); ``[5][9].jpeg()`` it as JPEG."""
        return self._column(attrgetter("images"))

    @property
    def boxes(self) -> BoxColumn:
        """``[5][9].numpy()`` float32 (k, 4) left, top, width, height in pixels; ``[5].numpy()`` a list of them.

        ``.to(type, mode)`` gives them in other coords.
        """
        return BoxColumn(self._shards, self._rows)

    @property
    def ids(self) -> Column[Ragged]:
        """``[5][9].numpy()`` uint32 (k,): which object each box is, within the clip."""
        return self._column(methodcaller("box_values", "track_number"))

    @property
    def classes(self) -> Column[Ragged]:
        """``[5][9].numpy()`` int32 (k,): places in ``class_names``."""
        return self._column(methodcaller("box_values", "class_id"))

    @property
    def scores(self) -> Column[Ragged]:
        """``[5][9].numpy()`` float32 (k,): the detector's, or the annotation's."""
        return self._column(methodcaller("box_values", "score"))

    @property
    def generated(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): true for a box interpolated between those that were found or given."""
        return self._column(methodcaller("box_values", "generated"))

    @property
    def annotated(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): true for a box of an annotated track, false for the detector's."""
        return self._column(methodcaller("box_values", "annotated"))

    @property
    def considered(self) -> Column[Ragged]:
        """``[5][9].numpy()`` bool (k,): false for a box that evaluation is told to leave out."""
        return self._column(methodcaller("box_values", "considered"))

    @property
    def visibility(self) -> Column[Ragged]:
        """``[5][9].numpy()`` float32 (k,): the share of the object that can be seen; NaN where nobody said."""
        return self._column(methodcaller("box_values", "visibility"))

    @property
    def timestamps(self) -> Column[Values]:
        """``[5].numpy()`` float64 (n,): seconds, the presentation times in the source video."""
        return self._column(methodcaller("frame_values", "t_s"))

    @property
    def frame_numbers(self) -> Column[Values]:
        """``[5].numpy()`` int32 (n,): frame numbers in the source video."""
        return self._column(methodcaller("frame_values", "frame"))

    @property
    def label_ids(self) -> Column[int | None]:
        """``[5]``: the place in ``class_names`` of the sequence's own label, None where it has none."""
        return self._column(methodcaller("fact", "label_id"))

    def _column(self, cell: Callable[[Rows], Cell]) -> Column[Cell]:
        return Column(self._shards, self._rows, cell)

    def _of(self, rows: Array) -> Dataset:
        return Dataset(self._shards, self._index, self.class_names, rows)
