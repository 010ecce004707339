"""Columns of numbers: ``generic`` arrays of any shape, ``class_label`` numbers of classes, and sequences of either.

In a row a sample is the bytes of its arrays, one after another, with their shapes. Here: arrays as they were given.
Not here: boxes (``boxes``), pixels (``images``, ``videos``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.errors import SettingsError
from rushes.handmade.intake import Intake
from rushes.handmade.kinds import Declaration, Kind, SampleError, kind_of
from rushes.handmade.views import Array, Arrays
from rushes.store.objects import Objects

_TYPE = pa.struct(
    [("dtype", pa.string()), ("shapes", pa.list_(pa.list_(pa.int32()))), ("data", pa.large_binary())]
)  # fmt: skip


class ArrayKind(Kind):
    """One array of numbers; its dtype is the declared one, else its own."""

    options: tuple[str, ...] = ("dtype",)

    def __init__(self, declared: Declaration) -> None:
        super().__init__(declared)
        self.dtype = None if declared.dtype is None else _dtype(declared.dtype)

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        return _encoded([self.array(sample, "the sample")])

    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        return Array(_decoded(value)[0])

    def array(self, given: Any, which: str) -> np.ndarray:
        """Return what was given as an array of the column's dtype. Raises ``SampleError``."""
        try:
            array = np.asarray(given)
        except ValueError:
            raise SampleError(f"{which}: its parts differ in shape: that is for an htype sequence[…]") from None
        if array.dtype.kind not in "biuf":
            raise SampleError(f"{which}: an array of numbers is expected, not {kind_of(given)}")
        if self.dtype is None or array.dtype == self.dtype:
            return array
        if array.size == 0:
            return array.astype(self.dtype)
        fits = self.dtype.kind == "f" or (array.dtype.kind in "biu" and (array.astype(self.dtype) == array).all())
        if not fits:
            raise SampleError(f"{which}: {array.dtype} values that {self.dtype} cannot hold")
        return array.astype(self.dtype)


class LabelKind(ArrayKind):
    """Numbers of classes, uint32; ``class_names`` names them, and none may lie beyond."""

    options = ("class_names",)

    def __init__(self, declared: Declaration) -> None:
        super().__init__(declared)
        self.dtype = np.dtype(np.uint32)
        names = declared.info.get("class_names")
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise SettingsError("class_names: give a list of names")

    def array(self, given: Any, which: str) -> np.ndarray:
        labels = super().array(given, which)
        names = self.declared.info.get("class_names")
        if names is not None and labels.size and labels.max() >= len(names):
            raise SampleError(f"{which}: class {labels.max()}, but there are {len(names)} class_names")
        return labels


class SequenceKind(Kind):
    """A list of arrays of any shapes, of one kind."""

    def __init__(self, declared: Declaration, item: ArrayKind) -> None:
        self.options = item.options
        super().__init__(declared)
        self._item = item

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, (Sequence, np.ndarray)) or isinstance(sample, (str, bytes)):
            raise SampleError(f"a sequence is a list of arrays, not {kind_of(sample)}")
        arrays = [self._item.array(item, f"item {number}") for number, item in enumerate(sample)]
        dtype = np.result_type(*{array.dtype for array in arrays if array.size} or {np.dtype(np.float32)})
        return _encoded([array.astype(self._item.dtype or dtype) for array in arrays])

    def decode(self, value: pa.Scalar, objects: Objects) -> Arrays:
        return Arrays(_decoded(value))


def _encoded(arrays: list[np.ndarray]) -> pa.Array:
    little = [array.astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays]
    row = {
        "dtype": little[0].dtype.str if little else None,
        "shapes": [list(array.shape) for array in little],
        "data": b"".join(array.tobytes() for array in little),
    }
    return pa.array([row], _TYPE)


def _decoded(value: pa.Scalar) -> list[np.ndarray]:
    row = value.as_py()
    if not row["shapes"]:
        return []
    sizes = [int(np.prod(shape, dtype=np.int64)) for shape in row["shapes"]]
    flat = np.split(np.frombuffer(row["data"], row["dtype"]), np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(flat, row["shapes"], strict=True)]


def _dtype(name: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(name)
    except TypeError:
        dtype = np.dtype(object)
    if dtype.kind not in "biuf":
        raise SettingsError(f"dtype {name!r}: give one of numbers, such as float32 or uint32")
    return dtype
