"""Real clips' known tracks with a detector's boxes, others' trackers, and how well tracks agree with known ones.

TUD-Campus and TUD-Stadtmitte (Andriluka et al., CVPR 2008 and 2010) are pedestrians at 25 frames a second, filmed by a
camera that stands still. Their text lies in the package motmetrics, and is fetched when first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import supervision
from trackeval.metrics import HOTA, Identity

from rushes.models.fetch import fetch_member
from rushes.models.registry import models_folder
from rushes.tracking.boxes import iou_matrix

Frames = list[tuple[np.ndarray, np.ndarray]]  # of each frame: (ids (n,), boxes (n, 4)), or (scores (n,), boxes (n, 4))

TUD_FPS = 25.0
TUD = {
    "TUD-Campus": (
        "6e6db5a416f59b1837bc5bfc90502f5d767e869806e1257e4b735f742a90809c",
        "efbfaa766c4c27a07561e2d48f3538cadd73c7c583c5fc82f2992e9874261e28",
    ),
    "TUD-Stadtmitte": (
        "275e53717f0397c19484fd42198fc5c4dc7b3de7ba5ca15ef53e2b8188696650",
        "454611aef78f84dea47ed22369fe518e76c3625871835270eaee0ea36fd387f3",
    ),
}


@cache
def _rows(name: str, file: str, sha256: str) -> np.ndarray:
    target = models_folder() / "tud" / name / file
    if not target.exists():
        fetch_member("motmetrics", "1.4.0", f"motmetrics/data/{name}/{file}", sha256, target)
    return np.loadtxt(target, delimiter=",")


def tud(name: str, every: int = 1, first: int = 0) -> tuple[Frames, Frames]:
    """Return (known, detected): every so many frames of a clip, beginning with the frame ``first``.

    The detections come without scores, so all have a score of 1; whose they are is not told.
    """
    truth, detected = (_rows(name, file, sha) for file, sha in zip(("gt.txt", "test.txt"), TUD[name], strict=True))
    known: Frames = []
    seen: Frames = []
    for frame in range(1 + first, int(truth[:, 0].max()) + 1, every):
        here, found = truth[truth[:, 0] == frame], detected[detected[:, 0] == frame]
        known.append((here[:, 1].astype(np.int64), here[:, 2:6]))
        seen.append((np.ones(len(found)), found[:, 2:6]))
    return known, seen


def agreement(known: Frames, boxes: Sequence[np.ndarray], ids: Sequence[np.ndarray]) -> dict[str, float]:
    """Return TrackEval's HOTA, AssA and IDF1 in percent, and ``switches``: how often an object's track changes.

    ``boxes`` (n, 4) and their ``ids`` (n,) of each frame, 0 for a box that is in no track.
    """
    kept = [(track[track > 0], here[track > 0]) for here, track in zip(boxes, ids, strict=True)]
    similarity = [iou_matrix(a, b) for (_, a), (_, b) in zip(known, kept, strict=True)]
    data: dict[str, object] = {"similarity_scores": similarity}
    for name, frames in (("gt", known), ("tracker", kept)):
        values, places = np.unique(np.concatenate([ids for ids, _ in frames]), return_inverse=True)
        splits = np.cumsum([len(ids) for ids, _ in frames])
        data |= {
            f"{name}_ids": np.split(places, splits[:-1]),
            f"num_{name}_ids": len(values),
            f"num_{name}_dets": int(splits[-1]),
        }
    hota = HOTA().eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "HOTA": 100 * float(np.mean(hota["HOTA"])),
        "AssA": 100 * float(np.mean(hota["AssA"])),
        "IDF1": 100 * float(identity["IDF1"]),
        "switches": _switches(known, kept, similarity),
    }


def _switches(known: Frames, kept: Frames, similarity: Sequence[np.ndarray]) -> int:
    """Count how often the track that covers an object (IoU ≥ 0.5) is another than the last that did."""
    last: dict[int, int] = {}
    count = 0
    for (objects, _), (tracks, _), iou in zip(known, kept, similarity, strict=True):
        if not iou.size:
            continue
        best = iou.argmax(axis=1)
        for row in np.flatnonzero((iou.max(axis=1) >= 0.5) & (iou.max(axis=0)[best] == iou.max(axis=1))):
            track = int(tracks[best[row]])
            count += last.get(int(objects[row]), track) != track
            last[int(objects[row])] = track
    return count


def ids_of(tracker: Any, seen: Frames) -> list[np.ndarray]:
    """Return the ids (n,), from 1 and 0 for none, that one of the package ``trackers`` gives to each frame's boxes."""
    ids = []
    for scores, boxes in seen:
        corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        place = {"place": np.arange(len(boxes))}
        out = tracker.update(supervision.Detections(xyxy=corners, confidence=scores, data=place))
        numbers = np.zeros(len(boxes), np.int64)
        if len(out):
            numbers[out.data["place"]] = np.asarray(out.tracker_id) + 1
        ids.append(numbers)
    return ids
