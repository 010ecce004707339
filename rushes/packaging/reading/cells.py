"""What a sequence's value is to a person: images still unread, values a frame, values a box.

Indexes are whole numbers (negative ones from the end), slices, or lists of whole numbers. An index out of range is an
IndexError that names the length. Here: one sequence's values. Not here: those of all sequences (``columns``).
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from rushes.packaging.reading.files import DatasetError, Files
from rushes.packaging.reading.jpeg import decode_jpegs

Array = npt.NDArray[Any]
Index = slice | Sequence[int] | Array


class Images(ABC):
    """The images of one sequence, or of some of its frames, still unread."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Image]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: Index) -> Images: ...
    def __getitem__(self, index: int | Index) -> Image | Images:
        where = positions(index, len(self), "frame")
        if isinstance(where, int):
            return Image(self._at(np.array([where])))
        return self._at(where)

    @abstractmethod
    def jpeg(self) -> list[bytes]:
        """Every image as JPEG: the stored bytes where they are such."""

    @abstractmethod
    def numpy(self) -> npt.NDArray[np.uint8]:
        """uint8 (n, h, w, 3) RGB."""

    @abstractmethod
    def _at(self, where: Array) -> Images: ...


@dataclass(frozen=True)
class JpegImages(Images):
    """Images that are stored as JPEG, each by its place in a file."""

    _files: Files
    _paths: Array
    _offsets: Array
    _sizes: Array

    def __len__(self) -> int:
        return len(self._offsets)

    def jpeg(self) -> list[bytes]:
        return [bytes(data) for data in self._read()]

    def numpy(self) -> npt.NDArray[np.uint8]:
        if not len(self):
            raise DatasetError("no frame was chosen, so that there is no image to give: choose at least one frame")
        try:
            return decode_jpegs(self._read())
        except (ValueError, OSError) as error:
            raise DatasetError(
                f"an image of {self._files.root} cannot be decoded ({error}): package the data set again"
            ) from error

    def _read(self) -> list[bytes | memoryview]:
        return self._files.ranges(self._paths.tolist(), self._offsets, self._sizes)

    def _at(self, where: Array) -> JpegImages:
        return JpegImages(self._files, self._paths[where], self._offsets[where], self._sizes[where])


@dataclass(frozen=True)
class Image:
    """One image, still unread."""

    _images: Images

    def jpeg(self) -> bytes:
        """It as JPEG: the bytes as they were packaged where they are such."""
        return self._images.jpeg()[0]

    def numpy(self) -> npt.NDArray[np.uint8]:
        """uint8 (h, w, 3) RGB."""
        picture: npt.NDArray[np.uint8] = self._images.numpy()[0]
        return picture


@dataclass(frozen=True)
class Values:
    """One value a frame, or one value a box of one frame; ``numpy()`` gives an array of one's own to write in."""

    _array: Array
    _of: str

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: int | Index) -> Values:
        return Values(self._array[positions(index, len(self), self._of)], self._of)

    def numpy(self) -> Array:
        """The values."""
        return np.array(self._array)


@dataclass(frozen=True)
class Ragged:
    """Several values a frame, as many as the frame has boxes: ``[9]`` is one frame's, ``[2:7]`` those of five.

    Frame number i has the values from ``_starts[i]`` to ``_ends[i]``.
    """

    _values: Array
    _starts: Array
    _ends: Array

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Values]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Values: ...
    @overload
    def __getitem__(self, index: Index) -> Ragged: ...
    def __getitem__(self, index: int | Index) -> Values | Ragged:
        where = positions(index, len(self), "frame")
        if isinstance(where, int):
            return Values(self._values[self._starts[where] : self._ends[where]], "box")
        return Ragged(self._values, self._starts[where], self._ends[where])

    def numpy(self) -> list[Array]:
        """One array a frame, also for frames without a box."""
        return [np.array(self._values[start:end]) for start, end in zip(self._starts, self._ends, strict=True)]

    def turned(self, change: Callable[[Array], Array]) -> Ragged:
        """Return what ``change`` makes of the values, which it gets all at once."""
        return Ragged(change(self._values), self._starts, self._ends)


def positions(index: Any, length: int, what: str) -> Any:
    """A whole number as an int in [0, length), anything else as an int64 array of such; IndexError beyond them."""
    if isinstance(index, slice):
        return np.arange(length)[index]
    if isinstance(index, (str, bytes)):
        raise TypeError(f"a {what} is counted, not named: use a whole number, a slice or a list, not {index!r}")
    if getattr(index, "ndim", 1) and hasattr(index, "__len__"):
        return np.array([_position(i, length, what) for i in index], np.int64)
    return _position(index, length, what)


def _position(index: Any, length: int, what: str) -> int:
    number = operator.index(index)
    if not -length <= number < length:
        raise IndexError(f"{what} {number} is out of range: the length is {length}")
    return number % length
