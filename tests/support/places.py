"""Made places for films of several shots: pictures of soft coloured forms, each seen by a camera that turns slowly."""

from __future__ import annotations

from functools import cache

import numpy as np

_REACH = 64


def place(number: int, at: float = 0.0, width: int = 128, height: int = 72) -> np.ndarray:
    """Return float32 (height, width, 3) RGB, 0 to 255: one of many places, the camera turned by 0 to 63 pixels."""
    whole, part = divmod(at, 1)
    wide, left = _panorama(number, width + _REACH, height), int(whole)
    return (1 - part) * wide[:, left : left + width] + part * wide[:, left + 1 : left + 1 + width]


@cache
def _panorama(number: int, width: int, height: int) -> np.ndarray:
    random = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = np.full((height, width, 3), random.uniform(20, 235, 3), np.float32)
    for _ in range(20):
        left, top, size = random.uniform(0, width), random.uniform(0, height), random.uniform(6, 22)
        picture[np.hypot(x - left, y - top) < size] = random.uniform(20, 235, 3)
    return picture
