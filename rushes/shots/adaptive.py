"""Cuts by PySceneDetect's AdaptiveDetector, fed with frames of our own decoding.

Here: the detector's parameters and the score of a cut. Not here: what is done with a cut (``cut``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode

# PySceneDetect scales frames down to this width before it looks at them.
_WIDTH = 256


class AdaptiveCuts(AdaptiveDetector):
    """Finds hard cuts by comparing each frame's change with its neighbours'."""

    def __init__(self, threshold: float, min_content: float, min_shot_frames: int) -> None:
        super().__init__(adaptive_threshold=threshold, min_content_val=min_content, min_scene_len=min_shot_frames)

    @staticmethod
    def fit(width: int, height: int) -> tuple[int, int]:
        """Return the size at which frames are to be given."""
        scale = min(1.0, _WIDTH / width)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def cuts(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, float]]:
        """Yield (first frame of a new shot, ratio of its change to its neighbours') of consecutive RGB frames."""
        rate = Fraction(25)  # only counts frames: lengths are given in frames too
        for number, picture in frames:
            image = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            for cut in self.process_frame(FrameTimecode(number, rate), image):
                yield cut.frame_num, self._ratio()

    def _ratio(self) -> float:
        """The adaptive ratio of the frame just judged, capped at 255 as the detector does."""
        scores = [score for _, score in self._buffer]
        around = (sum(scores) - scores[self.window_width]) / (2 * self.window_width)
        return min(scores[self.window_width] / around, 255.0) if around > 1e-5 else 255.0
