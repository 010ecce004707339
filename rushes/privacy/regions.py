"""From boxes found in sampled frames to regions that cover every frame.

Here: linking samples, filling the frames between and around them, padding. Not here: finding (``faces``) and hiding
(``redact``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.tracking.bytetrack import TrackerParams, track_clip

# All sightings are linked alike, whatever their score; a face lost for a while is most likely still there.
_LINKING = TrackerParams(
    track_thresh=0.0, new_track_margin=0.0, low_thresh=0.0, track_buffer_s=2.0, min_hits=1, fuse_score=False
)


@dataclass(frozen=True)
class Region:
    """One thing to hide through part of a clip.

    ``frames`` int64 (n,), ``boxes`` float32 (n, 4) LTWH in source pixels inside the frame, ``scores`` float32 (n,),
    ``sampled`` bool (n,).
    """

    frames: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    sampled: np.ndarray


def regions(
    samples: Sequence[int],
    found: Sequence[tuple[np.ndarray, np.ndarray]],
    times_s: np.ndarray,
    clip: tuple[int, int],
    frame_size: tuple[int, int],
    padding: float,
    min_score: float,
) -> list[Region]:
    """Return the regions of a clip: what was seen at least once with ``min_score`` or more.

    A weaker sighting counts only where it links with such a one, before or after it.

    ``samples``: frame numbers looked at, ascending; ``found``: boxes (k, 4) LTWH and scores (k,) in each; ``times_s``:
    all frames' times; ``clip``: its frame range, which no region leaves; ``frame_size``: (width, height). A region
    begins right after the sample before its first one and ends right before the sample after its last one, for nobody
    looked in between.
    """
    numbers = track_clip(found, times_s[list(samples)], _LINKING)
    linked: dict[int, list[tuple[int, int]]] = {}
    for at, ids in enumerate(numbers):
        for detection, number in enumerate(ids):
            linked.setdefault(int(number), []).append((at, detection))
    alone = [[sighting] for sighting in linked.pop(0, [])]
    return [
        _filled(sightings, samples, found, times_s, clip, frame_size, padding)
        for sightings in [*(linked[n] for n in sorted(linked)), *alone]
        if max(found[at][1][k] for at, k in sightings) >= min_score
    ]


def _filled(
    sightings: list[tuple[int, int]],
    samples: Sequence[int],
    found: Sequence[tuple[np.ndarray, np.ndarray]],
    times_s: np.ndarray,
    clip: tuple[int, int],
    frame_size: tuple[int, int],
    padding: float,
) -> Region:
    seen = np.array([samples[at] for at, _ in sightings])
    boxes = np.array([found[at][0][k] for at, k in sightings], np.float64)
    scores = np.array([found[at][1][k] for at, k in sightings], np.float64)
    first, last = sightings[0][0], sightings[-1][0]
    start = samples[first - 1] + 1 if first > 0 else clip[0]
    end = samples[last + 1] if last + 1 < len(samples) else clip[1]
    frames = np.arange(start, end)
    at = times_s[frames]
    between = np.stack([np.interp(at, times_s[seen], boxes[:, i]) for i in range(4)], axis=1)
    return Region(
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
