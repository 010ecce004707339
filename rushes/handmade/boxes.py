"""Columns of boxes: ``bbox``, those of one picture, and ``sequence[bbox]``, those of every frame of a video.

Boxes are float32, four numbers each; ``coords`` says what the four are. In a row they are plain nested lists, which SQL
can read. Here: boxes as they were given. Not here: drawing them (``gallery``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.coords import check_coords
from rushes.handmade.intake import Intake
from rushes.handmade.kinds import Declaration, Kind, SampleError, kind_of
from rushes.handmade.views import Array, Arrays
from rushes.store.objects import Objects


class BoxKind(Kind):
    """The boxes of one picture: float32 (k, 4)."""

    options = ("coords",)

    def __init__(self, declared: Declaration) -> None:
        super().__init__(declared)
        if "coords" in declared.info:
            check_coords(declared.info["coords"])

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        boxes = _boxes(sample, "the sample")
        return _lists([len(boxes)], _fours(boxes))

    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        return Array(_numbers(value.values))


class BoxSequenceKind(BoxKind):
    """The boxes of every frame: a list of float32 (k, 4), k from none to any number."""

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, (Sequence, np.ndarray)) or isinstance(sample, (str, bytes)):
            raise SampleError(
                f"boxes of a video are an array (frames, boxes, 4) or a list of one array (boxes, 4) for each frame, "
                f"not {kind_of(sample)}"
            )
        frames = [_boxes(boxes, f"frame {number}") for number, boxes in enumerate(sample)]
        every = np.concatenate(frames) if frames else np.empty((0, 4), np.float32)
        return _lists([len(frames)], _lists([len(boxes) for boxes in frames], _fours(every)))

    def decode(self, value: pa.Scalar, objects: Objects) -> Arrays:
        frames = value.values
        ends = np.cumsum(frames.value_lengths().to_numpy())
        return Arrays(np.split(_numbers(frames.flatten()), ends[:-1]) if len(ends) else [])


def _boxes(given: Any, which: str) -> np.ndarray:
    try:
        boxes = np.asarray(given)
    except ValueError:
        boxes = np.asarray(None)
    if boxes.size == 0 and boxes.ndim in (1, 2):
        return np.empty((0, 4), np.float32)
    if boxes.dtype.kind not in "iuf" or boxes.ndim != 2 or boxes.shape[1] != 4:
        raise SampleError(f"{which}: boxes are numbers of shape (boxes, 4), not {kind_of(given)}")
    if not np.isfinite(boxes).all():
        raise SampleError(f"{which}: a box has a number that is not finite: leave it out")
    return boxes.astype(np.float32)


def _fours(boxes: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel()), 4)


def _lists(lengths: list[int], items: pa.Array) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items)


def _numbers(fours: pa.Array) -> np.ndarray:
    numbers: np.ndarray = fours.flatten().to_numpy()
    return numbers.reshape(-1, 4)
