"""Where tracked boxes are expected next: a constant-velocity Kalman filter over many boxes at once.

Here: the state of n boxes as arrays, predicted over any span of time and corrected by measured boxes. Not here: which
measurement belongs to which box (``bytetrack``).

The model is SORT's and ByteTrack's (Bewley et al., ICIP 2016; Zhang et al., ECCV 2022) over centre, width and height,
each with a velocity, and noise in proportion to the box's size. Two things differ. Time is in seconds, and the noise
is that of continuous white acceleration, so that two short predictions equal one long one and uneven frame times need
no special case. And as no noise term couples two coordinates, the 8 × 8 covariance is exactly four 2 × 2 ones, kept
as three numbers a coordinate: no matrix is ever multiplied or inverted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoxMotion"]

# Standard deviations, as parts of the box's size (the root of its area): ByteTrack's, which are per frame at 30 frames
# a second: a measurement of 1/20, 1/20 of drift, 10/160 of first velocity; and of velocity 1/320, half of theirs, with
# which benchmarks/association.py finds fewer changes of track in every scene.
_MEASURED = 1 / 20
_DRIFT = 1 / 20 * 30**0.5  # after one second
_ACCELERATION = 30 / 320 * 30**0.5  # change of velocity, sizes a second, after one second
_FIRST_POSITION = 2 / 20
_FIRST_VELOCITY = 30 * 10 / 160  # sizes a second
_SMALLEST = 1.0  # pixels: a side predicted shorter is held here, so that scales stay positive


class BoxMotion:
    """The filtered centre, size and velocity of n boxes, in the order in which they were added."""

    def __init__(self) -> None:
        # Mean, velocity, variance of the mean, covariance, variance of the velocity; each (n, 4) over (x, y, w, h).
        self._state = np.empty((5, 0, 4))

    def __len__(self) -> int:
        return self._state.shape[1]

    def boxes(self) -> NDArray[np.float64]:
        """The boxes (n, 4) as left, top, width, height."""
        boxes = self._state[0].copy()
        boxes[:, :2] -= boxes[:, 2:] / 2
        return boxes

    def add(self, boxes: NDArray[np.floating]) -> None:
        """Append boxes (m, 4), at rest."""
        centred = _centred(boxes)
        variance = np.broadcast_to(_scale(centred) ** 2, centred.shape)
        zero = np.zeros_like(centred)
        fresh = [centred, zero, variance * _FIRST_POSITION**2, zero, variance * _FIRST_VELOCITY**2]
        self._state = np.concatenate([self._state, np.stack(fresh)], axis=1)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the boxes for which ``mask`` (n,) is false."""
        self._state = self._state[:, mask]

    def predict(self, seconds: float, unseen: NDArray[np.bool_]) -> None:
        """Move every box on by ``seconds`` ≥ 0. Those ``unseen`` (n,) keep their size, whose trend is weak."""
        mean, velocity, variance, covariance, velocity_variance = self._state
        velocity[unseen, 2:] = 0.0
        noise = _scale(mean) ** 2
        mean += velocity * seconds
        np.maximum(mean[:, 2:], _SMALLEST, out=mean[:, 2:])
        variance += seconds * (2 * covariance + seconds * velocity_variance)
        variance += noise * (_DRIFT**2 * seconds + _ACCELERATION**2 * seconds**3 / 3)
        covariance += seconds * velocity_variance + noise * (_ACCELERATION**2 * seconds**2 / 2)
        velocity_variance += noise * (_ACCELERATION**2 * seconds)

    def shift(self, step: NDArray[np.float64], seconds: float) -> None:
        """Move every box by ``step`` (2,) beyond what was expected after ``seconds``, and on at that pace."""
        self._state[0, :, :2] += step
        if seconds > 0:
            self._state[1, :, :2] += step / seconds

    def correct(self, rows: NDArray[np.intp], boxes: NDArray[np.floating]) -> None:
        """Take the measured ``boxes`` (m, 4) for the boxes numbered ``rows`` (m,), each at most once."""
        mean, velocity, variance, covariance, velocity_variance = self._state[:, rows]
        total = variance + (_MEASURED * _scale(mean)) ** 2
        surprise = _centred(boxes) - mean
        gain, velocity_gain = variance / total, covariance / total
        mean += gain * surprise
        np.maximum(mean[:, 2:], _SMALLEST, out=mean[:, 2:])
        velocity += velocity_gain * surprise
        velocity_variance -= velocity_gain * covariance
        self._state[:, rows] = np.stack(
            [mean, velocity, (1 - gain) * variance, (1 - gain) * covariance, velocity_variance]
        )


def _centred(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Left, top, width, height → centre x, centre y, width, height."""
    centred = np.array(boxes, np.float64)
    centred[:, :2] += centred[:, 2:] / 2
    np.maximum(centred[:, 2:], _SMALLEST, out=centred[:, 2:])
    return centred


def _scale(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length (n, 1) that noise is measured against: the side of a square of the box's area."""
    return np.sqrt(centred[:, 2:3] * centred[:, 3:4])
