"""PySceneDetect's detectors, fed with frames of our own decoding.

Their cuts are those that PySceneDetect finds in the same frames; the change of content is computed at a fifth of its
price. Here: the detectors' parameters, and each cut's score. Not here: gradual changes (``gradual``), which all of them
but the one of fades miss or see as several cuts.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from scenedetect import (
    AdaptiveDetector,
    ContentDetector,
    FrameTimecode,
    HashDetector,
    HistogramDetector,
    StatsManager,
    ThresholdDetector,
)
from scenedetect.detector import SceneDetector

from rushes.shots.detector import Cut

_RATE = Fraction(25)  # only counts frames: lengths are given in frames too
_ZERO = 1e-5  # an average change below this is none, to the adaptive detector
_MOST = 255.0


class _ByPySceneDetect:
    """Gives frames to a detector of PySceneDetect's. Who inherits says what a cut's score is."""

    size: tuple[int, int] | None = None

    def __init__(self, detector: SceneDetector) -> None:
        self._detector = detector
        self._last: FrameTimecode | None = None
        self._cuts: list[Cut] = []

    def see(self, frame: int, picture: np.ndarray) -> None:
        """Take the next frame."""
        self._last = FrameTimecode(frame, _RATE)
        self._note(self._detector.process_frame(self._last, self._shown(picture)))

    def cuts(self) -> list[Cut]:
        """Return the cuts found."""
        if self._last is not None:
            self._note(self._detector.post_process(self._last))
        return self._cuts

    def _note(self, found: list[FrameTimecode]) -> None:
        self._cuts += [Cut(cut.frame_num, float(self._score())) for cut in found]

    def _shown(self, picture: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)

    def _score(self) -> float:
        raise NotImplementedError


class AdaptiveCuts(_ByPySceneDetect):
    """Cuts where the content changes more than around: ``AdaptiveDetector``. Score: that ratio, at most 255."""

    def __init__(self, threshold: float, min_content: float, min_shot_frames: int) -> None:
        self._adaptive = _Adaptive(
            adaptive_threshold=threshold, min_content_val=min_content, min_scene_len=min_shot_frames
        )
        super().__init__(self._adaptive)

    def _shown(self, picture: np.ndarray) -> np.ndarray:
        return picture

    def _score(self) -> float:
        return self._adaptive.ratio()


class ContentCuts(_ByPySceneDetect):
    """Cuts where the content changes by a fixed amount: ``ContentDetector``. Score: the change, 0 to 255."""

    def __init__(self, threshold: float, min_shot_frames: int) -> None:
        self._content = _Content(threshold=threshold, min_scene_len=min_shot_frames)
        super().__init__(self._content)

    def _shown(self, picture: np.ndarray) -> np.ndarray:
        return picture

    def _score(self) -> float:
        # Of cuts near one another, the latest is told of late: when no other followed.
        return self._content.latest


class HashCuts(_ByPySceneDetect):
    """Cuts where a hash of the picture's form changes: ``HashDetector``. Score: the share of bits that do."""

    def __init__(self, threshold: float, min_shot_frames: int) -> None:
        super().__init__(HashDetector(threshold=threshold, min_scene_len=min_shot_frames))
        self._figure = self._detector.stats_manager = _LatestFigure()

    def _score(self) -> float:
        return self._figure.value


class HistogramCuts(_ByPySceneDetect):
    """Cuts where the histogram of luma changes: ``HistogramDetector``. Score: 1 - correlation, 0 to 2."""

    def __init__(self, threshold: float, min_shot_frames: int) -> None:
        super().__init__(HistogramDetector(threshold=threshold, min_scene_len=min_shot_frames))
        self._figure = self._detector.stats_manager = _LatestFigure()

    def _score(self) -> float:
        return 1 - self._figure.value


class ThresholdCuts(_ByPySceneDetect):
    """Cuts in the middle of black: ``ThresholdDetector``. Score: the brightness of the first frame after it."""

    def __init__(self, threshold: float, min_shot_frames: int) -> None:
        super().__init__(ThresholdDetector(threshold=threshold, min_scene_len=min_shot_frames))
        self._figure = self._detector.stats_manager = _LatestFigure()

    def _shown(self, picture: np.ndarray) -> np.ndarray:
        return picture

    def _score(self) -> float:
        return self._figure.value


class _ContentScore(ContentDetector):
    """The mean change of hue, saturation and value of RGB frames, in one go instead of three times in 32 bits."""

    _before: np.ndarray | None = None

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: np.ndarray) -> float:
        now = cv2.cvtColor(frame_img, cv2.COLOR_RGB2HSV)
        before, self._before = self._before, now
        return 0.0 if before is None else cv2.norm(before, now, cv2.NORM_L1) / now.size


class _Adaptive(_ContentScore, AdaptiveDetector):
    def ratio(self) -> float:
        """The change of the frame just judged, over the mean of its neighbours'."""
        scores = [score for _, score in self._buffer]
        around = (sum(scores) - scores[self.window_width]) / (2 * self.window_width)
        return min(scores[self.window_width] / around, _MOST) if around > _ZERO else _MOST


class _Content(_ContentScore):
    latest = 0.0

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: np.ndarray) -> float:
        score = super()._calculate_frame_score(timecode, frame_img)
        if score >= self._threshold:
            self.latest = score
        return score


class _LatestFigure(StatsManager):
    """Holds what a detector measured of its latest frame, and nothing of those before it."""

    value = 0.0

    def set_metrics(self, timecode: int | FrameTimecode, metric_kv_dict: dict[str, Any]) -> None:
        [self.value] = metric_kv_dict.values()
