"""A clip's detections, frame after frame, into what its tracks are made of.

Frames come one at a time and are let go: what stays are the boxes of tracks, and of each track that may still go on the
sums of its class scores. Here: gathering. Not here: which box belongs to which track (``bytetrack``), rows (``track``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rushes.tracking.bytetrack import ByteTracker, TrackerParams
from rushes.tracking.class_scores import ClassScores, TopClasses
from rushes.tracking.detector import Detections


@dataclass
class Sightings:
    """A track's boxes in order: ``at`` numbers the frames that were looked at, ``class_ids`` are each box's best."""

    at: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    class_ids: list[int] = field(default_factory=list)


class _Track:
    def __init__(self) -> None:
        self.seen = Sightings()
        self._classes = ClassScores()
        self._top: TopClasses | None = None

    def add(self, at: int, found: Detections, number: int) -> None:
        self.seen.at.append(at)
        self.seen.boxes.append(found.boxes[number])
        self.seen.scores.append(float(found.scores[number]))
        self.seen.class_ids.append(int(found.class_scores[number].argmax()))
        self._classes.add(found.class_scores[number])

    def top(self) -> TopClasses:
        """The best classes; the sums of the others are forgotten."""
        if self._top is None:
            self._top = self._classes.top()
            del self._classes
        return self._top


def follow(
    detections: Iterable[Detections], times_s: NDArray[np.floating], params: TrackerParams
) -> list[tuple[Sightings, TopClasses]]:
    """Join a clip's detections into tracks, in order of birth; those never confirmed are left out.

    ``times_s`` (t,) are the times of the frames, in seconds, never falling. The tracks are those of
    ``bytetrack.track_clip``. Raises ValueError where there are more or fewer frames than times.
    """
    tracker = ByteTracker(params)
    tracks: dict[int, _Track] = {}
    living: set[int] = set()
    for at, (found, time_s) in enumerate(zip(detections, times_s, strict=True)):
        numbers = tracker.update(found.boxes, found.scores, time_s=float(time_s))
        for detection in np.flatnonzero(numbers):
            number = int(numbers[detection])
            tracks.setdefault(number, _Track()).add(at, found, int(detection))
            living.add(number)
        for number in [n for n in living if time_s - times_s[tracks[n].seen.at[-1]] > 2 * params.track_buffer_s]:
            living.discard(number)  # it was lost for too long to be found again
            tracks[number].top()
    return [(tracks[number].seen, tracks[number].top()) for number in tracker.confirmed.tolist()]
