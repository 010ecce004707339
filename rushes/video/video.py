"""A video as a person holds it in Python: an array of frames of which only what is asked for is decoded.

Here: ``Video`` and the selections of its frames. Not here: how they are decoded (``reader``), the videos of a store
(``library``).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rushes.errors import VideoError
from rushes.ranges import LocalRanges, Ranges, open_ranges
from rushes.ranges.address import is_elsewhere, local_path
from rushes.store.rejects import Reason
from rushes.video.images import FolderRanges, probe_images
from rushes.video.index import PacketIndex
from rushes.video.media import open_reader, video_columns
from rushes.video.memory import Reused
from rushes.video.probe import check_file, probe
from rushes.video.reader import VideoReader

if TYPE_CHECKING:
    from rushes.playback import Playing
    from rushes.store.access import Store

Key: TypeAlias = "int | np.integer[Any] | slice | list[int] | np.ndarray"


class Video(ABC):
    """A video. Nothing is opened until frames are read, and nothing stays open after.

    ``row`` are its columns as in the table ``videos``. It may be shared between threads and sent to other processes.
    """

    def __init__(self, row: Mapping[str, Any], store: Store | None = None) -> None:
        """``store`` is the one it is in, if any: its tracks are there."""
        self.row = dict(row)
        self._store = store

    def __repr__(self) -> str:
        n, height, width, _ = self.shape
        return f"<Video {self.row['video_id']!r}: {n} frames of {width}x{height}>"

    def __len__(self) -> int:
        return int(self.row["n_frames"])

    def __getitem__(self, key: Key) -> Frames:
        """Select frames by number, slice or list of numbers; nothing is read yet."""
        return Frames(self, *_numbers(key, len(self)))

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames one by one, uint8 (h, w, 3), in bounded memory."""
        with self.reader() as reader:
            for _, picture in reader.frames(range(len(self)), reading_on=False):
                yield picture

    @property
    @abstractmethod
    def index(self) -> PacketIndex:
        """The packet index."""

    @abstractmethod
    def source(self) -> Ranges:
        """Return the video's bytes."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, height, width, channels)."""
        return len(self), self.row["height"], self.row["width"], 3

    @property
    def sample_info(self) -> dict[str, Any]:
        """What the file is: ``duration`` in units of ``timebase``, ``fps``, ``shape``, ``format``, ``filename``."""
        time_base = float(self.index.time_base)
        suffix = PurePosixPath(self.row["source_uri"].partition("?")[0]).suffix.lstrip(".").lower()
        return {
            "duration": round(self.row["duration_s"] / time_base),
            "fps": self.row["fps"],
            "timebase": time_base,
            "shape": list(self.shape),
            "format": suffix or self.row["container"],
            "filename": self.row["source_uri"],
            "modified": False,
        }

    @property
    def timestamps(self) -> np.ndarray:
        """The frames' presentation times, float64 seconds (n,)."""
        return self.index.times_s

    @property
    def timestamp(self) -> np.ndarray:
        """The same as ``timestamps``."""
        return self.timestamps

    def numpy(self, out: np.ndarray | None = None) -> np.ndarray:
        """Decode the whole video: uint8 (n, h, w, 3). Mind its size; ``batches`` takes a part at a time."""
        return self[:].numpy(out)

    def data(self) -> dict[str, np.ndarray]:
        """Return ``frames`` and ``timestamps``."""
        return self[:].data()

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """Yield all frames in order, uint8 (up to ``size``, h, w, 3) at a time.

        A batch that is not kept gives its memory to the next.
        """
        if size < 1:
            raise ValueError(f"a batch of {size} frames: at least 1")
        with self.reader() as reader:
            memory = Reused(2)  # the batch that a loop still holds, and the next
            for start in range(0, len(self), size):
                numbers = np.arange(start, min(start + size, len(self)))
                batch = memory.take((min(size, len(self)), *self.shape[1:]), np.dtype(np.uint8))[: len(numbers)]
                reader.fill(numbers, batch, reading_on=numbers[-1] + 1 < len(self))
                yield batch
                del batch

    def reader(self, size: tuple[int, int] | None = None, pixel_format: str = "rgb24", threads: int = 1) -> VideoReader:
        """Return a reader for frame after frame: it keeps the decoder where it is. Close it, or use it in ``with``.

        ``size``: (width, height) to scale to; ``pixel_format``: one of ``rushes.video.convert.LAYOUTS``.
        """
        return open_reader(self.source(), self.row, self.index, size, pixel_format, threads)

    def play(self, *, tracks: bool = False, open_browser: bool = True) -> Playing:
        """Show the video in the browser, or inline in a notebook; ``tracks`` draws the boxes that the store has of it.

        Returns at once; ``.close()`` of what is returned ends it.
        """
        from rushes.playback import play

        return play(self, store=self._store, tracks=tracks, open_browser=open_browser)


