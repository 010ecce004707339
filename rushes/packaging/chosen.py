"""A chosen sequence, as far as packaging goes: which frames of which video, and when each is shown.

Here: rows of ``selections``, and what follows from one alone. Not here: pixels, boxes and vectors (``sequences``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Chosen:
    """A row of ``selections``, as far as packaging goes."""

    sequence_id: str
    video_id: str
    clip_id: str
    track_id: str | None
    frames: Sequence[int]
    split: str

    def shown_s(self, times_s: np.ndarray, step: float) -> np.ndarray:
        """Return when each frame is shown, float64 seconds, of a video's ``times_s``.

        The last frame, where it was repeated to fill the sequence, is shown anew after every ``step`` seconds.
        """
        frames = np.asarray(self.frames)
        times = np.array(times_s[frames], np.float64)
        n_padded = int(np.count_nonzero(frames == frames[-1])) - 1
        times[len(times) - n_padded :] += step * np.arange(1, n_padded + 1)
        return times


def candidate_rows(chosen: Sequence[Chosen]) -> pa.Table:
    """Return the sequences as what reads vectors takes: the columns of candidates that say where each lies."""
    return pa.table(
        {
            "video_id": pa.array([c.video_id for c in chosen]),
            "clip_id": pa.array([c.clip_id for c in chosen]),
            "track_id": pa.array([c.track_id for c in chosen], pa.string()),
            "first_frame": pa.array([c.frames[0] for c in chosen], pa.int32()),
            "last_frame": pa.array([c.frames[-1] for c in chosen], pa.int32()),
        }
    )
