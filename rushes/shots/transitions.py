"""Cuts by TransNet V2, hard and gradual, behind the same interface as the other detectors.

Here: where a run of high probabilities puts the border. Not here: the network and its windows (``transnet``).
"""

from __future__ import annotations

import numpy as np

from rushes.shots.detector import Cut
from rushes.shots.transnet import TransNet, Windows
from rushes.shots.transnet_graph import HEIGHT, WIDTH


class TransNetCuts:
    """Finds cuts where the network's probability exceeds ``threshold``. Score: that probability.

    A gradual change raises several frames in a row: the shot ends where it is most probable.
    """

    size: tuple[int, int] | None = (WIDTH, HEIGHT)

    def __init__(self, net: TransNet, threshold: float) -> None:
        self._windows = Windows(net)
        self._threshold = threshold
        self._first: int | None = None
        self._probabilities: list[np.ndarray] = []

    def see(self, frame: int, picture: np.ndarray) -> None:
        """Take the next frame."""
        if self._first is None:
            self._first = frame
        told = self._windows.see(picture)
        if len(told):
            self._probabilities.append(told)

    def cuts(self) -> list[Cut]:
        """Return the cuts found."""
        if self._first is None:
            return []
        probability = np.concatenate([*self._probabilities, self._windows.end()])
        above = np.flatnonzero(probability > self._threshold)
        cuts = []
        for run in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1):
            last = int(run[np.argmax(probability[run])]) if len(run) else len(probability)
            if last + 1 < len(probability):
                cuts.append(Cut(self._first + last + 1, float(probability[last])))
        return cuts
