"""Cuts by TransNet V2, hard and gradual, behind the same interface as the other detectors.

Here: where a run of high probabilities puts the border. Not here: the network (``transnet``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rushes.shots.transnet import TransNet
from rushes.shots.transnet_graph import HEIGHT, WIDTH


class TransNetCuts:
    """Finds cuts where the network's probability exceeds ``threshold``."""

    def __init__(self, net: TransNet, threshold: float) -> None:
        self._net = net
        self._threshold = threshold

    @staticmethod
    def fit(width: int, height: int) -> tuple[int, int]:
        """Return the size at which frames are to be given: the network's own, whatever the video's shape."""
        return WIDTH, HEIGHT

    def cuts(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, float]]:
        """Yield (first frame of a new shot, probability). A gradual change ends the shot where it is most probable."""
        given = list(frames)
        if not given:
            return
        probability = self._net(np.stack([picture for _, picture in given]))
        above = np.flatnonzero(probability > self._threshold)
        for run in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1):
            last = int(run[np.argmax(probability[run])]) if len(run) else len(given)
            if last + 1 < len(given):
                yield given[last + 1][0], float(probability[last])
