"""What the detectors of this room give.

Here: that one type, and boxes cut at a frame's border. Not here: the detectors (``faces``, ``plates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np


@dataclass(frozen=True)
class Found:
    """What a detector sees in one frame, best first."""

    boxes: np.ndarray
    """float32 (n, 4): left, top, width, height in pixels of the frame that was given, inside of it."""
    scores: np.ndarray
    """float32 (n,): 0 to 1."""


class Finder(Protocol):
    """A detector of one kind of thing that must not be shown."""

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Found]:
        """What is in each frame; frames are uint8 (h, w, 3) RGB."""


def select(corners: np.ndarray, scores: np.ndarray, frame: np.ndarray, threshold: float, overlap: float) -> Found:
    """Return the best of the proposals, and of those that overlap a better one by more than ``overlap``, none.

    ``corners`` (n, 4): left, top, right, bottom in pixels of the frame, beyond its border as well; ``scores`` (n,).
    """
    limits = np.array([frame.shape[1], frame.shape[0]], np.float32)
    low, high = np.clip(corners[:, :2], 0, limits), np.clip(corners[:, 2:], 0, limits)
    inside = (high - low >= 1).all(axis=1)
    boxes = np.concatenate([low, high - low], axis=1).astype(np.float32)[inside]
    scores = scores[inside]
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), threshold, overlap)
    order = np.asarray(kept, dtype=np.intp).reshape(-1)
    return Found(boxes[order], scores[order].astype(np.float32))
