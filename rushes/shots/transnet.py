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
        """uint8 (n, 27, 48, 3) RGB to float32 (n,): the probability that frame i is the last of its shot.

        A video is seen in windows of 100 frames, 50 apart, of which the middle 50 count; its first and last frames
        are repeated beyond its ends (the rule of the network's authors). A gradual change raises several frames in a
        row.
        """
        if frames.dtype != np.uint8 or frames.shape[1:] != (HEIGHT, WIDTH, 3):
            raise ValueError(f"frames must be uint8 (n, {HEIGHT}, {WIDTH}, 3), not {frames.dtype} {frames.shape}")
        count = len(frames)
        histograms = colour_histograms(frames)
        probabilities = np.empty(count, np.float32)
        for start in range(0, count, _STEP):
            shown = np.clip(np.arange(start - _MARGIN, start - _MARGIN + WINDOW), 0, count - 1)
            inputs = {"frames": frames[shown], "histograms": histograms[shown], "gaps": self._gaps}
            (window,) = self._session.run(None, inputs)
            counted = min(_STEP, count - start)
            probabilities[start : start + counted] = window[_MARGIN : _MARGIN + counted, 0]
        return probabilities


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
