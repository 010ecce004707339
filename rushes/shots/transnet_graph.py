"""TransNet V2 as an ONNX graph of plain 2-D convolutions, made from its PyTorch weights.

Here: the network's layout. Not here: windows over a video (``rushes.shots.transnet``).

Layout: Soucek and Lokoc, "TransNet V2: An effective deep network architecture for fast shot transition detection"
(2020), section 3. The network convolves over space (1x3x3) and over time (3x1x1, dilated 1, 2, 4 and 8). Runtimes are
slow at 3-D convolutions, so the frames of a window are stacked into one tall image with an empty row below each: a
convolution over space then meets the zeros that padding would give, and one over time is a vertical convolution
dilated by the rows of a frame. With 27 + 1 rows a frame, halving the height keeps that form: 13 + 1, then 6 + 1. What
a convolution writes into the empty rows is wiped before the next one over space reads them.
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
_FLOAT = 1  # ONNX's code of the type to cast to

Weights = Mapping[str, np.ndarray]


def transition_graph(weights: Weights) -> bytes:
    """An ONNX model of one window.

    Inputs: ``frames`` uint8 (100, 27, 48, 3) RGB; ``histograms`` float32 (100, 512), colour histograms of unit length;
    ``gaps``, always the array of that name. Output: float32 (100, 1), the probability that a shot ends at each frame.
    Raises ``KeyError`` with the name of a weight that is missing.
    """
    return _Writer(weights).write()


def gaps() -> np.ndarray:
    """float32 (1, 1, 2800, 48): 1 in the empty rows of the tall image, 0 elsewhere.

    It is an input because a runtime would unfold a constant into tens of megabytes when the graph is loaded.
    """
    marked = np.zeros((1, 1, WINDOW, HEIGHT + 1, WIDTH), np.float32)
    marked[:, :, :, -1] = 1
    return marked.reshape(1, 1, WINDOW * (HEIGHT + 1), WIDTH)


class _Writer:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._graph = GraphWriter()

    def write(self) -> bytes:
        graph = self._graph
        frames = graph.input("frames", np.uint8, [WINDOW, HEIGHT, WIDTH, 3])
        histograms = graph.input("histograms", np.float32, [WINDOW, HISTOGRAM_BINS])
        empty = graph.input("gaps", np.float32, [1, 1, WINDOW * (HEIGHT + 1), WIDTH])
        means, features = self._features(frames, empty)
        x = graph.add("Concat", self._same_colours(histograms), self._alike(means), features, axis=1)
        x = graph.add("Relu", self._linear(x, "fc1"))
        x = graph.add("Sigmoid", self._linear(x, "cls_layer1"))
        graph.output(x, np.float32, [WINDOW, 1])
        return graph.to_bytes()

    def _features(self, frames: str, empty: str) -> tuple[str, str]:
        """The mean over each frame of what the three stacks give (100, 448), and all of the last one's (100, 4608)."""
        graph = self._graph
        x = self._tall_image(frames)
        rows, columns, channels, means = HEIGHT + 1, WIDTH, 0, []
        for index, filters in enumerate(_FILTERS):
            last = index == len(_FILTERS) - 1
            x = self._stack(x, f"SDDCNN.{index}.DDCNN", rows, self._floor(empty, filters), halved=not last)
            channels = filters * len(_DILATIONS)
            if not last:
                rows, columns = rows // 2, columns // 2
                empty = self._halved("MaxPool", empty)
                x = self._wipe(x, rows)
                means.append(self._frame_means(x, channels, rows, columns))
        by_frame = graph.add("Reshape", x, self._ints(channels, WINDOW, rows, columns))
        by_frame = graph.add("Slice", by_frame, self._ints(0), self._ints(rows - 1), self._ints(2))
        by_frame = self._halved("AveragePool", by_frame)
        mean = graph.add("ReduceMean", by_frame, axes=[2, 3], keepdims=0)
        means.append(graph.add("Transpose", mean, perm=[1, 0]))
        features = graph.add("Flatten", graph.add("Transpose", by_frame, perm=[1, 2, 3, 0]), axis=1)
        return graph.add("Concat", *means, axis=1), features

    def _tall_image(self, frames: str) -> str:
        """uint8 (frames, rows, columns, 3) to float32 0..1 (1, 3, frames x (rows + 1), columns) with the empty rows."""
        graph = self._graph
        x = graph.add("Div", graph.add("Cast", frames, to=_FLOAT), graph.constant(np.array(255, np.float32)))
        x = graph.add("Pad", x, self._ints(0, 0, 0, 0, 0, 1, 0, 0))
        x = graph.add("Reshape", x, self._ints(1, WINDOW * (HEIGHT + 1), WIDTH, 3))
        return graph.add("Transpose", x, perm=[0, 3, 1, 2])

    def _stack(self, x: str, name: str, rows: int, floor: str, halved: bool) -> str:
        """Two blocks with a shortcut over the second. Halving before the parts are joined is the same, and quicker."""
        graph = self._graph
        first = graph.add("Concat", *self._block(x, f"{name}.0", rows, floor), axis=1)
        second = self._block(first, f"{name}.1", rows, None)
        if halved:
            first, *second = [self._halved("AveragePool", part) for part in (first, *second)]
        return graph.add("Add", graph.add("Concat", *second, axis=1), first)

    def _block(self, x: str, name: str, rows: int, floor: str | None) -> list[str]:
        """Four branches with other reaches in time, batch normalisation folded in; their channels go in order."""
        weights = self._weights
        scale = weights[f"{name}.bn.weight"] / np.sqrt(weights[f"{name}.bn.running_var"] + _EPSILON)
        shift = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
        parts = zip(_DILATIONS, np.split(scale, len(_DILATIONS)), np.split(shift, len(_DILATIONS)), strict=True)
        return [
            self._branch(x, f"{name}.Conv3D_{dilation}.layers", dilation * rows, part_scale, part_shift, floor)
            for dilation, part_scale, part_shift in parts
        ]

    def _branch(self, x: str, name: str, reach: int, scale: np.ndarray, shift: np.ndarray, floor: str | None) -> str:
        graph = self._graph
        over_space = self._weights[f"{name}.0.weight"][:, :, 0]
        over_time = self._weights[f"{name}.1.weight"][..., 0] * scale[:, None, None, None]
        x = graph.add("Conv", x, graph.constant(over_space), pads=[1, 1, 1, 1])
        x = graph.add(
            "Conv",
            x,
            graph.constant(over_time.astype(np.float32)),
            graph.constant(shift.astype(np.float32)),
            dilations=[reach, 1],
            pads=[reach, 0, reach, 0],
        )
        return graph.add("Relu", graph.add("Add", x, floor) if floor else x)

    def _floor(self, empty: str, filters: int) -> str:
        """What makes a ReLU give zero in the empty rows: a sum with it is part of a convolution, a product is not."""
        return self._graph.add("Conv", empty, self._graph.constant(np.full((filters, 1, 1, 1), -1e30, np.float32)))

    def _wipe(self, x: str, rows: int) -> str:
        """Zeros in the last row of every frame."""
        kept = np.ones((1, 1, WINDOW, rows), np.float32)
        kept[..., -1] = 0
        return self._graph.add("Mul", x, self._graph.constant(kept.reshape(1, 1, WINDOW * rows, 1)))

    def _halved(self, pooling: str, x: str) -> str:
        return self._graph.add(pooling, x, kernel_shape=[2, 2], strides=[2, 2])

    def _frame_means(self, x: str, channels: int, rows: int, columns: int) -> str:
        """(frames, channels): the mean over each frame of an image whose empty rows are zero."""
        graph = self._graph
        x = graph.add("AveragePool", x, kernel_shape=[rows, columns], strides=[rows, columns])
        x = graph.add("Mul", x, graph.constant(np.array(rows / (rows - 1), np.float32)))
        return graph.add("Transpose", graph.add("Reshape", x, self._ints(channels, WINDOW)), perm=[1, 0])

    def _same_colours(self, histograms: str) -> str:
        return self._compared(histograms, "color_hist_layer.fc")

    def _alike(self, means: str) -> str:
        graph = self._graph
        projected = self._linear(means, "frame_sim_layer.projection")
        length = graph.add("ReduceL2", projected, axes=[1], keepdims=1)
        unit = graph.add("Div", projected, graph.add("Max", length, graph.constant(np.array(1e-12, np.float32))))
        return self._compared(unit, "frame_sim_layer.fc")

    def _compared(self, vectors: str, layer: str) -> str:
        """A layer over the products of each frame's vector with those around it (zeros outside of the window)."""
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
