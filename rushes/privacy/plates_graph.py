"""A YOLOv8 network as an ONNX graph, made from the weights of its checkpoint.

Here: the network's layout up to the maps of its head. Not here: what the maps mean (``plates``), reading the checkpoint
(``rushes.models.checkpoint``).

Layout: Ultralytics' ``yolov8.yaml``. Every convolution carries its batch normalisation, folded into its weights, and is
followed by SiLU. Widths and depths are those of the weights, so that all sizes of the family are written alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np

from rushes.models.onnx_graph import GraphWriter

STRIDES = (8, 16, 32)
BINS = 16

_EPSILON = 1e-3

Weights = Mapping[str, np.ndarray]


def yolov8_graph(weights: Weights) -> bytes:
    """An ONNX model. Input: ``images`` float32 (1, 3, H, W), RGB 0 to 1, sides in multiples of 32.

    Outputs, for each of ``STRIDES`` in turn: float32 (1, classes, h, w), scores, 0 to 1; float32 (1, 4 * 16, h, w),
    for left, top, right and bottom the logits of how many strides that side lies away from the cell's centre.
    ``weights`` are named as in the checkpoint. Raises ``KeyError`` with the name of a weight that is missing.
    """
    return _Writer(weights).write()


class _Writer:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._graph = GraphWriter()

    def write(self) -> bytes:
        graph = self._graph
        x = graph.input("images", np.float32, [1, 3, "height", "width"])
        x = self._conv(self._conv(x, 0, stride=2), 1, stride=2)
        x = self._conv(self._c2f(x, 2, shortcut=True), 3, stride=2)
        fine = self._c2f(x, 4, shortcut=True)
        middle = self._c2f(self._conv(fine, 5, stride=2), 6, shortcut=True)
        coarse = self._pooled(self._c2f(self._conv(middle, 7, stride=2), 8, shortcut=True))
        middle = self._c2f(self._join(self._doubled(coarse), middle), 12)
        fine = self._c2f(self._join(self._doubled(middle), fine), 15)
        middle = self._c2f(self._join(self._conv(fine, 16, stride=2), middle), 18)
        coarse = self._c2f(self._join(self._conv(middle, 19, stride=2), coarse), 21)
        for level, features in enumerate((fine, middle, coarse)):
            scores = graph.add("Sigmoid", self._head(features, f"model.22.cv3.{level}"))
            graph.output(scores, np.float32, [1, self._weights[f"model.22.cv3.{level}.2.bias"].size, "h", "w"])
            graph.output(self._head(features, f"model.22.cv2.{level}"), np.float32, [1, 4 * BINS, "h", "w"])
        return graph.to_bytes()

    def _head(self, x: str, name: str) -> str:
        x = self._conv(self._conv(x, f"{name}.0"), f"{name}.1")
        return self._convolved(x, self._weights[f"{name}.2.weight"], self._weights[f"{name}.2.bias"])

    def _c2f(self, x: str, layer: int, shortcut: bool = False) -> str:
        """A cross-stage block: the second half of the channels goes through bottlenecks, all stages are joined."""
        name = f"model.{layer}"
        whole = self._conv(x, f"{name}.cv1")
        width = self._weights[f"{name}.cv1.conv.weight"].shape[0]
        last, stages = self._channels(whole, width // 2, width), [whole]
        for step in count():
            if f"{name}.m.{step}.cv1.conv.weight" not in self._weights:
                return self._conv(self._join(*stages), f"{name}.cv2")
            inner = self._conv(self._conv(last, f"{name}.m.{step}.cv1"), f"{name}.m.{step}.cv2")
            last = self._graph.add("Add", last, inner) if shortcut else inner
            stages.append(last)
        raise AssertionError

    def _pooled(self, x: str) -> str:
        """The pyramid of three maxima over 5 by 5 cells, each of the one before (SPPF)."""
        stages = [self._conv(x, "model.9.cv1")]
        for _ in range(3):
            pooled = self._graph.add("MaxPool", stages[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2])
            stages.append(pooled)
        return self._conv(self._join(*stages), "model.9.cv2")

    def _conv(self, x: str, layer: int | str, stride: int = 1) -> str:
        name = f"model.{layer}" if isinstance(layer, int) else layer
        kernel, norm = self._weights[f"{name}.conv.weight"], f"{name}.bn"
        scale = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + _EPSILON)
        bias = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * scale
        x = self._convolved(x, kernel * scale[:, None, None, None], bias, stride)
        return self._graph.add("Mul", x, self._graph.add("Sigmoid", x))

    def _convolved(self, x: str, kernel: np.ndarray, bias: np.ndarray, stride: int = 1) -> str:
        size = kernel.shape[-1]
        constants = [self._graph.constant(np.asarray(array, np.float32)) for array in (kernel, bias)]
        return self._graph.add(
            "Conv", x, *constants, kernel_shape=[size] * 2, strides=[stride] * 2, pads=[size // 2] * 4
        )

    def _doubled(self, x: str) -> str:
        return self._graph.add("Resize", x, "", self._graph.constant(np.array([1, 1, 2, 2], np.float32)))

    def _channels(self, x: str, start: int, end: int) -> str:
        bounds = [self._graph.constant(np.array([at], np.int64)) for at in (start, end, 1)]
        return self._graph.add("Slice", x, *bounds)

    def _join(self, *values: str) -> str:
        return self._graph.add("Concat", *values, axis=1)


def side_lengths(logits: np.ndarray) -> np.ndarray:
    """(4 * 16, n) logits of the head to (4, n): left, top, right, bottom in strides, the mean over the 16 bins."""
    bins: Sequence[int] = range(BINS)
    grouped = logits.reshape(4, BINS, -1)
    powers = np.exp(grouped - grouped.max(axis=1, keepdims=True))
    lengths: np.ndarray = np.einsum("sbn,b->sn", powers, np.asarray(bins, np.float32)) / powers.sum(axis=1)
    return lengths
