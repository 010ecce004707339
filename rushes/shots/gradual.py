"""Gradual changes between shots, seen beside any detector of hard cuts: each is one cut, in its middle.

Here: how the two are brought together. Not here: what a dissolve and a fade look like (``dissolves``, ``fades``).
"""

from __future__ import annotations

import cv2
import numpy as np

from rushes.shots.detector import Change, Cut, CutDetector
from rushes.shots.dissolves import Dissolves
from rushes.shots.fades import Fades

# Of a picture so small, sums are quick and noise and small motions do not show.
_WIDTH, _HEIGHT = 32, 18


class WithGradual:
    """A detector of hard cuts, and beside it dissolves and fades. What it finds within one of these is that change.

    Scores of gradual cuts are 0 to 1. ``min_shot_frames``: what the detector was told, for cuts of both kinds.
    """

    def __init__(self, hard: CutDetector, min_shot_frames: int) -> None:
        self.size = hard.size
        self._hard, self._min_shot_frames = hard, min_shot_frames
        self._fades, self._dissolves = Fades(), Dissolves()
        self._first: int | None = None
        self._seen = 0

    def see(self, frame: int, picture: np.ndarray) -> None:
        """Take the next frame."""
        if self._first is None:
            self._first = frame
        self._seen += 1
        self._hard.see(frame, picture)
        tiny = tiny_luma(picture)
        self._fades.see(tiny)
        self._dissolves.see(tiny)

    def cuts(self) -> list[Cut]:
        """Return the cuts of both kinds."""
        hard = self._hard.cuts()
        if self._first is None:
            return hard
        fades = self._fades.changes()
        changes = fades + [change for change in self._dissolves.changes() if not _touches(change, fades)]
        return joined(hard, [_moved(change, self._first) for change in changes], self._min_shot_frames, self._span())

    def _span(self) -> tuple[int, int]:
        assert self._first is not None
        return self._first, self._first + self._seen


def tiny_luma(picture: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) RGB to float32 (18, 32): luma averaged down to 32x18, 0 to 255."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)


def joined(hard: list[Cut], changes: list[Change], min_shot_frames: int, span: tuple[int, int]) -> list[Cut]:
    """Return the cuts within the frames ``span``: hard cuts that lie in no gradual change, and the changes' own.

    Of the latter, those that would make a shot shorter than ``min_shot_frames`` are left out.
    """
    cuts = [cut for cut in hard if not any(change.start <= cut.frame <= change.end for change in changes)]
    for frame, score in sorted((change.cut, change.score) for change in changes if change.cut is not None):
        borders = [*span, *(cut.frame for cut in cuts)]
        if min(abs(frame - border) for border in borders) >= min_shot_frames:
            cuts.append(Cut(frame, score))
    return sorted(cuts)


def _touches(change: Change, others: list[Change]) -> bool:
    return any(change.start < other.end and other.start < change.end for other in others)


def _moved(change: Change, frames: int) -> Change:
    cut = None if change.cut is None else change.cut + frames
    return Change(change.start + frames, change.end + frames, cut, change.score)
