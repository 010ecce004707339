"""Cuts at a fixed distance, which need no look at a frame.

Here: where they are. Not here: whether a last short piece is kept (``rushes.filters``).
"""

from __future__ import annotations

import numpy as np

from rushes.shots.detector import Cut
from rushes.shots.spans import Span


def stride_cuts(times_s: np.ndarray, span: Span, stride_s: float) -> list[Cut]:
    """Return the first frames at or after each multiple of ``stride_s`` seconds from the span's beginning.

    ``times_s``: float64 presentation times of all the video's frames. The score is 1.
    """
    times = times_s[span.start : span.end] - times_s[span.start]
    piece = np.floor(times / stride_s + 1e-6)  # a frame is not late for what its time's last digits say
    return [Cut(span.start + int(at) + 1, 1.0) for at in np.flatnonzero(np.diff(piece))]
