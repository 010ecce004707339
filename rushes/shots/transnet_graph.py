"""TransNet V2 as an ONNX graph of plain 2-D convolutions, made from its PyTorch weights.

Here: the network's layout. Not here: windows over a video (``rushes.shots.transnet``).

Layout: Soucek and Lokoc, "TransNet V2: An effective deep network architecture for fast shot transition detection"
(2020), section 3. The network convolves over space (1x3x3) and over time (3x1x1, dilated 1, 2, 4 and 8). Runtimes are
slow at 3-D convolutions, so the frames of a window are stacked into one tall image, with an empty row below each: a
convolution over space then sees the zeros that padding would give, and one over time is a vertical convolution
dilated by the rows of a frame. With 27 + 1 rows a frame, halving in height keeps that form: 13 + 1, then 6 + 1. What
the convolutions write into the empty rows is wiped before the next one reads them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushes.models.onnx_graph import GraphWriter

WINDOW = 100
HEIGHT, WIDTH = 27, 48
HISTOGRAM_BINS = 512

_FILTERS = (16, 32, 64)
_DILATIONS = (1, 2, 4, 8)
_LOOKUP = 101  # frames around each frame to which it is compared
_EPSILON = 1e-3

Weights = Mapping[str, np.ndarray]


def transition_graph(weights: Weights) -> bytes:
    """An ONNX model of one window.

    Inputs: ``frames`` uint8 (100, 27, 48, 3) RGB; ``histograms`` float32 (100, 512), colour histograms of unit length.
    Output: float32 (100, 1), the probability that a shot ends at each frame.
    """
    return _Writer(weights).write()


class _Writer:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._graph = GraphWriter()

    def write(self) -> bytes:
        graph = self._graph
        x = self._tall_image(graph.input("frames", np.uint8, [WINDOW, HEIGHT, WIDTH, 3]))
        histograms = graph.input("histograms", np.float32, [WINDOW, HISTOGRAM_BINS])
        rows, columns = HEIGHT + 1, WIDTH
        means = []
        for index, filters in enumerate(_FILTERS):
            x = self._stack(x, f"SDDCNN.{index}.DDCNN", rows)
            if index < len(_FILTERS) - 1:
                x = graph.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
                rows, columns = rows // 2, columns // 2
                x = self._wipe(x, rows)
                means.append(self._frame_means(x, filters * 4, rows, columns))
        channels = _FILTERS[-1] * 4
        by_frame = graph.add("Reshape", x, self._ints(channels, WINDOW, rows, columns))
        by_frame = graph.add("Slice", by_frame, self._ints(0), self._ints(rows - 1), self._ints(2))
        by_frame = graph.add("AveragePool", by_frame, kernel_shape=[2, 2], strides=[2, 2])
        mean = graph.add("ReduceMean", by_frame, axes=[2, 3], keepdims=0)
        means.append(graph.add("Transpose", mean, perm=[1, 0]))
        features = graph.add("Flatten", graph.add("Transpose", by_frame, perm=[1, 2, 3, 0]), axis=1)

        projected = self._linear(graph.add("Concat", *means, axis=1), "frame_sim_layer.projection")
        length = graph.add("ReduceL2", projected, axes=[1], keepdims=1)
        unit = graph.add("Div", projected, graph.add("Max", length, graph.constant(np.array(1e-12, np.float32))))
        alike = self._similarity(unit, "frame_sim_layer.fc")
        same_colours = self._similarity(histograms, "color_hist_layer.fc")

        x = graph.add("Concat", same_colours, alike, features, axis=1)
        x = graph.add("Relu", self._linear(x, "fc1"))
        x = graph.add("Sigmoid", self._linear(x, "cls_layer1"))
        graph.output(x, np.float32, [WINDOW, 1])
        return graph.to_bytes()

    def _tall_image(self, frames: str) -> str:
        """uint8 (frames, rows, columns, 3) to float32 0..1 (1, 3, frames x (rows + 1), columns) with the empty rows."""
        graph = self._graph
        x = graph.add("Div", graph.add("Cast", frames, to=1), graph.constant(np.array(255, np.float32)))
        x = graph.add("Pad", x, self._ints(0, 0, 0, 0, 0, 1, 0, 0))
        x = graph.add("Reshape", x, self._ints(1, WINDOW * (HEIGHT + 1), WIDTH, 3))
        return graph.add("Transpose", x, perm=[0, 3, 1, 2])

    def _stack(self, x: str, name: str, rows: int) -> str:
        graph = self._graph
        first = graph.add("Relu", self._block(x, f"{name}.0", rows))
        second = graph.add("Relu", self._block(self._wipe(first, rows), f"{name}.1", rows))
        return graph.add("Add", second, first)

    def _block(self, x: str, name: str, rows: int) -> str:
        """Four branches with other reaches in time, side by side, batch normalisation folded into them."""
        weights = self._weights
        scale = weights[f"{name}.bn.weight"] / np.sqrt(weights[f"{name}.bn.running_var"] + _EPSILON)
        shift = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
        size = len(scale) // len(_DILATIONS)
        branches = [
            self._branch(x, f"{name}.Conv3D_{dilation}.layers", dilation * rows, scale[part], shift[part])
            for index, dilation in enumerate(_DILATIONS)
            for part in [slice(index * size, (index + 1) * size)]
        ]
        return self._graph.add("Concat", *branches, axis=1)

    def _branch(self, x: str, name: str, reach: int, scale: np.ndarray, shift: np.ndarray) -> str:
        graph = self._graph
        over_space = self._weights[f"{name}.0.weight"][:, :, 0]
        over_time = self._weights[f"{name}.1.weight"][..., 0] * scale[:, None, None, None]
        x = graph.add("Conv", x, graph.constant(over_space), pads=[1, 1, 1, 1])
        return graph.add(
            "Conv",
            x,
            graph.constant(over_time.astype(np.float32)),
            graph.constant(shift.astype(np.float32)),
            dilations=[reach, 1],
            pads=[reach, 0, reach, 0],
        )

    def _wipe(self, x: str, rows: int) -> str:
        """Zeros in the last row of every frame."""
        kept = np.ones((1, 1, WINDOW, rows), np.float32)
        kept[..., -1] = 0
        return self._graph.add("Mul", x, self._graph.constant(kept.reshape(1, 1, WINDOW * rows, 1)))

    def _frame_means(self, x: str, channels: int, rows: int, columns: int) -> str:
        """(frames, channels): the mean over each frame of an image whose empty rows are zero."""
        graph = self._graph
        x = graph.add("AveragePool", x, kernel_shape=[rows, columns], strides=[rows, columns])
        x = graph.add("Mul", x, graph.constant(np.array(rows / (rows - 1), np.float32)))
        return graph.add("Transpose", graph.add("Reshape", x, self._ints(channels, WINDOW)), perm=[1, 0])

    def _similarity(self, vectors: str, layer: str) -> str:
        """Products of each frame's vector with those of the frames around it (zero outside the window), into a layer."""
        graph = self._graph
        products = graph.add("MatMul", vectors, graph.add("Transpose", vectors, perm=[1, 0]))
        reach = _LOOKUP // 2
        padded = graph.add("Pad", products, self._ints(0, reach, 0, reach))
        around = np.arange(WINDOW)[:, None] + np.arange(_LOOKUP)[None, :]
        near = graph.add("GatherElements", padded, graph.constant(around.astype(np.int64)), axis=1)
        return graph.add("Relu", self._linear(near, layer))

    def _linear(self, x: str, name: str) -> str:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return self._graph.add("Gemm", x, self._graph.constant(weight), self._graph.constant(bias), transB=1)

    def _ints(self, *values: int) -> str:
        return self._graph.constant(np.array(values, np.int64))
