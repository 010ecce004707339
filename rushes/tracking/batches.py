"""As many images at a time as a device's memory holds.

Here: what a detection network is to the detector, and giving it less at a time when its memory runs out. Not here: the
networks (``yolo_onnx``, ``yolo_torch``).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rushes.errors import ModelError

GREY = 114
"""What the networks saw beside pictures while they were trained."""


class MemoryExhaustedError(Exception):
    """A network's device had not the memory for the images that it was given; fewer may do."""


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


class Batches:
    """Gives a network up to ``size`` images at a time, and half as many from then on whenever that was too much."""

    def __init__(self, network: Network, size: int) -> None:
        self._network = network
        self.size = size

    def __call__(self, images: Sequence[np.ndarray], size: tuple[int, int], least: float) -> list[np.ndarray]:
        """What the network makes of images of one size, however many.

        Raises ``ModelError`` when there is not the memory for one of them.
        """
        found: list[np.ndarray] = []
        while len(found) < len(images):
            batch = images[len(found) : len(found) + self.size]
            try:
                found += self._network(batch, size, least)
            except MemoryExhaustedError as error:
                self._halve(len(batch), size, error)
        return found

    def _halve(self, count: int, size: tuple[int, int], error: MemoryExhaustedError) -> None:
        if count == 1:
            raise ModelError(
                f"the device has not the memory to look at one image of {size[1]}x{size[0]} ({error}): end what else "
                "runs there, take a smaller model, or set tracking.device to cpu"
            ) from None
        self.size = count // 2
        warnings.warn(f"memory ran out with {count} images at once; going on with {self.size}", stacklevel=3)
