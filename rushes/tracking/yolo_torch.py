"""YOLO networks kept as Ultralytics checkpoints (``.pt``), run by torch.

Here: unpickling such a checkpoint and running its network. Ultralytics' predictor, tracker and NMS are not used: they
need torchvision, are slower, and may install packages on their own.
"""

from __future__ import annotations

import os

os.environ["YOLO_OFFLINE"] = "true"  # read when ultralytics is imported: no downloads, no installs, no telemetry
os.environ["YOLO_AUTOINSTALL"] = "false"
os.environ["YOLO_VERBOSE"] = "false"

import numpy as np
import torch
from ultralytics.nn.tasks import DetectionModel

from rushes.errors import ModelError
from rushes.models.registry import ModelFile

_GPU_BATCH = 32


class TorchNetwork:
    """The network of a checkpoint that ``locate`` verified: float16 on CUDA if there is one, else one CPU thread."""

    def __init__(self, file: ModelFile) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        on_cpu = self._device.type == "cpu"
        if on_cpu:
            torch.set_num_threads(1)
        network = _unpickle(file).float().fuse(verbose=False).eval().to(self._device)
        self._dtype = torch.float32 if on_cpu else torch.float16
        self._network = network.to(self._dtype)
        self.class_names = tuple(str(network.names[index]) for index in range(len(network.names)))
        self.batch_size = 1 if on_cpu else _GPU_BATCH

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """uint8 (b, H, W, 3) RGB to float32 (b, 4 + C, proposals)."""
        with torch.inference_mode():
            pixels = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
            output = self._network(pixels.to(self._dtype) / 255)
            proposals: np.ndarray = output[0].float().cpu().numpy()
            return proposals


def _unpickle(file: ModelFile) -> DetectionModel:
    checkpoint = torch.load(file.path, map_location="cpu", weights_only=False)
    network = (checkpoint.get("ema") or checkpoint.get("model")) if isinstance(checkpoint, dict) else None
    if not isinstance(network, DetectionModel):
        raise ModelError(f"{file.path} is no Ultralytics detector: give a .pt of its training, or an .onnx export")
    return network
