"""What a person gets of a sample that is no video: an array, or a list of them, to be indexed and turned into numpy.

Here: arrays and sequences of arrays. Not here: images (``images``), videos (``rushes.video``), whole columns
(``column``).
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, overload

import numpy as np

Many: TypeAlias = "slice | Sequence[int] | np.ndarray"


class Array:
    """One array. ``numpy`` gives a copy of one's own."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __repr__(self) -> str:
        return f"<{self._array.dtype} array of shape {self.shape}>"

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, key: Any) -> Array:
        return Array(self._array[key])

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._array.shape

    def numpy(self) -> np.ndarray:
        """Return the values."""
        return np.array(self._array)


class Arrays:
    """A sequence of arrays, such as the boxes of every frame; their shapes may differ."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._arrays = arrays

    def __repr__(self) -> str:
        return f"<sequence of {len(self)} arrays, shape {self.shape}>"

    def __len__(self) -> int:
        return len(self._arrays)

    def __iter__(self) -> Iterator[Array]:
        return (Array(array) for array in self._arrays)

    @overload
    def __getitem__(self, key: int) -> Array: ...
    @overload
    def __getitem__(self, key: Many) -> Arrays: ...
    def __getitem__(self, key: int | Many) -> Array | Arrays:
        places = positions(key, len(self), "item")
        return Array(self._arrays[places]) if isinstance(places, int) else Arrays([self._arrays[i] for i in places])

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its length and the arrays' shape, None where they differ."""
        sizes = zip(*(array.shape for array in self._arrays), strict=False)
        return len(self), *(same[0] if len(set(same)) == 1 else None for same in sizes)

    def numpy(self, aslist: bool = False) -> np.ndarray | list[np.ndarray]:
        """Return one array where all have the same shape, else a list of them; ``aslist``: a list in any case."""
        arrays = [np.array(array) for array in self._arrays]
        return arrays if aslist or not arrays or len({array.shape for array in arrays}) > 1 else np.stack(arrays)


def positions(key: Any, length: int, what: str) -> int | list[int]:
    """Return the place that a number stands for, or those of a slice or list. Raises ``IndexError`` past the end."""
    if isinstance(key, slice):
        return list(range(*key.indices(length)))
    if isinstance(key, (str, bytes, bool, np.bool_)):
        raise TypeError(f"{what}s are selected by number, slice or list of numbers, not by {key!r}")
    if hasattr(key, "__len__"):
        return [_position(one, length, what) for one in key]
    return _position(key, length, what)


def _position(key: Any, length: int, what: str) -> int:
    number = operator.index(key)
    if not -length <= number < length:
        raise IndexError(f"{what} {number} of {length}")
    return number % length
