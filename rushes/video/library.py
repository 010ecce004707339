"""The videos of a store, by number or id.

Here: finding a video's row and packets in the tables. Not here: a video itself (``video``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import StoreError
from rushes.ranges import Ranges
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.store.schemas import PACKETS, VIDEOS
from rushes.store.tables import partition_path, read_partition
from rushes.video.index import PacketIndex
from rushes.video.media import media_ranges, packet_index
from rushes.video.video import Frames, Key, Video


class Videos(Sequence[Video]):
    """All videos of a store, in the order of their batches, and of their ids within a batch."""

    def __init__(self, objects: Objects, store: Any = None) -> None:
        self._objects, self._store = objects, store

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Video]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, key: int | str) -> Video: ...
    @overload
    def __getitem__(self, key: slice) -> list[Video]: ...
    @overload
    def __getitem__(self, key: tuple[int | str, Key]) -> Frames: ...
    def __getitem__(self, key: int | str | slice | tuple[int | str, Key]) -> Video | Frames | list[Video]:
        """Return a video by number or id; with a second key, frames of it: ``videos[0, 100:200]``.

        Raises ``IndexError`` for a number past the end, ``KeyError`` for an id that is not there.
        """
        if isinstance(key, tuple):
            if len(key) != 2:
                raise TypeError(f"a video and its frames, as in videos[0, 100:200], but {len(key)} keys were given")
            return self[key[0]][key[1]]
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        row = self._rows.slice(self._number(key), 1).to_pylist()[0]
        batch = row.pop("batch")
        return _Stored(row, self._objects, batch, self._store)

    @property
    def ids(self) -> list[str]:
        """The ids of all videos, in order."""
        ids: list[str] = self._rows.column("video_id").to_pylist()
        return ids

    def _number(self, key: int | str) -> int:
        if isinstance(key, str):
            if key not in self._number_of:
                near = get_close_matches(key, self._number_of, 3)
                raise KeyError(
                    f"no video {key!r} in the store; " + (f"there is {', '.join(near)}" if near else "none like it")
                )
            return self._number_of[key]
        if isinstance(key, (bool, np.bool_)) or not isinstance(key, (int, np.integer)):
            raise TypeError(f"videos are selected by number or id, not by {type(key).__name__}")
        if not -len(self) <= key < len(self):
            raise IndexError(f"video {key} of a store of {len(self)} videos")
        return int(key) % len(self)

    @cached_property
    def _rows(self) -> pa.Table:
        tables = []
        for batch in batch_names(self._objects):
            try:
                rows = read_partition(self._objects, VIDEOS, {"batch": batch})
            except FileNotFoundError:
                continue  # registered, not built yet
            tables.append(rows.cast(VIDEOS.arrow).append_column("batch", pa.repeat(batch, len(rows))))
        if not tables:
            raise StoreError(f"no videos in {self._objects.uri} yet; next: rushes add VIDEO …, rushes build")
        return pa.concat_tables(tables)

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {video_id: number for number, video_id in enumerate(self.ids)}


class _Stored(Video):
    """A video of a store, whose index is read when it is first needed."""

    def __init__(self, row: dict[str, Any], objects: Objects, batch: str, store: Any) -> None:
        super().__init__(row, store)
        self._objects, self._batch = objects, batch

    @cached_property
    def index(self) -> PacketIndex:
        """The packet index."""
        with self._objects.open(partition_path(PACKETS, {"batch": self._batch})) as handle:
            packets = pq.read_table(handle, filters=[("video_id", "=", self.row["video_id"])], partitioning=None)
        return packet_index(self.row, packets)

    def source(self) -> Ranges:
        """Return the video's bytes."""
        return media_ranges(self._objects, self.row, self.index)
