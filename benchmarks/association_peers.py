"""The trackers that ours is measured beside, each as a function of one frame's boxes and scores.

Here: ByteTrack, BoT-SORT and SORT of the package ``trackers``, and BYTETracker and BoT-SORT of ``ultralytics``, with
their own defaults. BoT-SORT is given no pictures, and so finds no camera motion. Ultralytics' need the package ``lap``;
without it they are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import supervision
import trackers

from rushes.tracking.bytetrack import PRESETS

os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}

Step = Callable[[np.ndarray, np.ndarray], np.ndarray]  # boxes (n, 4) LTWH, scores (n,) → ids (n,), 0 for none
Maker = Callable[[float], Step]  # frames a second → a new tracker

_ULTRALYTICS = {  # cfg/trackers/bytetrack.yaml and botsort.yaml
    "track_high_thresh": 0.25,
    "track_low_thresh": 0.1,
    "new_track_thresh": 0.25,
    "track_buffer": 30,
    "match_thresh": 0.8,
    "fuse_score": True,
    "gmc_method": "none",
    "proximity_thresh": 0.5,
    "appearance_thresh": 0.8,
    "with_reid": False,
    "model": "auto",
}


def peers() -> dict[str, Maker]:
    """Return the trackers by name."""
    found: dict[str, Maker] = {
        "trackers ByteTrack": lambda fps: _of_trackers(trackers.ByteTrackTracker(frame_rate=fps)),
        "same, our thresholds": lambda fps: _of_trackers(trackers.ByteTrackTracker(frame_rate=fps, **_like_ours())),
        "trackers BoT-SORT": lambda fps: _of_trackers(trackers.BoTSORTTracker(frame_rate=fps, enable_cmc=False)),
        "trackers SORT": lambda fps: _of_trackers(trackers.SORTTracker(frame_rate=fps)),
    }
    if find_spec("lap"):
        found |= {f"ultralytics {name}": partial(_of_ultralytics, name) for name in ("ByteTrack", "BoT-SORT")}
    return found


def _like_ours() -> dict[str, float]:
    """Our default preset in the package's terms: its one limit of IoU serves all rounds, its buffer counts 1/30 s."""
    params = PRESETS["default"]
    return {
        "high_conf_det_threshold": params.track_thresh,
        "track_activation_threshold": params.track_thresh + params.new_track_margin,
        "minimum_iou_threshold": 1 - params.match_thresh,
        "minimum_consecutive_frames": params.min_hits,
        "lost_track_buffer": round(params.track_buffer_s * 30),
    }


def _of_trackers(tracker: trackers.ByteTrackTracker) -> Step:
    def step(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        place = {"place": np.arange(len(boxes))}
        out = tracker.update(supervision.Detections(xyxy=corners, confidence=scores, data=place))
        ids = np.zeros(len(boxes), np.int64)
        if len(out):
            ids[out.data["place"]] = np.asarray(out.tracker_id) + 1
        return ids

    return step


class _Found:
    """A frame's detections as ultralytics' trackers ask for them: centre, width, height."""

    def __init__(self, xywh: np.ndarray, conf: np.ndarray) -> None:
        self.xywh, self.conf, self.cls = xywh, conf, np.zeros(len(conf))

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, mask: np.ndarray) -> _Found:
        return _Found(self.xywh[mask], self.conf[mask])


def _of_ultralytics(name: str, fps: float) -> Step:
    from ultralytics.trackers.bot_sort import BOTSORT
    from ultralytics.trackers.byte_tracker import BYTETracker

    tracker = (BYTETracker if name == "ByteTrack" else BOTSORT)(SimpleNamespace(**_ULTRALYTICS))

    def step(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        centred = np.asarray(boxes, np.float64).copy()
        centred[:, :2] += centred[:, 2:] / 2
        ids = np.zeros(len(boxes), np.int64)
        for *_, track, _score, _class, place in tracker.update(_Found(centred, scores)):
            ids[int(place)] = int(track)
        return ids

    return step
