"""The chosen frames as pictures, under Lightly's names, for who wants files and no data set.

Here: writing them with their boxes, and removing those of an earlier selection. Not here: names (``frame_names``),
hiding (``rushes.privacy.delivery``), data sets (``rushes.packaging``).
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import duckdb
import numpy as np

from rushes.privacy.delivery import Delivery
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.report.bounding_boxes import BOXES, BoxWriter
from rushes.selection.report.frame_names import FrameNames
from rushes.selection.report.lists import written
from rushes.store.objects import Objects


def save_frames(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    frames: Iterable[tuple[str, np.ndarray]],
    names: FrameNames,
    folder: str,
) -> int:
    """Write ``frames/<name>`` of each video's frames, one picture in memory at a time, and their boxes; return how
    many frames.

    Faces and plates are hidden unless the recipe's ``privacy`` is none. What else lies in the folder is removed: all
    of it when the recipe asks for no frames.
    """
    kept: set[str] = set()
    if recipe.save_frames:
        with written(objects, f"{folder}/{BOXES}") as handle:
            boxes = BoxWriter(connection, handle)
            for video, numbers in frames:
                called = names.of(video, numbers.tolist())
                with Delivery(
                    objects, connection, video, hide=recipe.privacy == "redact", look=recipe.look
                ) as delivery:
                    boxes.write(video, numbers, called, delivery.times_s)
                    for name, (_, picture) in zip(called, delivery.frames(numbers.tolist()), strict=True):
                        objects.write(f"{folder}/frames/{name}", _png(picture))
                kept.update(called)
            boxes.close()
    else:
        objects.delete(f"{folder}/{BOXES}")
    for path in list(objects.list(f"{folder}/frames")):
        if path.rsplit("/", 1)[-1] not in kept:
            objects.delete(path)
    return len(kept)


def _png(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1])
