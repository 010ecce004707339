"""What can be measured of a clip's pictures without a model.

Here: figures of single frames and of steps between them, gathered over a clip. Not here: thresholds (``rules``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

# Sharpness is judged at one height, or it would tell of the resolution instead of the lens.
_LINES = 360
_FLOW_LINES = 90
# A mean change of luma below this, of 255, is coding noise.
_STILL = 0.5


@dataclass
class ClipMetrics:
    """Gathers the figures of one clip; give it sampled frames in order, then read ``result``."""

    _sharpness: list[float] = field(default_factory=list)
    _exposure: list[float] = field(default_factory=list)
    _contrast: list[float] = field(default_factory=list)
    _motion: list[float] = field(default_factory=list)
    _still: list[bool] = field(default_factory=list)
    _last: tuple[np.ndarray, float] | None = None
    _flow: cv2.DISOpticalFlow = field(default_factory=lambda: cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST))

    def add(self, picture: np.ndarray, time_s: float) -> None:
        """Take in one frame, uint8 (h, w, 3) RGB."""
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        self._sharpness.append(float(cv2.Laplacian(_scaled(luma, _LINES), cv2.CV_32F).var()))
        mean, deviation = cv2.meanStdDev(luma)
        self._exposure.append(float(mean[0, 0]) / 255)
        self._contrast.append(float(deviation[0, 0]) / 255)
        small = _scaled(luma, _FLOW_LINES)
        if self._last is not None:
            before, then = self._last
            flow = self._flow.calc(before, small, np.empty(0, np.float32))
            length = np.hypot(flow[..., 0], flow[..., 1])
            self._motion.append(float(np.percentile(length, 90)) / small.shape[0] / (time_s - then))
            self._still.append(float(cv2.absdiff(before, small).mean()) < _STILL)
        self._last = (small, time_s)

    def result(self) -> dict[str, float]:
        """Return the clip's metrics, named as the columns of ``filtered_clips``."""
        return {
            "sharpness": float(np.median(self._sharpness)),
            "exposure": float(np.mean(self._exposure)),
            "contrast": float(np.mean(self._contrast)),
            "motion": float(np.mean(self._motion)) if self._motion else 0.0,
            "stillness": float(np.mean(self._still)) if self._still else 0.0,
        }


def _scaled(luma: np.ndarray, lines: int) -> np.ndarray:
    height, width = luma.shape
    if height == lines:
        return luma
    size = (max(16, round(width * lines / height)), lines)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA if height > lines else cv2.INTER_LINEAR)
