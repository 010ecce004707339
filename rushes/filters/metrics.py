"""What can be measured of a clip's pictures without a model.

Here: figures of single frames and of steps between them, gathered over a clip; their names are columns of
``filtered_clips``. Not here: bars (``letterbox``), text pages (``slides``), models (``predictors``, ``cartoon``),
thresholds (``rules``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from rushes.filters.letterbox import Bars
from rushes.filters.slides import looks_like_a_page

# Sharpness is judged at one height, or it would tell of the resolution instead of the lens.
_LINES = 360
_FLOW_LINES = 90
# A mean change of luma below this, of 255, is coding noise.
_STILL = 0.5
# Share of the flow's vectors that are shorter: the camera's own motion, the usual, and TrackVerse's measure.
_QUANTILES = (10, 50, 90)
# Where luma is cut off at black or white, noise does not show.
_DARKEST, _BRIGHTEST, _LEAST_SEEN = 8, 247, 0.05
# The response of Immerkaer's mask to noise of deviation 1, of which the median is 0.6745 deviations.
_NOISE_GAIN = 6 * 0.6745
_OPPONENT = np.array([[1, -1, 0], [0.5, 0.5, -1]], np.float32)


@dataclass
class ClipMetrics:
    """Gathers the figures of one clip; give it sampled frames of one size in order, then read ``result``."""

    _frames: list[tuple[float, ...]] = field(default_factory=list)
    _pages: list[bool] = field(default_factory=list)
    _motion: list[np.ndarray] = field(default_factory=list)
    _still: list[bool] = field(default_factory=list)
    _bars: Bars = field(default_factory=Bars)
    _last: tuple[np.ndarray, float] | None = None
    _flow: cv2.DISOpticalFlow = field(default_factory=lambda: cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST))

    def add(self, picture: np.ndarray, time_s: float) -> None:
        """Take in one frame, uint8 (h, w, 3) RGB."""
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        standard = _scaled(luma, _LINES)
        edges = cv2.Laplacian(standard, cv2.CV_16S)
        _, edge_deviation = cv2.meanStdDev(edges)
        mean, deviation = cv2.meanStdDev(luma)
        self._frames.append(
            (
                float(edge_deviation[0, 0]) ** 2,
                float(mean[0, 0]) / 255,
                float(deviation[0, 0]) / 255,
                colourfulness(picture),
                noise(luma),
            )
        )
        self._pages.append(looks_like_a_page(standard, edges))
        self._bars.add(luma)
        self._step(_scaled(luma, _FLOW_LINES), time_s)

    def _step(self, small: np.ndarray, time_s: float) -> None:
        if self._last is not None:
            before, then = self._last
            flow = self._flow.calc(before, small, np.empty(0, np.float32))
            length = cv2.magnitude(flow[..., 0], flow[..., 1])
            self._motion.append(np.percentile(length, _QUANTILES) / small.shape[0] / (time_s - then))
            self._still.append(float(cv2.absdiff(before, small).mean()) < _STILL)
        self._last = (small, time_s)

    def result(self) -> dict[str, float]:
        """Return the clip's metrics, named as the columns of ``filtered_clips``."""
        sharpness, exposure, contrast, colours, noises = np.array(self._frames).T
        p10, p50, p90 = np.mean(self._motion, axis=0) if self._motion else (0.0, 0.0, 0.0)
        figures = {
            "sharpness": float(np.median(sharpness)),
            "exposure": float(exposure.mean()),
            "contrast": float(contrast.mean()),
            "colourfulness": float(colours.mean()),
            "noise": float(np.median(noises)),
            "motion_p10": float(p10),
            "motion_p50": float(p50),
            "motion": float(p90),
            "stillness": float(np.mean(self._still)) if self._still else 0.0,
            "letterbox": self._bars.share(),
            "slides": float(np.mean(self._pages)),
        }
        return {**figures, "quality": quality(figures)}


def colourfulness(picture: np.ndarray) -> float:
    """Return how colourful a picture, uint8 (h, w, 3) RGB, is: 0 grey, 33 moderately, 59 quite, 109 extremely.

    Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), their M3. Every second pixel of every
    second line is looked at.
    """
    sampled = np.ascontiguousarray(picture[::2, ::2]).astype(np.float32)
    mean, deviation = cv2.meanStdDev(cv2.transform(sampled, _OPPONENT))
    return float(np.hypot(*deviation[:, 0]) + 0.3 * np.hypot(*mean[:, 0]))


def noise(luma: np.ndarray) -> float:
    """Return the deviation of the noise in uint8 (h, w), of 255: 0 to 63, and 0 where too little can be seen.

    Immerkaer, "Fast noise variance estimation" (1996), with the median of his mask's response in place of the mean, so
    that edges count little.
    """
    mask = np.array([1, -2, 1], np.float32)
    response = cv2.convertScaleAbs(cv2.sepFilter2D(luma, cv2.CV_16S, mask, mask))
    seen = cv2.inRange(luma, _DARKEST, _BRIGHTEST)
    counts = cv2.calcHist([response], [0], seen, [256], [0, 256]).ravel().cumsum()
    half = counts[-1] / 2
    at = int(np.searchsorted(counts, half))
    if at == 0 or counts[-1] < _LEAST_SEEN * luma.size:
        return 0.0
    # A response of n stands for all from n - 1/2 to n + 1/2.
    median = at - 0.5 + (half - counts[at - 1]) / (counts[at] - counts[at - 1])
    return float(median) / _NOISE_GAIN


def quality(figures: dict[str, float]) -> float:
    """Return a plain figure of technical quality, 0 to 1: no model's, and nothing to do with beauty.

    The geometric mean of four shares: sharpness over sharpness + 100, contrast over 0.2 (at most 1), 1 less the square
    of exposure's distance from the middle, and 1 over 1 + the square of noise over 5.
    """
    shares = (
        figures["sharpness"] / (figures["sharpness"] + 100),
        min(1.0, figures["contrast"] / 0.2),
        1 - (2 * figures["exposure"] - 1) ** 2,
        1 / (1 + (figures["noise"] / 5) ** 2),
    )
    return float(np.prod(np.clip(shares, 0, 1)) ** 0.25)


def _scaled(luma: np.ndarray, lines: int) -> np.ndarray:
    height, width = luma.shape
    if height == lines:
        return luma
    size = (max(16, round(width * lines / height)), lines)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA if height > lines else cv2.INTER_LINEAR)
