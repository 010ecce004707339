"""Find cuts with TransNet V2.

Here: colour histograms, and the windows in which the network sees a video. Not here: the network's layout
(``rushes.shots.transnet_graph``), scaling frames, and choosing shots from probabilities.
"""

from __future__ import annotations

import numpy as np

from rushes.errors import ModelError
from rushes.models.checkpoint import read_state_dict
from rushes.models.inference import onnx_session
from rushes.models.registry import locate
from rushes.shots.transnet_graph import HEIGHT, HISTOGRAM_BINS, WIDTH, WINDOW, gaps, transition_graph

_STEP = 50
_MARGIN = (WINDOW - _STEP) // 2


class TransNet:
    """TransNet V2. Raises ``ModelError`` for a model that is unknown or wrong."""

    def __init__(self, model: str = "transnetv2") -> None:
        self.file = locate(model)
        try:
            graph = transition_graph(read_state_dict(self.file.path))
        except KeyError as missing:
            raise ModelError(f"{self.file.path} has no weight {missing}: give those of TransNet V2") from None
        self._session = onnx_session(graph)
        self._gaps = gaps()

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """uint8 (100, 27, 48, 3) RGB, a window, to float32 (100,): the probability that frame i is its shot's last."""
        if frames.dtype != np.uint8 or frames.shape != (WINDOW, HEIGHT, WIDTH, 3):
            raise ValueError(
                f"a window must be uint8 ({WINDOW}, {HEIGHT}, {WIDTH}, 3), not {frames.dtype} {frames.shape}"
            )
        inputs = {"frames": frames, "histograms": colour_histograms(frames), "gaps": self._gaps}
        (window,) = self._session.run(None, inputs)
        probabilities: np.ndarray = window[:, 0]
        return probabilities


class Windows:
    """Shows a network a video of any length, frame by frame, and holds one window of it.

    A video is seen in windows of 100 frames, 50 apart, of which the middle 50 count; its first and last frames are
    repeated beyond its ends (the rule of the network's authors).
    """

    def __init__(self, net: TransNet) -> None:
        self._net = net
        self._window = np.empty((WINDOW, HEIGHT, WIDTH, 3), np.uint8)
        self._filled = 0
        self._owed = 0  # frames seen whose probability is not told yet

    def see(self, frame: np.ndarray) -> np.ndarray:
        """Take uint8 (27, 48, 3) RGB; return float32 (n,), the probabilities of the next n frames that are known."""
        if frame.dtype != np.uint8 or frame.shape != (HEIGHT, WIDTH, 3):
            raise ValueError(f"a frame must be uint8 ({HEIGHT}, {WIDTH}, 3), not {frame.dtype} {frame.shape}")
        if not self._filled:
            self._window[:_MARGIN] = frame
            self._filled = _MARGIN
        self._window[self._filled] = frame
        self._filled += 1
        self._owed += 1
        return self._told() if self._filled == WINDOW else np.empty(0, np.float32)

    def end(self) -> np.ndarray:
        """Return the probabilities of all frames that are left."""
        told = [np.empty(0, np.float32)]
        while self._owed:
            self._window[self._filled :] = self._window[self._filled - 1]
            told.append(self._told())
        return np.concatenate(told)

    def _told(self) -> np.ndarray:
        count = min(_STEP, self._owed)
        told = self._net(self._window)[_MARGIN : _MARGIN + count]
        self._window[: WINDOW - _STEP] = self._window[_STEP:].copy()
        self._filled = WINDOW - _STEP
        self._owed -= count
        return told


def colour_histograms(frames: np.ndarray) -> np.ndarray:
    """uint8 (n, h, w, 3) to float32 (n, 512): how often each colour (3 bits a channel) occurs, as unit vectors."""
    bits = (frames >> 5).astype(np.intp)
    colours = (bits[..., 0] << 6 | bits[..., 1] << 3 | bits[..., 2]).reshape(
        len(frames), frames.shape[1] * frames.shape[2]
    )
    counts = np.zeros((len(frames), HISTOGRAM_BINS), np.float32)
    for frame, row in zip(colours, counts, strict=True):
        row[:] = np.bincount(frame, minlength=HISTOGRAM_BINS)
    unit: np.ndarray = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    return unit
