"""Geometry of axis-aligned boxes (left, top, width, height) in pixels of the source frame.

Here: pure functions of arrays of boxes. Not here: anything that knows of frames' pixels, scores, classes or time.
A box covers the half-open area [left, left + width) × [top, top + height); a box without area overlaps nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["area_fraction", "clip_to_frame", "iou_matrix"]


def iou_matrix(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of every box of ``a`` (n, 4) with every box of ``b`` (m, 4): float64 (n, m) in [0, 1]."""
    a_left, a_top, a_width, a_height = np.asarray(a, np.float64).T
    b_left, b_top, b_width, b_height = np.asarray(b, np.float64).T
    overlap = _shared_length(a_left, a_width, b_left, b_width)
    overlap *= _shared_length(a_top, a_height, b_top, b_height)
    union = np.add.outer(a_width * a_height, b_width * b_height)
    union -= overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def _shared_length(
    a: NDArray[np.float64], a_length: NDArray[np.float64], b: NDArray[np.float64], b_length: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much every pair of intervals shares, (n, m); the intervals begin at ``a`` and ``b``."""
    shared = np.minimum.outer(a + a_length, b + b_length)
    shared -= np.maximum.outer(a, b)
    return np.maximum(shared, 0.0, out=shared)


def clip_to_frame(boxes: NDArray[np.floating], width: int, height: int) -> NDArray[np.float32]:
    """The part of each box (n, 4) inside a frame of ``width`` × ``height`` pixels: float32 (n, 4).

    A box wholly outside keeps no area: it becomes a point or a line on the frame's border.
    """
    boxes = np.asarray(boxes, np.float64)
    frame = np.array([width, height], np.float64)
    start = np.clip(boxes[:, :2], 0.0, frame)
    end = np.clip(boxes[:, :2] + boxes[:, 2:], 0.0, frame)
    return np.hstack([start, end - start]).astype(np.float32)


def area_fraction(boxes: NDArray[np.floating], width: int, height: int) -> NDArray[np.float64]:
    """Which part of a frame of ``width`` × ``height`` pixels each box (n, 4) covers: float64 (n,) in [0, 1]."""
    inside = clip_to_frame(boxes, width, height).astype(np.float64)
    return inside[:, 2] * inside[:, 3] / (float(width) * float(height))
