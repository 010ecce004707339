"""Boxes of a column in other coords than it was declared with.

Here: finding the size of the picture that each box lies in. Not here: the arithmetic (``rushes.coords``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rushes.coords import PIXEL_LTWH, Coords, check_coords, from_pixel_ltwh, pixel_ltwh
from rushes.errors import SettingsError
from rushes.handmade.boxes import BoxKind, BoxSequenceKind
from rushes.handmade.column import Column, Samples
from rushes.handmade.images import Image, ImageKind, Images, ImageSequenceKind
from rushes.handmade.kinds import SampleError
from rushes.handmade.moving import MOVING
from rushes.handmade.views import Array, Arrays
from rushes.video.video import Video

if TYPE_CHECKING:
    from rushes.handmade.dataset import Dataset

_Size = tuple[int, int]  # height, width


def turned(dataset: Dataset, column: Column, coords: Coords, of: str | None) -> Samples:
    """Return a column's boxes in other ``coords``. What is asked for: ``Column.to``."""
    check_coords(coords)
    if not isinstance(column.kind, BoxKind):
        raise SettingsError(f"column {column.name!r} holds {column.htype}: only boxes are turned into other coords")
    given: Coords = column.info.get("coords", PIXEL_LTWH)
    if given == coords:
        return column[:]
    in_sequence = isinstance(column.kind, BoxSequenceKind)
    sizes = None if given["type"] == coords["type"] else _sizes(dataset, column, in_sequence, of)

    def sample(number: int) -> Any:
        boxes = column[number]
        arrays = boxes.numpy(aslist=True) if in_sequence else [boxes.numpy()]
        found = [(1, 1)] * len(arrays) if sizes is None else sizes(number, len(arrays))
        made = [
            from_pixel_ltwh(pixel_ltwh(one, given, width, height), coords, width, height)
            for one, (height, width) in zip(arrays, found, strict=True)
        ]
        return Arrays(made) if in_sequence else Array(made[0])

    return Samples(sample, range(len(column)))


def _sizes(dataset: Dataset, boxes: Column, in_sequence: bool, of: str | None) -> Callable[[int, int], Sequence[_Size]]:
    """Return what tells the sizes of the pictures of a sample, one for each list of boxes."""
    wanted = MOVING if in_sequence else ImageKind
    there = [
        name
        for name, kind in dataset.kinds.items()
        if isinstance(kind, wanted) and (in_sequence or not isinstance(kind, ImageSequenceKind))
    ]
    if (of is not None and of not in there) or (of is None and len(there) != 1):
        choice = f"of= one of {', '.join(there)}" if there else "there is no column of pictures that they could lie in"
        raise SettingsError(f"{boxes.name}: between pixels and fractions it takes the pictures' sizes: {choice}")
    pictures = dataset[of or there[0]]

    def sizes(number: int, count: int) -> Sequence[_Size]:
        if number >= len(pictures):
            raise SampleError(f"{boxes.name}[{number}]: {pictures.name} has no such sample, whose size it would take")
        found = _of(pictures[number])
        if len(found) != count:
            raise SampleError(
                f"{boxes.name}[{number}] has boxes for {count} frames, but {pictures.name}[{number}] has {len(found)}"
            )
        return found

    return sizes


def _of(pictures: Video | Images | Image) -> Sequence[_Size]:
    if isinstance(pictures, Video):
        return [(pictures.shape[1], pictures.shape[2])] * len(pictures)
    if isinstance(pictures, Images):
        return pictures.sizes
    return [pictures.size]
