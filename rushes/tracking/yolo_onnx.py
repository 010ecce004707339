"""YOLO networks exported to ONNX, run by ONNX Runtime.

Here: what such an export says of itself, and running it. The precision is the file's own.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from rushes.errors import ModelError
from rushes.models.inference import on_gpu, onnx_session, run
from rushes.models.onnx_graph import spell_out_softmax
from rushes.models.registry import ModelFile
from rushes.tracking.network import GREY
from rushes.tracking.vocabulary import Vocabulary

_GPU_BATCH = 32
_TO_ONE = np.float32(1 / 255)
_PRECISIONS: dict[str, Any] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_UNUSABLE = (
    DecodeError,
    faults.Fail,
    faults.InvalidArgument,
    faults.InvalidGraph,
    faults.InvalidProtobuf,
    faults.NotImplemented,
)
_COLUMNS_OF_NMS = 6  # left, top, right, bottom, score and class: such an export has chosen already


class OnnxNetwork:
    """An export with Ultralytics' detection head and without its own NMS; sizes of its input may be free or fixed.

    ``vocabulary`` names the classes of an export that does not; of one that does, they must be the same.
    """

    def __init__(self, file: ModelFile, device: str, vocabulary: Vocabulary | None) -> None:
        self._session = _open(file, device)
        given, *others = self._session.get_inputs()
        made = self._session.get_outputs()[0].shape
        if others or given.type not in _PRECISIONS or len(given.shape) != 4 or given.shape[1] != 3:
            raise ModelError(
                f"{file.path} takes no float32 or float16 images (n, 3, h, w): export the detector in one of these"
            )
        if len(made) != 3 or not isinstance(made[1], int) or made[1] < 5 or made[2] == _COLUMNS_OF_NMS:
            raise ModelError(f"{file.path} gives no YOLO proposals: export the detector without its own NMS")
        self._input, self._dtype = given.name, _PRECISIONS[given.type]
        self.class_names = _names(self._session, file, made[1] - 4, vocabulary)
        self.on_gpu = on_gpu(self._session)
        batch, _, height, width = given.shape
        self.batch_size = batch if isinstance(batch, int) else _GPU_BATCH if self.on_gpu else 1
        self._is_batch_fixed = isinstance(batch, int)
        self._shape: tuple[int, ...] = ()
        self._memory: np.ndarray = np.empty(0, self._dtype)
        self.fixed_size = (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def __call__(self, images: Sequence[np.ndarray], size: tuple[int, int], least: float) -> list[np.ndarray]:
        """See ``network.Network``."""
        proposals = run(self._session, {self._input: self._pixels(images, size)})[0][: len(images)]
        return [one[:, one[4:].max(axis=0) > least].T.astype(np.float32, copy=False) for one in proposals]

    def _pixels(self, images: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Return the network's input, (n, 3, H, W) from 0 to 1: in memory used again, half as dear."""
        count = self.batch_size if self._is_batch_fixed else len(images)
        height, width = images[0].shape[:2]
        if (count, *size, height, width) != self._shape:
            self._shape = (count, *size, height, width)
            self._memory = np.full((count, 3, *size), GREY * _TO_ONE, self._dtype)
        for image, pixels in zip(images, self._memory, strict=False):
            for channel, plane in enumerate(cv2.split(image)):
                np.multiply(plane, _TO_ONE, out=pixels[channel, :height, :width])
        return self._memory


def _open(file: ModelFile, device: str) -> onnxruntime.InferenceSession:
    try:
        return onnx_session(spell_out_softmax(file.path.read_bytes()), device=device)
    except _UNUSABLE as error:
        said = " ".join(str(error).split())[:160]
        raise ModelError(f"{file.path} is no ONNX model that can be run ({said}): export the detector anew") from None


def _names(
    session: onnxruntime.InferenceSession, file: ModelFile, count: int, vocabulary: Vocabulary | None
) -> tuple[str, ...]:
    written = session.get_modelmeta().custom_metadata_map.get("names")
    if written is None:
        names = vocabulary.classes if vocabulary else tuple(f"class {number}" for number in range(count))
    else:
        listed = ast.literal_eval(written)
        names = tuple(str(listed[number]) for number in range(len(listed)))
    if len(names) != count:
        raise ModelError(f"{file.path} scores {count} classes, and there are {len(names)} names for them")
    if vocabulary is not None and names not in (vocabulary.classes, vocabulary.prompts):
        raise ModelError(
            f"{file.path} was exported with classes of its own, not those of {vocabulary.name}: set "
            "tracking.vocabulary to null, or export it with these"
        )
    return names if vocabulary is None else vocabulary.classes
