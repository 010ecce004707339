"""Black bars around a clip's picture.

Here: finding rows and columns at the border that stay black through all of a clip. Not here: thresholds (``rules``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Luma up to this, of 255, is black: coding leaves a little more than nothing.
_BLACK = 16
# A bar may show so much else: a subtitle that reaches into it, a station's mark.
_LIT = 0.02


@dataclass
class Bars:
    """Gathers a clip's frames, all of one size, and tells what share of them is bars."""

    _rows: np.ndarray | None = None
    _columns: np.ndarray | None = None

    def add(self, luma: np.ndarray) -> None:
        """Take in one frame, uint8 (h, w)."""
        _, lit = cv2.threshold(luma, _BLACK, 255, cv2.THRESH_BINARY)
        rows = cv2.reduce(lit, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel() / 255
        columns = cv2.reduce(lit, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel() / 255
        self._rows = rows if self._rows is None else np.maximum(self._rows, rows)
        self._columns = columns if self._columns is None else np.maximum(self._columns, columns)

    def share(self) -> float:
        """Return the share of the frame, 0 to 1, that bars take on all four sides; 0 where there is no picture."""
        if self._rows is None or self._columns is None:
            return 0.0
        picture_rows = _inner(self._rows)
        picture_columns = _inner(self._columns)
        if not picture_rows or not picture_columns:
            return 0.0
        return 1 - picture_rows * picture_columns / (len(self._rows) * len(self._columns))


def _inner(lit: np.ndarray) -> int:
    """Return how many lines are left between the bars at both ends."""
    at = np.flatnonzero(lit > _LIT)
    return int(at[-1] - at[0]) + 1 if len(at) else 0
