"""What a detection network is to the detector. Not here: the networks (``yolo_onnx``, ``yolo_torch``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

GREY = 114
"""What the networks saw beside pictures while they were trained."""


class Network(Protocol):
    """A network that proposes objects. ``class_names`` are those of its scores."""

    class_names: tuple[str, ...]
    batch_size: int
    """Images at a time that it works best with."""
    fixed_size: tuple[int, int] | None
    """(height, width) of the only images that it takes, None where any multiples of the stride will do."""
    on_gpu: bool

    def __call__(self, images: Sequence[np.ndarray], size: tuple[int, int], least: float) -> list[np.ndarray]:
        """Images of one size, uint8 (h, w, 3) RGB, to float32 (n, 4 + C) for each of them.

        They are looked at with grey at their right and bottom, up to ``size``, (height, width) in multiples of the
        stride: never stretched. A row is a proposal whose best class scores more than ``least``: centre x and y, width
        and height in pixels of the image, and one score per class. Raises ``MemoryExhaustedError``.
        """
        ...
