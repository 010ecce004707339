"""A track's boxes at frames that nobody looked at: those between the detector's, or between sparse annotations.

Here: linear interpolation in time between the boxes on both sides. Not here: extending a track beyond its own boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TrackPath:
    """A track's boxes: ``frames`` int64 (n,) ascending, ``times_s`` float64 (n,), ``boxes`` float32 (n, 4), ``scores``
    float32 (n,). Between the boxes of a ``complete`` one there are none."""

    frames: np.ndarray
    times_s: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    complete: bool = False

    @classmethod
    def of(cls, rows: Sequence[tuple[int, float, float, float, float, float, float]], complete: bool) -> TrackPath:
        """Make a path of rows (frame, t_s, x, y, w, h, score) in order of frames."""
        values = np.array(rows, np.float64)
        return cls(
            values[:, 0].astype(np.int64),
            values[:, 1],
            values[:, 2:6].astype(np.float32),
            values[:, 6].astype(np.float32),
            complete,
        )

    def at(self, frame: int, time_s: float) -> tuple[np.ndarray, float, bool] | None:
        """Return (box float32 (4,), score, whether it was interpolated) at a frame; None where the track has none."""
        place = int(np.searchsorted(self.frames, frame))
        if place < len(self.frames) and self.frames[place] == frame:
            return self.boxes[place], float(self.scores[place]), False
        if self.complete or place in (0, len(self.frames)):
            return None
        before, after = self.times_s[place - 1], self.times_s[place]
        share = (time_s - before) / (after - before)
        box = self.boxes[place - 1] * (1 - share) + self.boxes[place] * share
        score = self.scores[place - 1] * (1 - share) + self.scores[place] * share
        return box.astype(np.float32), float(score), True
