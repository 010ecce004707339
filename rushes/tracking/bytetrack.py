"""ByteTrack: joining the detections of a clip's frames into tracks.

Here: the association of Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022, its thresholds, and the run over a whole clip. Not here: the motion model (``motion``), detection, and which
tracks are worth keeping.

A frame's detections are joined in three rounds: sure ones with confirmed tracks, lost ones among them; doubtful ones
with the confirmed tracks still without a box; the sure ones left over with tracks not confirmed yet. What is left and
sure enough begins a track. Each round is the best assignment as a whole, not a greedy one. Where ours departs from the
authors' program, and so from others made after it:

- Thresholds of time are in seconds and frames may be unevenly spaced.
- A track's number belongs to all its boxes: those before it was confirmed and those on both sides of an occlusion.
- Lost tracks take part in the second round too: an object that comes out from behind another is doubtful at first.
- A lost track that coincides with a live one is not dropped as a duplicate: where two objects cross, that is the
  hidden one, and it is needed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from rushes.tracking.assignment import best_pairs
from rushes.tracking.boxes import iou_matrix
from rushes.tracking.motion import BoxMotion

__all__ = ["PRESETS", "ByteTracker", "TrackerParams", "track_clip"]

_SLACK_S = 1e-6  # sums of frame times are not exact
_FEATURE_MEMORY = 0.5  # part of a track's appearance that survives a new box


@dataclass(frozen=True)
class TrackerParams:
    """Thresholds of the association; the defaults suit a detector's raw output (from a score of 0.1) at 8 fps.

    The cost of joining a track and a detection is 1 − IoU, or 1 − IoU · score with ``fuse_score``; a pair is joined
    at a cost below the round's limit, and never without overlap.
    """

    track_thresh: float = 0.4
    """A detection with this score or more is sure, with less it is doubtful."""
    new_track_margin: float = 0.1
    """A detection must reach ``track_thresh`` plus this to begin a track."""
    low_thresh: float = 0.1
    """A detection with a lower score is ignored."""
    match_thresh: float = 0.9
    """Limit of the first round, sure detections with confirmed tracks."""
    low_match_thresh: float = 0.7
    """Limit of the second round, doubtful detections; never fused with the score."""
    unconfirmed_match_thresh: float = 0.9
    """Limit of the third round, sure detections with unconfirmed tracks."""
    fuse_score: bool = True
    """Whether the first and third round prefer high scores."""
    motion_weight: float = 1.0
    """Weight of that cost in the first round; the rest weighs the cosine distance of appearance, which counts as 0
    where no features are given."""
    track_buffer_s: float = 1.5
    """For how many seconds a track without boxes can be found again."""
    min_hits: int = 2
    """Boxes in consecutive frames that confirm a track; those of a clip's first frame are confirmed at once."""


PRESETS: dict[str, TrackerParams] = {
    "default": TrackerParams(),
    # TrackVerse's numbers, not its association: the rounds are those above. The first is the command line that it
    # documents, with what that leaves open taken from its released code.
    "trackverse-doc": TrackerParams(
        track_thresh=0.6,
        match_thresh=0.3,
        low_match_thresh=0.5,
        unconfirmed_match_thresh=0.7,
        fuse_score=True,
        motion_weight=0.4,
        track_buffer_s=0.75,  # int(8 / 30 · 24) frames at 8 fps
    ),
    # The defaults of TrackVerse's released code, which are meant for 16 fps.
    "trackverse-v1": TrackerParams(
        track_thresh=0.55,
        match_thresh=0.45,
        low_match_thresh=0.5,
        unconfirmed_match_thresh=0.7,
        fuse_score=True,
        motion_weight=0.4,
        track_buffer_s=0.75,  # int(16 / 30 · 24) frames at 16 fps
    ),
}


