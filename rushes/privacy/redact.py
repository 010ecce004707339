"""Hiding regions of a picture.

Here: what is done to the pixels. Not here: the ways to choose from (``look``), where the regions are (``regions``).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rushes.privacy.look import CELLS, DEFAULT_LOOK, Look, Style


def redact(picture: np.ndarray, boxes: np.ndarray, look: Look = DEFAULT_LOOK, kinds: Sequence[str] = ()) -> np.ndarray:
    """Return the picture with each box made unrecognisable.

    ``picture``: uint8 (h, w, 3); ``boxes``: (n, 4) LTWH in its pixels; ``kinds``: face or plate for each, by default
    faces. The given picture is left as it is.
    """
    if not len(boxes):
        return picture
    hidden = picture.copy()
    height, width = picture.shape[:2]
    for (x, y, w, h), kind in zip(boxes, kinds or ["face"] * len(boxes), strict=True):
        left, top = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
        right, bottom = min(width, int(np.ceil(x + w))), min(height, int(np.ceil(y + h)))
        if right > left and bottom > top:
            region = hidden[top:bottom, left:right]
            changed = _changed(region, look.style, CELLS[kind])
            if look.shape == "ellipse" and kind == "face":
                inside = _ellipse((x - left, y - top, w, h), region.shape[:2])
                region[inside] = changed[inside]
            else:
                region[:] = changed
    return hidden


def _changed(region: np.ndarray, style: Style, count: int) -> np.ndarray:
    height, width = region.shape[:2]
    if style == "solid":
        return np.broadcast_to(region.mean(axis=(0, 1)).astype(np.uint8), region.shape)
    cell = max(1.0, min(height, width) / count)
    cells = (max(1, round(width / cell)), max(1, round(height / cell)))
    small = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    between = cv2.INTER_LINEAR if style == "blur" else cv2.INTER_NEAREST
    return cv2.resize(small, (width, height), interpolation=between)


def _ellipse(box: tuple[float, ...], shape: tuple[int, int]) -> np.ndarray:
    """Return which pixels (h, w) lie in the ellipse that touches a box's sides; the box is in the pixels' own place."""
    x, y, w, h = box
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    away: np.ndarray = ((columns + 0.5 - x - w / 2) / (w / 2)) ** 2 + ((rows + 0.5 - y - h / 2) / (h / 2)) ** 2
    return away <= 1
