"""Following one thing from sample to sample: the detector looks at small crops where it should be.

A crop costs a few hundredths of a frame, so what moves, comes or goes between two samples can be found there where
interpolation would miss it. Here: where to look next, and in how large a crop. Not here: which frames are sampled
(``search``), and what is hidden in frames where nobody looked (``regions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from rushes.privacy.found import Finder
from rushes.tracking.boxes import iou_matrix

# Overlap of two boxes of the same thing from which on the frames between are safe to interpolate.
_STEADY = 0.5
# And overlap with the middle of the way from one to the other from which on it moves evenly.
_ON_THE_WAY = 0.7
# How far a crop reaches beyond the box that is expected, in longer sides of that box.
_REACH = 0.8
# A box counts as the same thing up to this ratio of heights.
_RATIO = 2.0
# How long a thing is taken to keep its speed.
_RECENT_S = 0.35
_SHIFT = 4.0  # pixels: a guess that differs by less is not worth another look


@dataclass
class Path:
    """Where one thing was seen, and where not. ``boxes``: float64 (4,) LTWH in pixels of the pictures, by frame."""

    boxes: dict[int, np.ndarray] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)

    def add(self, frame: int, box: np.ndarray, score: float) -> None:
        """Note that it was seen."""
        self.boxes[frame], self.scores[frame] = np.asarray(box, np.float64), score
        self.absent.discard(frame)


def needs_following(path: Path, start: int, end: int) -> bool:
    """Tell whether it comes, goes or runs between two frames that were looked at."""
    if end - start <= 1:
        return False
    if start in path.boxes and end in path.boxes:
        return _overlap(path.boxes[start], path.boxes[end]) < _STEADY
    return start in path.boxes or end in path.boxes


class Follower:
    """Looks for one thing in the pictures between two samples, and notes in its path what it finds.

    ``side``: pixels to which a box's longer side is scaled down before it is looked for; smaller is quicker.
    """

    def __init__(
        self, finder: Finder, side: int, times_s: np.ndarray, pictures: Mapping[int, np.ndarray], path: Path
    ) -> None:
        self._finder, self._side = finder, side
        self._times_s, self._pictures, self._path = times_s, pictures, path

    def between(self, start: int, end: int) -> None:
        """Follow it through the frames between two that were looked at (or that lie just outside the clip)."""
        boxes = self._path.boxes
        if not needs_following(self._path, start, end):
            return
        if start in boxes and end in boxes:
            self._meet(start, end)
        elif start in boxes:
            self._walk(start, end)
        else:
            self._walk(end, start)

    def _meet(self, start: int, end: int) -> None:
        """From two frames in which it was seen: halve where it is on the way from one to the other, else walk."""
        boxes = self._path.boxes
        middle = (start + end) // 2
        share = (middle - start) / (end - start)
        halfway = boxes[start] * (1 - share) + boxes[end] * share
        if not self._look(middle, halfway, np.abs(boxes[end][:2] - boxes[start][:2]) / 4):
            self._walk(start, middle)
            self._walk(end, middle)
        elif _overlap(boxes[middle], halfway) < _ON_THE_WAY:
            self.between(start, middle)
            self.between(middle, end)

    def _walk(self, at: int, end: int) -> None:
        """From a frame in which it was seen towards one in which it was not: halve, and go on from where it is found.

        A frame where it was missed is looked at once more when, seen from nearer, it should be elsewhere in it.
        """
        missed, guesses = [end], dict[int, np.ndarray]()
        while True:
            near = abs(missed[-1] - at) <= 1
            frame = missed[-1] if near else (at + missed[-1]) // 2
            guess = self._expected(at, frame)
            if near and (frame == end or np.abs(guesses[frame] - guess).max() < _SHIFT):
                return
            guesses[frame] = guess
            if self._look(frame, guess, np.zeros(2)):
                self.between(min(at, frame), max(at, frame))
                at = frame
                if near:
                    missed.pop()
            elif near:
                return
            else:
                missed.append(frame)

    def _expected(self, at: int, frame: int) -> np.ndarray:
        """Its box in ``frame``, had it gone on from ``at`` as it came there."""
        times, boxes = self._times_s, self._path.boxes
        back = -1 if frame > at else 1
        before = [n for n in boxes if (n - at) * back > 0 and abs(times[n] - times[at]) <= _RECENT_S]
        if not before or not 0 <= frame < len(times):
            return boxes[at]
        last = min(before, key=lambda n: abs(n - at))
        way = (boxes[at] - boxes[last]) * (times[frame] - times[at]) / (times[at] - times[last])
        return boxes[at] + np.array([way[0], way[1], 0, 0])

    def _look(self, frame: int, guess: np.ndarray, way: np.ndarray) -> bool:
        found = _nearest(self._finder, self._side, self._pictures[frame], guess, way)
        if found is not None and found[2]:
            box = found[0]
            around = np.concatenate([box[:2] + (box[2:] - guess[2:]) / 2, guess[2:]])
            found = _nearest(self._finder, self._side, self._pictures[frame], around, np.zeros(2)) or found
        if found is None:
            self._path.absent.add(frame)
            return False
        self._path.add(frame, found[0], found[1])
        return True


def _nearest(
    finder: Finder, smaller: int, picture: np.ndarray, guess: np.ndarray, way: np.ndarray
) -> tuple[np.ndarray, float, bool] | None:
    """Return the box and score of what is nearest to the guess and about as large; None if nothing is.

    The third tells that it is cut off at the crop's border, which is not the picture's.
    """
    side = max(guess[2:])
    limit = np.array([picture.shape[1], picture.shape[0]])
    low = np.clip(guess[:2] - way - _REACH * side, 0, limit).astype(int)
    high = np.ceil(np.clip(guess[:2] + guess[2:] + way + _REACH * side, 0, limit)).astype(int)
    if (high - low < 8).any():
        return None
    crop = picture[low[1] : high[1], low[0] : high[0]]
    if side > smaller:
        width, height = np.maximum(8, np.round((high - low) * smaller / side)).astype(int).tolist()
        crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    (found,) = finder([crop])
    scale = (high - low) / np.array([crop.shape[1], crop.shape[0]])
    boxes = found.boxes * np.tile(scale, 2) + np.concatenate([low, [0, 0]])
    alike = np.flatnonzero(np.abs(np.log(boxes[:, 3] / guess[3])) <= np.log(_RATIO))
    if not len(alike):
        return None
    away = np.abs(boxes[alike, :2] + boxes[alike, 2:] / 2 - guess[:2] - guess[2:] / 2).sum(axis=1)
    best = alike[int(away.argmin())]
    box = boxes[best]
    cut = ((box[:2] <= low + scale) & (low > 0)) | ((box[:2] + box[2:] >= high - scale) & (high < limit))
    return box, float(found.scores[best]), bool(cut.any())


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(iou_matrix(a[None], b[None])[0, 0])
