"""Turn images into vectors.

Here: scaling images for a network and running it. Not here: which frames and crops are embedded, and how vectors are
kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rushes.embedding.efficientnet import DIM, INPUT_SIZE, feature_graph
from rushes.errors import ModelError
from rushes.models.batches import Batches
from rushes.models.checkpoint import read_state_dict
from rushes.models.inference import on_gpu, onnx_session, run
from rushes.models.registry import locate

_GPU_BATCH = 64


class Embedder:
    """EfficientNet-Lite0 without its last layer: an image becomes the mean of its last feature map.

    Raises ``ModelError`` for a model that is unknown or wrong.
    """

    dim: int = DIM

    def __init__(self, model: str = "efficientnet-lite0") -> None:
        self.file = locate(model)
        try:
            graph = feature_graph(read_state_dict(self.file.path))
        except KeyError as missing:
            raise ModelError(f"{self.file.path} has no weight {missing}: give EfficientNet-Lite0's") from None
        self._session = onnx_session(graph)
        self._batches = Batches(_GPU_BATCH if on_gpu(self._session) else 1)  # batches are slower on the CPU

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """uint8 (h, w, 3) RGB images of any sizes to float32 (n, 1280), not normalised.

        Images are scaled to 224x224 whatever their shape, by area when they shrink. When memory runs out, half as many
        at a time are given to the network from then on. Raises ``ModelError`` when there is not the memory for one.
        """
        vectors = self._batches(images, self._embedded, "embed one image", "or hide the device from this process")
        return np.stack(vectors) if vectors else np.empty((0, DIM), np.float32)

    def _embedded(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        (vectors,) = run(self._session, {"images": np.stack([scaled(image) for image in images])})
        return list(vectors)


def scaled(image: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) to uint8 (224, 224, 3)."""
    shrinks = image.shape[0] >= INPUT_SIZE and image.shape[1] >= INPUT_SIZE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (INPUT_SIZE, INPUT_SIZE), interpolation=method)
