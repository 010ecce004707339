"""Where a track's crop lies in each frame: TrackVerse's rules, by which an object stays steady in its own video.

Here: geometry alone. Not here: pixels and files (``track_crops``), which tracks have a crop (``trackverse``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

# Boxes are smoothed over as many samples as there are in this time (the Gaussian's standard deviation).
_SMOOTHED_S = 0.66
_NARROWEST, _WIDEST = 2 / 3, 3 / 2
# A box without area has no shape; nothing smaller than a pixel can be cut out.
_SMALLEST = 1.0


@dataclass(frozen=True)
class CropPath:
    """``boxes`` float64 (n, 4) left, top, width, height in pixels, inside the frame and all of one shape, at
    ``times_s`` float64 (n,) ascending; ``size`` is the (width, height) that crops are scaled to, both even."""

    times_s: np.ndarray
    boxes: np.ndarray
    size: tuple[int, int]

    def at(self, time_s: float) -> np.ndarray:
        """Return the box float64 (4,) at a moment, between two boxes by interpolation; the nearest one outside."""
        return np.array([np.interp(time_s, self.times_s, side) for side in self.boxes.T])


def crop_path(times_s: np.ndarray, boxes: np.ndarray, frame_size: tuple[int, int]) -> CropPath:
    """Return the crop's path along a track.

    ``times_s`` float64 (n,) ascending; ``boxes`` (n, 4) left, top, width, height, of which any may reach out of the
    frame; ``frame_size`` is its (width, height). Smoothed, each box is made wider or higher until all have the track's
    mean shape, which is held between 2:3 and 3:2; one that is then larger than the frame is scaled down, and all are
    moved inside. After TrackVerse's ``extract_tracks.py``, which leaves a box too high when it is too wide as well.
    """
    smooth = np.asarray(boxes, np.float64)
    if deviation := _deviation(times_s):
        smooth = gaussian_filter1d(smooth, deviation, axis=0, mode="reflect")
    centres = smooth[:, :2] + smooth[:, 2:] / 2
    w, h = np.maximum(smooth[:, 2:], _SMALLEST).T
    shape = float(np.clip((w / h).mean(), _NARROWEST, _WIDEST))
    sides = np.stack([np.maximum(w, h * shape), np.maximum(h, w / shape)], axis=1)
    limit = np.array(frame_size, np.float64)
    sides *= np.minimum(1.0, (limit / sides).min(axis=1, keepdims=True))
    corners = np.clip(centres - sides / 2, 0, limit - sides)
    width, height = (max(2, int(mean) // 2 * 2) for mean in sides.mean(axis=0))
    return CropPath(times_s, np.concatenate([corners, sides], axis=1), (width, height))


def _deviation(times_s: np.ndarray) -> int:
    """Return the Gaussian's standard deviation in samples; 0 for boxes too far apart to be smoothed."""
    return int(_SMOOTHED_S / float(np.diff(times_s).mean())) if len(times_s) > 1 else 0