class Frames:
    """Some frames of a video, in the order and as often as they were asked for. Nothing is read until ``numpy``."""

    def __init__(self, video: Video, numbers: np.ndarray, single: bool) -> None:
        self.video = video
        self.numbers = numbers
        self._single = single

    def __repr__(self) -> str:
        return f"<Frames of {self.video.row['video_id']!r}: {'x'.join(map(str, self.shape))}>"

    def __len__(self) -> int:
        if self._single:
            raise TypeError("a single frame has no length")
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, height, width, channels); without the first for a single frame."""
        return self.video.shape[1:] if self._single else (len(self.numbers), *self.video.shape[1:])

    @property
    def timestamps(self) -> np.ndarray:
        """Their presentation times, float64 seconds (n,); of a single frame, ()."""
        times: np.ndarray = self.video.timestamps[self.numbers]
        return times.reshape(()) if self._single else times

    @property
    def timestamp(self) -> np.ndarray:
        """The same as ``timestamps``."""
        return self.timestamps

    def numpy(self, out: np.ndarray | None = None) -> np.ndarray:
        """Decode them: uint8 of ``shape``, RGB. ``out`` is filled and returned when given."""
        if out is None:
            out = np.empty(self.shape, np.uint8)
        elif out.shape != self.shape or out.dtype != np.uint8:
            raise ValueError(f"out is {out.dtype} {out.shape}, but these frames are uint8 {self.shape}")
        if not len(self.numbers):
            return out
        pictures = out[np.newaxis] if self._single else out
        with self.video.reader() as reader:
            if (np.diff(self.numbers) > 0).all():
                reader.fill(self.numbers, pictures)
                return out
            wanted, places = np.unique(self.numbers, return_inverse=True)
            firsts = np.unique(places, return_index=True)[1]
            for at, (_, picture) in enumerate(reader.frames(wanted, reading_on=False)):
                pictures[firsts[at]] = picture
            repeats = np.flatnonzero(firsts[places] != np.arange(len(places)))
            pictures[repeats] = pictures[firsts[places[repeats]]]
        return out

    def encoded(self) -> list[bytes]:
        """Return the frames' coded bytes as they lie in the file: of an image sequence, the original pictures."""
        index = self.video.index
        if (index.pos[self.numbers] < 0).any():
            why = f"{self.video.row['video_id']}: its frames are not single ranges of the file"
            raise VideoError(Reason.NOT_VIDEO, why)
        starts = index.pos[self.numbers]
        spans = zip(starts.tolist(), (starts + index.size[self.numbers]).tolist(), strict=True)
        return self.video.source().read(list(spans))

    def data(self) -> dict[str, np.ndarray]:
        """Return ``frames`` and ``timestamps``."""
        return {"frames": self.numpy(), "timestamps": self.timestamps}


class FileVideo(Video):
    """A video of no store: a file, or a folder of pictures, whose index lies in memory."""

    def __init__(self, row: Mapping[str, Any], index: PacketIndex, source: Ranges) -> None:
        super().__init__(row)
        self._index, self._source = index, source

    @property
    def index(self) -> PacketIndex:
        """The packet index."""
        return self._index

    def source(self) -> Ranges:
        """Return the video's bytes."""
        return self._source


def open_file(path: str | os.PathLike[str], creds_key: str | None = None) -> Video:
    """Hold a file, by its path or URI, or a folder of numbered pictures as a video of no store.

    Raises ``VideoError`` when it is no usable video.
    """
    uri = os.fspath(path)
    if not is_elsewhere(uri) and os.path.isdir(local_path(uri)):
        info = probe_images(local_path(uri))
        source: Ranges = FolderRanges(local_path(uri), info.index)
    elif is_elsewhere(uri):
        with open_ranges(uri, creds_key).open() as handle:
            info = probe(handle)
        source = open_ranges(uri, creds_key, open_ranges(uri, creds_key).fingerprint())
    else:
        check_file(local_path(uri))
        info = probe(local_path(uri))
        source = LocalRanges(local_path(uri), LocalRanges(local_path(uri)).fingerprint())
    fingerprint = source.fingerprint()
    row = {
        "video_id": PurePosixPath(source.name).stem,
        "source_uri": source.name,
        "size_bytes": fingerprint.size,
        "etag": fingerprint.etag,
        "creds_key": creds_key,
    } | video_columns(info)
    return FileVideo(row, info.index, source)


def _numbers(key: Key, length: int) -> tuple[np.ndarray, bool]:
    """Return the frame numbers, int64 (n,), that a key stands for, and whether it is a single one."""
    if isinstance(key, slice):
        return np.arange(*key.indices(length), dtype=np.int64), False
    if isinstance(key, (bool, np.bool_)):
        raise TypeError("frames are selected by number, not by True or False")
    if isinstance(key, (int, np.integer)):
        return _in_range(np.array([int(key)], object), length), True
    if isinstance(key, (list, tuple, range, np.ndarray)):
        numbers = np.asarray(key)
        if numbers.ndim == 0 and np.issubdtype(numbers.dtype, np.integer):
            return _in_range(numbers.reshape(1), length), True
        if numbers.size == 0:
            return np.empty(0, np.int64), False
        if numbers.ndim == 1 and np.issubdtype(numbers.dtype, np.integer):
            return _in_range(numbers, length), False
    raise TypeError(f"frames are selected by number, slice or list of numbers, not by {type(key).__name__}")


def _in_range(numbers: np.ndarray, length: int) -> np.ndarray:
    """Return numbers of any integer type as int64, counted from the front."""
    bad = (numbers < -length) | (numbers >= length)
    if bad.any():
        raise IndexError(f"frame {int(numbers[bad][0])} of a video of {length} frames")
    numbers = numbers.astype(np.int64)
    return np.where(numbers < 0, numbers + length, numbers)
