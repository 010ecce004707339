"""What one track is, in a few numbers: its class, how sure the detector was, how large it appeared.

Here: reducing the boxes and scores of one track. Not here: which box belongs to which track (``bytetrack``), class
names (``rushes.models``), and which tracks are worth keeping (the caller's thresholds).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rushes.tracking.boxes import area_fraction

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
    class_scores: NDArray[np.floating],
    scores: NDArray[np.floating],
    boxes: NDArray[np.floating],
    frame_size: tuple[int, int],
    k: int = 10,
) -> TrackSummary:
    """Summarise a track of n ≥ 1 boxes.

    ``class_scores`` (n, C) holds each box's score for every class of the vocabulary, ``scores`` (n,) its detection
    score, ``boxes`` (n, 4) left, top, width, height in pixels, ``frame_size`` the frame's (width, height). Classes are
    ranked by mean score over the track, equal means by class id, and the first min(k, C) are kept. Sums are taken in
    float64. Raises ValueError for a track without boxes, an empty vocabulary, or arrays of different lengths.
    """
    per_class = np.asarray(class_scores, np.float64)
    if per_class.ndim != 2 or 0 in per_class.shape:
        raise ValueError(f"class_scores must be (boxes, classes) with at least one of each, got {per_class.shape}")
    if not len(per_class) == len(scores) == len(boxes):
        raise ValueError(f"{len(per_class)} rows of class scores, {len(scores)} scores and {len(boxes)} boxes differ")
    mean = per_class.mean(axis=0)
    top = np.argsort(-mean, kind="stable")[:k]
    return TrackSummary(
        class_id=int(top[0]),
        mean_score=float(np.mean(scores, dtype=np.float64)),
        mean_area=float(area_fraction(boxes, *frame_size).mean()),
        top10_class_ids=top.tolist(),
        top10_mean=mean[top].tolist(),
        top10_std=per_class[:, top].std(axis=0).tolist(),
    )
