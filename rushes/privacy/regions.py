"""From boxes found in sampled frames to regions that cover every frame.

Here: linking samples, filling the frames between and around them, padding. Not here: finding (``faces``) and hiding
(``redact``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.tracking.boxes import iou_matrix
from rushes.tracking.bytetrack import TrackerParams, track_clip

# All sightings are linked alike, whatever their score; a face lost for a while is most likely still there.
_LINKING = TrackerParams(
    track_thresh=0.0, new_track_margin=0.0, low_thresh=0.0, track_buffer_s=2.0, min_hits=1, fuse_score=False
)

# Overlap of a face's boxes in two samples from which on the frames between are safe to interpolate.
_STEADY = 0.5


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


def frames_to_search(
    samples: Sequence[int], found: Sequence[tuple[np.ndarray, np.ndarray]], times_s: np.ndarray, min_score: float
) -> list[int]:
    """Return the frames between samples that have to be looked at, too: those between which a face comes, goes or runs.

    Arguments as in ``regions``. A face that stays about where it was is covered by interpolation; one that was in only
    one of two samples, or whose boxes in them overlap by less than half, is not.
    """
    numbers = track_clip(found, times_s[list(samples)], _LINKING)
    best: dict[int, float] = {}
    for ids, (_, scores) in zip(numbers, found, strict=True):
        for number, score in zip(ids.tolist(), scores.tolist(), strict=True):
            best[number] = max(score, best.get(number, 0.0))
    frames: list[int] = []
    for at in range(len(samples) - 1):
        here, there = (
            {
                number: box
                for number, box in zip(numbers[i].tolist(), found[i][0], strict=True)
                if best[number] >= min_score
            }
            for i in (at, at + 1)
        )
        if here.keys() != there.keys() or any(_overlap(here[n], there[n]) < _STEADY for n in here):
            frames += range(samples[at] + 1, samples[at + 1])
    return frames


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(iou_matrix(a[None], b[None])[0, 0])


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
