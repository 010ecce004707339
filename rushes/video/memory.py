"""Memory for pictures, used again as soon as nobody holds what was in it.

The first touch of fresh memory costs more than the conversion of a picture. Here: arrays that are lent out. Not here:
what is drawn into them.
"""

from __future__ import annotations

import sys

import numpy as np

# The list, the loop's variable, and the count's own argument.
_HELD_HERE_ALONE = 3


class Reused:
    """Lends arrays of one shape at a time; up to ``count`` of them are kept for when their borrowers let them go.

    An array counts as held while it, a view of it or a tensor over it exists. For one thread.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._arrays: list[np.ndarray] = []

    def take(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array with anything in it."""
        self._arrays = [array for array in self._arrays if array.shape == shape and array.dtype == dtype]
        for array in self._arrays:
            if sys.getrefcount(array) == _HELD_HERE_ALONE:
                return array
        fresh = np.empty(shape, dtype)
        if len(self._arrays) < self._count:
            self._arrays.append(fresh)
        return fresh
