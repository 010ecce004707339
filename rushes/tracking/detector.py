"""Find objects in frames.

Here: scaling and padding for a YOLO network, running it, and turning its proposals into boxes. Not here: joining
boxes over time (``rushes.tracking.associate``), or where the frames come from.

The network's output is that of Ultralytics' detection heads: per proposal a centre box in pixels of the input and one
score per class.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import cv2
import numpy as np

from rushes.errors import ModelError
from rushes.models.inference import on_gpu, onnx_session
from rushes.models.onnx_graph import spell_out_softmax
from rushes.models.registry import ModelFile, locate
from rushes.tracking.vocabulary import COCO, COCO_CLASSES

STRIDE = 32
_GREY = 114  # the padding the networks were trained with
_GPU_BATCH = 32


@dataclass(frozen=True)
class Detections:
    """The objects of one frame, best first."""

    boxes: np.ndarray
    """float32 (n, 4): left, top, width, height in pixels of the frame that was given, inside of it."""
    scores: np.ndarray
    """float32 (n,): the score of the best class, 0 to 1."""
    class_scores: np.ndarray
    """float32 (n, C): the score of every class of the vocabulary."""


class _Network(Protocol):
    class_names: tuple[str, ...]
    batch_size: int

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """uint8 (b, H, W, 3) RGB, sides in multiples of the stride, to float32 (b, 4 + C, proposals)."""


class Detector:
    """A YOLO network by registered name or by path: ``.onnx`` by ONNX Runtime, ``.pt`` by torch and ultralytics.

    ``size`` is the largest (height, width) given to the network for landscape frames; for portrait frames it is
    turned. Proposals whose best class scores ``confidence`` or less are dropped, then those that overlap a better one
    by more than ``nms_iou``, whatever its class: one object is one proposal, and its class is decided later over its
    whole track.

    Raises ``ModelError`` for a model that is unknown, wrong, or not a detector of this kind.
    """

    def __init__(
        self,
        model: str = "yolo11n",
        confidence: float = 0.1,
        nms_iou: float = 0.7,
        size: tuple[int, int] = (384, 640),
    ) -> None:
        self.file = locate(model)
        self.confidence = confidence
        self.nms_iou = nms_iou
        self.size = size
        self._network = _load(self.file)
        self.class_names = self._network.class_names
        self.vocabulary = COCO if self.class_names == COCO_CLASSES else self.file.name

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The even (width, height) to which frames of this size should be scaled before they are given."""
        tall, wide = self.size if width >= height else self.size[::-1]
        scale = min(wide / width, tall / height)
        return _even(width * scale, wide), _even(height * scale, tall)

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """The objects of each frame; frames are uint8 (h, w, 3) RGB of the size that ``fit`` gives."""
        found: list[Detections] = []
        for batch in _batches(frames, self._network.batch_size):
            proposals = self._network(_padded(batch))
            height, width = batch[0].shape[:2]
            found.extend(self._select(one, width, height) for one in proposals)
        return found

    def _select(self, proposals: np.ndarray, width: int, height: int) -> Detections:
        best = proposals[4:].max(axis=0)
        likely = np.flatnonzero(best > self.confidence)
        centre_boxes, scores = proposals[:4, likely].T, best[likely]
        boxes = _clipped(centre_boxes, width, height)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self.confidence, self.nms_iou)
        order = np.asarray(kept, dtype=np.intp).reshape(-1)
        return Detections(
            boxes=boxes[order],
            scores=scores[order],
            class_scores=np.ascontiguousarray(proposals[4:, likely[order]].T),
        )


def _load(file: ModelFile) -> _Network:
    if file.path.suffix == ".onnx":
        return _OnnxNetwork(file)
    from rushes.tracking.yolo_torch import TorchNetwork  # torch and ultralytics, for those who asked for them

    return TorchNetwork(file)


class _OnnxNetwork:
    def __init__(self, file: ModelFile) -> None:
        self._session = onnx_session(spell_out_softmax(file.path.read_bytes()))
        self._input = self._session.get_inputs()[0].name
        rows = self._session.get_outputs()[0].shape[1]
        if not isinstance(rows, int) or rows < 5:
            raise ModelError(f"{file.path} gives no YOLO proposals: export the detector without its own NMS")
        self.class_names = self._names(rows - 4)
        self.batch_size = _GPU_BATCH if on_gpu(self._session) else 1

    def __call__(self, images: np.ndarray) -> np.ndarray:
        blob = cv2.dnn.blobFromImages(list(images), scalefactor=1 / 255)
        proposals: np.ndarray = self._session.run(None, {self._input: blob})[0]
        return proposals

    def _names(self, count: int) -> tuple[str, ...]:
        written = self._session.get_modelmeta().custom_metadata_map.get("names")
        if written is None:
            return tuple(f"class {index}" for index in range(count))
        names = ast.literal_eval(written)
        return tuple(names[index] for index in range(count))


def _even(length: float, limit: int) -> int:
    return min(limit, max(2, 2 * round(length / 2)))


def _batches(frames: Sequence[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    for _shape, same in groupby(frames, key=lambda frame: frame.shape):
        run = list(same)
        for start in range(0, len(run), size):
            yield run[start : start + size]


def _padded(frames: list[np.ndarray]) -> np.ndarray:
    height, width = frames[0].shape[:2]
    canvas = np.full((len(frames), _to_stride(height), _to_stride(width), 3), _GREY, np.uint8)
    for image, frame in zip(canvas, frames, strict=True):
        image[:height, :width] = frame
    return canvas


def _to_stride(length: int) -> int:
    return -(-length // STRIDE) * STRIDE


def _clipped(centre_boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """(n, 4) centre x, centre y, width, height to left, top, width, height inside the frame."""
    half = centre_boxes[:, 2:] / 2
    limits = np.array([width, height], np.float32)
    low = np.clip(centre_boxes[:, :2] - half, 0, limits)
    high = np.clip(centre_boxes[:, :2] + half, 0, limits)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)