class ByteTracker:
    """Tracks of one clip, frame by frame. Use a new one for each clip, or ``track_clip``.

    The same calls give the same numbers; equal costs are decided by order.
    """

    def __init__(self, params: TrackerParams = PRESETS["default"], fps: float = 8.0) -> None:
        if fps <= 0:
            raise ValueError(f"fps must be positive, got {fps}")
        self._params = params
        self._step_s = 1.0 / fps
        self._time_s: float | None = None
        self._born = 0
        self._confirmed: set[int] = set()
        # Parallel arrays over the living tracks, in order of birth.
        self._motion = BoxMotion()
        self._number = np.empty(0, np.int64)
        self._hits = np.empty(0, np.int64)
        self._seen_s = np.empty(0)
        self._seen_last = np.empty(0, bool)
        self._feature: NDArray[np.float64] | None = None

    @property
    def confirmed(self) -> NDArray[np.int64]:
        """Numbers of all tracks confirmed so far, ascending; other numbers given out may have been false starts."""
        return np.array(sorted(self._confirmed), np.int64)

    def update(
        self,
        boxes: NDArray[np.floating],
        scores: NDArray[np.floating],
        *,
        time_s: float | None = None,
        features: NDArray[np.floating] | None = None,
    ) -> NDArray[np.int64]:
        """Join the next frame's detections to tracks.

        ``boxes`` (n, 4) are left, top, width, height in pixels, ``scores`` (n,) lie in [0, 1], ``features`` (n, d) are
        any vectors of appearance (every frame gives them, or none), ``time_s`` is the frame's time, by default one
        frame after the last. Returns int64 (n,): each detection's track, counted from 1 in order of birth, or 0 for
        none. A new track has a number from its first box; ``confirmed`` tells which turned out to be real. Raises
        ValueError for times that fall and for arrays that do not fit together or are not finite.
        """
        _check(boxes, scores, features)
        unit = None if features is None else _unit(features)
        is_first_frame = self._time_s is None
        self._advance(time_s)

        rows, columns = self._associate(boxes, scores, unit)
        self._extend(rows, boxes[columns], None if unit is None else unit[columns])
        ids = np.zeros(len(boxes), np.int64)
        ids[columns] = self._number[rows]
        self._keep(self._is_confirmed() | self._seen_last)

        sure_enough = scores >= self._params.track_thresh + self._params.new_track_margin
        fresh = np.flatnonzero((ids == 0) & sure_enough)
        hits = self._params.min_hits if is_first_frame else 1
        ids[fresh] = self._begin(boxes[fresh], hits, None if unit is None else unit[fresh])
        return ids

    def _advance(self, time_s: float | None) -> None:
        """Go to the next frame's time: predict, and drop the tracks that were lost for too long."""
        before = self._time_s
        if time_s is None:
            time_s = 0.0 if before is None else before + self._step_s
        if not np.isfinite(time_s) or (before is not None and time_s < before):
            raise ValueError(f"frame times must be finite and never fall, got {time_s} after {before}")
        self._time_s = time_s
        self._keep(time_s - self._seen_s <= self._params.track_buffer_s + _SLACK_S)
        if before is not None:
            self._motion.predict(time_s - before, ~self._seen_last)

    def _associate(
        self, boxes: NDArray[np.floating], scores: NDArray[np.floating], unit: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The three rounds: which living tracks (m,) take which detections (m,)."""
        params = self._params
        iou = iou_matrix(self._motion.boxes(), boxes)
        cost = 1 - iou * scores if params.fuse_score else 1 - iou
        joined = params.motion_weight * cost
        if unit is not None and self._feature is not None and params.motion_weight < 1:
            joined += (1 - params.motion_weight) * np.maximum(1 - self._feature @ unit.T, 0)

        sure = scores >= params.track_thresh
        doubtful = ~sure & (scores >= params.low_thresh)
        confirmed = self._is_confirmed()
        taker = np.full(len(boxes), -1, np.intp)
        taken = np.zeros(len(confirmed), bool)
        for costs, limit, tracks, detections in (
            (joined, params.match_thresh, confirmed, sure),
            (1 - iou, params.low_match_thresh, confirmed, doubtful),
            (cost, params.unconfirmed_match_thresh, ~confirmed, sure),
        ):
            rows, columns = np.flatnonzero(tracks & ~taken), np.flatnonzero(detections & (taker < 0))
            block = np.ix_(rows, columns)
            gain = np.where(iou[block] > 0, limit - costs[block], 0.0)
            best_rows, best_columns = best_pairs(gain)
            taker[columns[best_columns]] = rows[best_rows]
            taken[rows[best_rows]] = True
        columns = np.flatnonzero(taker >= 0)
        return taker[columns], columns

    def _is_confirmed(self) -> NDArray[np.bool_]:
        # Unconfirmed tracks die with their first missing box, so that all hits are in consecutive frames.
        return self._hits >= self._params.min_hits

    def _extend(self, rows: NDArray[np.intp], boxes: NDArray[np.floating], unit: NDArray[np.float64] | None) -> None:
        """Note that the tracks ``rows`` were seen in this frame, and the others not."""
        self._motion.correct(rows, boxes)
        self._seen_s[rows] = self._time_s
        self._seen_last[:] = False
        self._seen_last[rows] = True
        self._hits[rows] += 1
        self._confirmed.update(self._number[self._is_confirmed()].tolist())
        if unit is not None and self._feature is not None:
            self._feature[rows] = _unit(_FEATURE_MEMORY * self._feature[rows] + (1 - _FEATURE_MEMORY) * unit)

    def _begin(self, boxes: NDArray[np.floating], hits: int, unit: NDArray[np.float64] | None) -> NDArray[np.int64]:
        """Begin a track with each of the boxes (m, 4), as if seen ``hits`` times; returns their numbers (m,)."""
        count = len(boxes)
        numbers = np.arange(self._born + 1, self._born + count + 1)
        self._born += count
        self._motion.add(boxes)
        self._number = np.append(self._number, numbers)
        self._hits = np.append(self._hits, np.full(count, hits))
        self._seen_s = np.append(self._seen_s, np.full(count, self._time_s))
        self._seen_last = np.append(self._seen_last, np.ones(count, bool))
        if unit is not None:
            self._feature = unit if self._feature is None else np.concatenate([self._feature, unit])
        if hits >= self._params.min_hits:
            self._confirmed.update(numbers.tolist())
        return numbers

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        if mask.all():
            return
        self._motion.keep(mask)
        self._number, self._hits = self._number[mask], self._hits[mask]
        self._seen_s, self._seen_last = self._seen_s[mask], self._seen_last[mask]
        if self._feature is not None:
            self._feature = self._feature[mask]


def track_clip(
    detections: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]],
    times_s: NDArray[np.floating],
    params: TrackerParams = PRESETS["default"],
    features: Sequence[NDArray[np.floating]] | None = None,
) -> list[NDArray[np.int64]]:
    """Join a whole clip's detections into tracks.

    ``detections`` holds (boxes (n, 4), scores (n,)) of each of t frames, ``times_s`` (t,) their times in seconds, never
    falling, ``features`` optionally their (n, d) vectors of appearance, as in ``ByteTracker.update``. Returns for each
    frame int64 (n,): every detection's track, 0 for none. Tracks are numbered 1 … K without gaps in order of birth;
    those never confirmed are left out, the others have all their boxes, to the clip's end if they last that long.
    Raises ValueError as ``ByteTracker.update`` does, and where the lengths of the arguments differ.
    """
    tracker = ByteTracker(params)
    vectors = repeat(None, len(detections)) if features is None else features
    frames = zip(detections, times_s, vectors, strict=True)
    ids = [tracker.update(boxes, scores, time_s=float(at), features=seen) for (boxes, scores), at, seen in frames]
    renumbered = np.zeros(max((int(frame.max(initial=0)) for frame in ids), default=0) + 1, np.int64)
    renumbered[tracker.confirmed] = np.arange(1, len(tracker.confirmed) + 1)
    return [renumbered[frame] for frame in ids]


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Vectors (n, d) at length 1; those of length 0 stay."""
    vectors = np.asarray(vectors, np.float64)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


def _check(boxes: NDArray[np.floating], scores: NDArray[np.floating], features: NDArray[np.floating] | None) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != boxes.shape[:1]:
        raise ValueError(f"boxes must be (n, 4) and scores (n,), got {boxes.shape} and {scores.shape}")
    if features is not None and (np.ndim(features) != 2 or len(features) != len(boxes)):
        raise ValueError(f"{len(boxes)} boxes with features of shape {np.shape(features)}")
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("boxes and scores must be finite")
