"""What one track is, in a few numbers: its class, how sure the detector was, how large it appeared.

Here: reducing the boxes and scores of one track. Not here: which box belongs to which track (``bytetrack``), its best
classes (``class_scores``), their names (``vocabulary``), and which tracks are worth keeping (the caller's thresholds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rushes.tracking.boxes import area_fraction
from rushes.tracking.class_scores import TopClasses

__all__ = ["TrackSummary", "summarise_track"]


@dataclass(frozen=True)
class TrackSummary:
    """One track's row, less its name and place.

    ``class_id`` is the first of ``top10_class_ids``. ``mean_area`` is the mean part of the frame that the boxes cover,
    in [0, 1]. The ``top10_`` lists are parallel, best class first; ``top10_std`` is the population deviation over the
    track's boxes, as in TrackVerse's records.
    """

    class_id: int
    mean_score: float
    mean_area: float
    top10_class_ids: list[int]
    top10_mean: list[float]
    top10_std: list[float]


def summarise_track(
    classes: TopClasses,
    scores: NDArray[np.floating] | Sequence[float],
    boxes: NDArray[np.floating],
    frame_size: tuple[int, int],
) -> TrackSummary:
    """Summarise a track of n ≥ 1 boxes.

    ``classes`` are its best ones over all of them, ``scores`` (n,) each box's detection score, ``boxes`` (n, 4) left,
    top, width, height in pixels, ``frame_size`` the frame's (width, height). Raises ValueError for a track without
    boxes, and for as many scores as there are not boxes.
    """
    if len(scores) == 0 or len(scores) != len(boxes):
        raise ValueError(f"a track has at least one box, and a score for each: got {len(boxes)}, {len(scores)} scores")
    return TrackSummary(
        class_id=classes.ids[0],
        mean_score=float(np.mean(scores, dtype=np.float64)),
        mean_area=float(area_fraction(boxes, *frame_size).mean()),
        top10_class_ids=classes.ids,
        top10_mean=classes.mean,
        top10_std=classes.std,
    )
