"""Small frames at a low price: some pixels of each decoded frame, without an average over all.

PySceneDetect scales the same way, so its detectors' scores and thresholds mean the same. Averaging takes three times
as long and lowers the scores of grainy pictures by a fifth. Here: those frames. Not here: decoding, frames for models
and people (``rushes.video``).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

# PySceneDetect's detectors look at frames whose longer side is this long.
_LONGER_SIDE = 256


def fit(width: int, height: int) -> tuple[int, int]:
    """Return the even (width, height) at which frames of that size are looked at; never larger, save to be even."""
    scale = min(1.0, _LONGER_SIDE / max(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


class Sampler:
    """Makes small pictures out of one video's decoded frames, all of one size. They are not turned upright."""

    def __init__(self) -> None:
        self._planes: tuple[np.ndarray, ...] = ()
        self._whole = np.empty((0, 0), np.uint8)
        self._size = (0, 0)
        self._scaling = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """Return uint8 (h, w, 3) RGB, in a colour space of no name: good for comparing frames, not for looking at."""
        if not self._planes:
            self._prepare(*fit(frame.width, frame.height))
        if frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG:
            planes = frame.planes
            if all(plane.line_size > 0 for plane in planes):
                return self._from_planes(planes)
        small = self._scaling.reformat(
            frame, *self._size, format="rgb24", interpolation=Interpolation.FAST_BILINEAR, threads=1
        )
        picture: np.ndarray = small.to_ndarray()
        return picture

    def _prepare(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._whole = np.empty((height * 3 // 2, width), np.uint8)
        y, u, v = np.split(self._whole.reshape(-1), [width * height, width * height * 5 // 4])
        half = (height // 2, width // 2)
        self._planes = (y.reshape(height, width), u.reshape(half), v.reshape(half))

    def _from_planes(self, planes: Sequence[VideoPlane]) -> np.ndarray:
        """Scale each plane before its pixels become RGB, so that there are few of them."""
        for plane, small in zip(planes, self._planes, strict=True):
            given = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            cv2.resize(given, small.shape[::-1], dst=small, interpolation=cv2.INTER_LINEAR)
        return cv2.cvtColor(self._whole, cv2.COLOR_YUV2RGB_I420)
