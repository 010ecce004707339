"""Is a clip animated? A logistic classifier on EfficientNet-Lite0's embedding of its frames.

Here: the weights that come with Rushes, and asking them. Not here: how they were learned (``train_cartoon``), and how
far they can be trusted (``docs/filters.md``).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from importlib import resources

import numpy as np

from rushes.embedding.embedder import Embedder
from rushes.errors import ModelError

FILE = "cartoon.npy"
SHA256 = "a9741bf84844209de61a86355a20ef678f73c79a52f5706c10a695e45985698a"


class CartoonClassifier:
    """Gives the log odds that frames are animated: above 0 when that is likelier than not."""

    def __init__(self) -> None:
        weights = read_weights((resources.files("rushes.filters") / FILE).read_bytes())
        self._embedder = Embedder()
        self._weights, self._bias = weights[:-1], float(weights[-1])

    def __call__(self, frames: Sequence[np.ndarray]) -> float:
        """Return the mean over uint8 (h, w, 3) RGB frames."""
        return float((self._embedder(frames) @ self._weights).mean() + self._bias)


def read_weights(data: bytes) -> np.ndarray:
    """Return the weights in a file's bytes, float32 (1281,): one for each figure of the embedding, then the bias.

    Raises ``ModelError`` when they are not those whose accuracy is documented.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ModelError(f"{FILE} has sha256 {found}, expected {SHA256}: install rushes anew")
    weights: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return weights
