"""What the page is told of one sequence: what it is, when its frames are, and the boxes of each.

Here: that, as plain values. Not here: its pixels (``site`` gives each frame as JPEG).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushes.packaging.reader import Dataset, DatasetError
from rushes.packaging.reading.cells import Array

_LEFT_OUT = frozenset({"embedding", "frames", "boxes", "ids", "classes", "scores", "generated"})


def told(dataset: Dataset, place: int) -> dict[str, Any]:
    """Return, for JSON, the sequence at a place.

    ``about`` is its plain values; ``times`` (seconds) and ``frames`` (numbers) are those of the source; ``boxes`` has a
    list for each frame, of each box left, top, width, height in pixels, id, name of its class, score or None, and three
    truths: whether it is interpolated, whether it was annotated, whether evaluation considers it.
    """
    sequence = dataset[place]
    about = {name: _plain(value) for name, value in sequence.items() if name not in _LEFT_OUT}
    times, frames = about.pop("timestamps"), about.pop("frame_numbers")
    if sequence["embedding"] is not None:
        about["embedding_length"] = len(sequence["embedding"])
    return {"about": about, "times": times, "frames": frames, "boxes": _boxes(dataset, place, sequence)}


def class_name(dataset: Dataset, class_id: int) -> str:
    """Return a class's name."""
    names = dataset.class_names
    return names[class_id] if 0 <= class_id < len(names) else f"class {class_id}"


def _boxes(dataset: Dataset, place: int, sequence: dict[str, Any]) -> list[list[list[Any]]]:
    kinds = ("boxes", "ids", "classes", "scores", "generated")
    frames = [sequence[kind].numpy() for kind in kinds]
    frames += [_flags(dataset, "annotated", place, False), _flags(dataset, "considered", place, True)]
    return [
        [
            [*(_plain(round(side, 2)) for side in box), track, class_name(dataset, class_id), _plain(score), *flags]
            for box, track, class_id, score, *flags in zip(*(values.tolist() for values in columns), strict=True)
        ]
        for columns in zip(*frames, strict=True)
    ]


def _flags(dataset: Dataset, name: str, place: int, otherwise: bool) -> list[Array]:
    """Return a flag of every box, a frame at a time; in data sets that are older than it, what it is otherwise."""
    try:
        return list(getattr(dataset, name)[place].numpy())
    except DatasetError:
        return [np.full(len(boxes), otherwise) for boxes in dataset.boxes[place].numpy()]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, which knows no NaN."""
    if hasattr(value, "numpy"):
        return [_plain(one) for one in value.numpy().tolist()]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
