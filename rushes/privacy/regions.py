"""From where a thing was seen to a region that covers every frame in which it may be.

Here: linking what was found in samples, filling the frames between and around, padding. Not here: finding (``faces``,
``plates``), following between samples (``follow``) and hiding (``redact``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rushes.privacy.follow import Path
from rushes.privacy.found import Found
from rushes.tracking.bytetrack import TrackerParams, track_clip

# All sightings are linked alike, whatever their score; a face lost for a while is most likely still there.
_LINKING = TrackerParams(
    track_thresh=0.0, new_track_margin=0.0, low_thresh=0.0, track_buffer_s=2.0, min_hits=1, fuse_score=False
)

# For how long before it was first seen and after it was last seen a thing may still be there.
_HELD_S = 0.12


@dataclass(frozen=True)
class Region:
    """One thing to hide through part of a clip.

    ``kind`` face or plate, ``frames`` int64 (n,), ascending without a gap, ``boxes`` float32 (n, 4) LTWH in source
    pixels inside the frame, ``scores`` float32 (n,), ``sampled`` bool (n,): true where it was seen.
    """

    kind: str
    frames: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    sampled: np.ndarray


def linked(found: Mapping[int, Found], times_s: np.ndarray) -> list[Path]:
    """Join what was found in the samples (by frame) into one path for each thing.

    ``times_s``: all frames' times. A sample in which a thing was not seen is in its path's ``absent``.
    """
    samples = sorted(found)
    sightings = [(found[n].boxes, found[n].scores) for n in samples]
    numbers = track_clip(sightings, times_s[samples], _LINKING)
    paths: dict[int, Path] = {}
    alone: list[Path] = []
    for frame, ids, (boxes, scores) in zip(samples, numbers, sightings, strict=True):
        for number, box, score in zip(ids.tolist(), boxes, scores.tolist(), strict=True):
            path = paths.setdefault(number, Path()) if number else Path()
            path.add(frame, box, score)
            if not number:
                alone.append(path)
    joined = [*(paths[n] for n in sorted(paths)), *alone]
    for path in joined:
        path.absent.update(n for n in samples if n not in path.boxes)
    return joined


def region(
    kind: str,
    path: Path,
    times_s: np.ndarray,
    clip: tuple[int, int],
    scale: Sequence[float],
    frame_size: tuple[int, int],
    padding: float,
) -> Region:
    """Return what has to be hidden of a path: from right after the last frame before it in which it was looked for and
    not seen, to right before the first such frame after it, or the clip's border; and a moment more on both sides, for
    a detector's score flickers.

    Between two sightings the box is on the way from one to the other by time; before the first and after the last it
    stays. ``scale``: source pixels of a pixel of the path's boxes, across and down; ``frame_size``: (width, height) of
    the source. Each side grows by ``padding`` of the box.
    """
    seen = np.array(sorted(path.boxes))
    start = max((n + 1 for n in path.absent if n < seen[0]), default=clip[0])
    end = min((n for n in path.absent if n > seen[-1]), default=clip[1])
    held = np.searchsorted(times_s, [times_s[seen[0]] - _HELD_S, times_s[seen[-1]] + _HELD_S])
    start, end = max(clip[0], min(start, int(held[0]))), min(clip[1], max(end, int(held[1])))
    frames = np.arange(start, end)
    at = times_s[frames]
    boxes = np.array([path.boxes[n] for n in seen]) * np.tile(scale, 2)
    between = np.stack([np.interp(at, times_s[seen], boxes[:, i]) for i in range(4)], axis=1)
    scores = np.array([path.scores[n] for n in seen])
    return Region(
        kind,
        frames,
        _padded(between, padding, frame_size),
        np.interp(at, times_s[seen], scores).astype(np.float32),
        np.isin(frames, seen),
    )


def _padded(boxes: np.ndarray, padding: float, frame_size: tuple[int, int]) -> np.ndarray:
    grow = boxes[:, 2:] * padding
    limit = np.array(frame_size, np.float64)
    low = (boxes[:, :2] - grow).clip(0, limit)
    high = (boxes[:, :2] + boxes[:, 2:] + grow).clip(0, limit)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)
