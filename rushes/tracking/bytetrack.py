"""ByteTrack: joining the detections of a clip's frames into tracks.

Here: the association of Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022, and the run over a whole clip. Not here: its thresholds (``presets``), the motion model (``motion``), detection,
and which tracks are worth keeping (``keep``).

A frame's detections are joined in three rounds: sure ones with confirmed tracks, lost ones among them; doubtful ones
with the confirmed tracks still without a box; the sure ones left over with tracks not confirmed yet. What is left and
sure enough begins a track. Each round is the best assignment as a whole, not a greedy one. Where ours departs from the
authors' program, and so from others made after it:

- Thresholds of time are in seconds and frames may be unevenly spaced.
- A track's number belongs to all its boxes: those before it was confirmed and those on both sides of an occlusion.
- Lost tracks take part in the second round too: an object that comes out from behind another is doubtful at first.
- A lost track that coincides with a live one is not dropped as a duplicate: where two objects cross, that is the
  hidden one, and it is needed again.
- When most tracks lose their objects at once and one step takes them back, the camera has moved: all tracks take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from rushes.tracking.assignment import best_pairs
from rushes.tracking.boxes import iou_matrix
from rushes.tracking.camera import common_step
from rushes.tracking.motion import BoxMotion
from rushes.tracking.presets import PRESETS, TrackerParams

__all__ = ["PRESETS", "ByteTracker", "TrackerParams", "track_clip"]

_SLACK_S = 1e-6  # sums of frame times are not exact
_FEATURE_MEMORY = 0.5  # part of a track's appearance that survives a new box

# When the camera is believed to have moved: so many tracks were seen a frame ago, they meet detections with a mean IoU
# below this, and one step raises that by so much and takes this share of them to an IoU of _MET.
_WITNESSES = 3
_ASTRAY = 0.6
_GAIN = 0.1
_SHARE, _MET = 0.5, 0.4


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
        self._elapsed_s = 0.0
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
            self._elapsed_s = time_s - before
            self._motion.predict(self._elapsed_s, ~self._seen_last)

    def _associate(
        self, boxes: NDArray[np.floating], scores: NDArray[np.floating], unit: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The three rounds: which living tracks (m,) take which detections (m,)."""
        params = self._params
        sure = scores >= params.track_thresh
        iou = self._overlaps(boxes, sure)
        cost = 1 - iou * scores if params.fuse_score else 1 - iou
        joined = params.motion_weight * cost
        if unit is not None and self._feature is not None and params.motion_weight < 1:
            joined += (1 - params.motion_weight) * np.maximum(1 - self._feature @ unit.T, 0)

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

    def _overlaps(self, boxes: NDArray[np.floating], sure: NDArray[np.bool_]) -> NDArray[np.float64]:
        """IoU of every track where it is expected with every detection, after a step of the camera if it took one."""
        expected = self._motion.boxes()
        iou = iou_matrix(expected, boxes)
        witnesses, detections = np.flatnonzero(self._is_confirmed() & self._seen_last), np.flatnonzero(sure)
        if min(len(witnesses), len(detections)) < _WITNESSES:
            return iou
        block = np.ix_(witnesses, detections)
        best = iou[block].max(axis=1)
        if best.mean() >= _ASTRAY:
            return iou
        step = common_step(expected[witnesses], np.asarray(boxes, np.float64)[detections])
        if step is None:
            return iou
        moved = iou_matrix(expected + [*step, 0.0, 0.0], boxes)
        best_moved = moved[block].max(axis=1)
        if best_moved.mean() < best.mean() + _GAIN or (best_moved >= _MET).mean() < _SHARE:
            return iou
        self._motion.shift(step, self._elapsed_s)
        return moved

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
