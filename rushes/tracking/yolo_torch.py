"""YOLO networks kept as Ultralytics checkpoints (``.pt``), run by torch.

Here: running such a network. Ultralytics' predictor, tracker and NMS are not used: they need torchvision, are slower,
and may install packages on their own. Not here: reading the file (``rushes.models.yolo_checkpoint``), giving it other
classes (``open_vocabulary``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rushes.errors import ModelError
from rushes.models.batches import MemoryExhaustedError
from rushes.models.registry import ModelFile
from rushes.models.yolo_checkpoint import read_network
from rushes.tracking.network import GREY
from rushes.tracking.open_vocabulary import set_classes
from rushes.tracking.vocabulary import Vocabulary

_GPU_BATCH = 32


class TorchNetwork:
    """The network of a checkpoint: in float16 on CUDA, if ``device`` is that or ``auto`` and it is there; else on the
    CPU, on one thread.

    ``vocabulary`` gives an open-vocabulary network its classes, which ``encoder`` turns into vectors unless the
    checkpoint has them.
    """

    fixed_size: tuple[int, int] | None = None

    def __init__(
        self, file: ModelFile, device: str, vocabulary: Vocabulary | None, encoder: ModelFile | None = None
    ) -> None:
        self._device = _device(device)
        self.on_gpu = self._device.type == "cuda"
        if not self.on_gpu:
            torch.set_num_threads(1)
        network: Any = read_network(file.path)
        if vocabulary is not None:
            set_classes(network, file, vocabulary, encoder, self._device)
        # A head trained to need no NMS has a second one, as the others have, whose scores are of all classes.
        network.model[-1].end2end = False
        self._dtype = torch.float16 if self.on_gpu else torch.float32
        self._network = network.fuse(verbose=False).to(self._device, self._dtype)
        self.class_names = tuple(str(network.names[number]) for number in range(len(network.names)))
        self.batch_size = _GPU_BATCH if self.on_gpu else 1

    def __call__(self, images: Sequence[np.ndarray], size: tuple[int, int], least: float) -> list[np.ndarray]:
        """See ``network.Network``."""
        try:
            return self._propose(_padded(images, size), least)
        except torch.OutOfMemoryError as error:
            said = " ".join(str(error).split())[:120]
        # Only now are the tensors of the failed attempt free.
        if self.on_gpu:
            torch.cuda.empty_cache()
        raise MemoryExhaustedError(said)

    @torch.inference_mode()
    def _propose(self, images: np.ndarray, least: float) -> list[np.ndarray]:
        pixels = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
        proposals = _first(self._network(pixels.to(self._dtype) / 255))[:, : 4 + len(self.class_names)]
        likely = proposals[:, 4:].amax(dim=1) > least  # told on the device: the others never leave it
        rows = proposals.transpose(1, 2)[likely].float().cpu().numpy()
        ends = likely.sum(dim=1).cumsum(dim=0).tolist()
        return np.split(rows, ends[:-1])


def _first(output: Any) -> Tensor:
    """Return the proposals (b, 4 + C and what else, n): heads that make masks, too, nest their output deeper."""
    while not isinstance(output, Tensor):
        output = output[0]
    return output


def _padded(images: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    height, width = images[0].shape[:2]
    canvas = np.full((len(images), *size, 3), GREY, np.uint8)
    canvas[:, :height, :width] = images
    return canvas


def _device(wanted: str) -> torch.device:
    has_cuda = torch.cuda.is_available()
    if wanted == "cuda" and not has_cuda:
        raise ModelError("torch has no CUDA device here: set tracking.device to auto or cpu, or install its CUDA build")
    return torch.device("cuda" if has_cuda and wanted != "cpu" else "cpu")
