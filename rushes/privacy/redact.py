"""Hiding regions of a picture.

Here: what is done to the pixels. Not here: where the regions are (``regions``).
"""

from __future__ import annotations

import cv2
import numpy as np

# Cells over a region's shorter side: few enough that no face can be made out again.
_CELLS = 6


def redact(picture: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the picture with each box made unrecognisable by coarse, smoothed cells.

    ``picture``: uint8 (h, w, 3); ``boxes``: (n, 4) LTWH in its pixels. The given picture is left as it is.
    """
    if not len(boxes):
        return picture
    hidden = picture.copy()
    height, width = picture.shape[:2]
    for x, y, w, h in boxes:
        left, top = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
        right, bottom = min(width, int(np.ceil(x + w))), min(height, int(np.ceil(y + h)))
        if right > left and bottom > top:
            hidden[top:bottom, left:right] = _coarse(hidden[top:bottom, left:right])
    return hidden


def _coarse(region: np.ndarray) -> np.ndarray:
    height, width = region.shape[:2]
    cell = max(1.0, min(height, width) / _CELLS)
    cells = (max(1, round(width / cell)), max(1, round(height / cell)))
    small = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
