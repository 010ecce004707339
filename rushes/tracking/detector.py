"""Find objects in frames.

Here: scaling and padding for a YOLO network, and which of its proposals are objects. Not here: running networks
(``yolo_onnx``, ``yolo_torch``), joining boxes over time (``bytetrack``), or where the frames come from.

The network's output is that of Ultralytics' detection heads: per proposal a centre box in pixels of the input and one
score per class. There is no score of being an object at all besides.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice

import cv2
import numpy as np

from rushes.errors import ModelError
from rushes.models.batches import Batches
from rushes.models.registry import ModelFile, locate
from rushes.tracking.ahead import made_ahead
from rushes.tracking.network import Network
from rushes.tracking.vocabulary import Vocabulary, find_vocabulary, known_as
from rushes.tracking.yolo_onnx import OnnxNetwork

STRIDE = 32


@dataclass(frozen=True)
class Detections:
    """The objects of one frame, best first."""

    boxes: np.ndarray
    """float32 (n, 4): left, top, width, height in pixels of the frame that was given, inside of it."""
    scores: np.ndarray
    """float32 (n,): the score of the best class, 0 to 1."""
    class_scores: np.ndarray
    """float32 (n, C): the score of every class of the vocabulary. Large for a large one: to be summed up and let go
    (``class_scores.ClassScores``)."""


class Detector:
    """A YOLO network by registered name or by path: ``.onnx`` by ONNX Runtime, ``.pt`` by torch and ultralytics.

    ``size`` is the largest (height, width) given to the network for landscape frames; for portrait frames it is
    turned. An export whose input is of one size takes only that. Proposals whose best class scores ``confidence`` or
    less are dropped, then those that overlap a better one by more than ``nms_iou``, whatever its class: one object is
    one proposal, and its class is decided later over its whole track.

    ``device`` is ``auto`` (CUDA if there is one), ``cpu`` or ``cuda``. ``batch_size`` frames at a time go to the
    network, by default one on the CPU and many on CUDA; when its memory runs out, half as many from then on.
    ``vocabulary`` (``lvis``, ``coco``, or a file of names) gives an open-vocabulary network its classes,
    ``text_encoder`` is the file that turns them into vectors where the network has not got them.

    Raises ``ModelError`` for a model that is unknown, wrong, or not a detector of this kind, and for a device that is
    not there; ``SettingsError`` for a vocabulary that cannot be had.
    """

    def __init__(
        self,
        model: str = "yolo11n",
        confidence: float = 0.1,
        nms_iou: float = 0.7,
        size: tuple[int, int] = (384, 640),
        *,
        device: str = "auto",
        batch_size: int | None = None,
        vocabulary: str | None = None,
        text_encoder: str | None = None,
    ) -> None:
        self.file = locate(model)
        self.confidence = confidence
        self.nms_iou = nms_iou
        wanted = None if vocabulary is None else find_vocabulary(vocabulary)
        network = _load(self.file, device, wanted, None if text_encoder is None else locate(text_encoder))
        self.size = network.fixed_size or size
        self.class_names = network.class_names
        self.vocabulary = wanted.name if wanted else known_as(self.class_names) or self.file.name
        self.on_gpu = network.on_gpu
        self._is_fixed = network.fixed_size is not None
        self._network = network
        self._batches = Batches(batch_size or network.batch_size)

    @property
    def batch_size(self) -> int:
        """Frames that go to the network at a time; fewer once its memory ran out."""
        return self._batches.size

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The even (width, height) to which frames of this size should be scaled before they are given."""
        tall, wide = self.size if width >= height or self._is_fixed else self.size[::-1]
        scale = min(wide / width, tall / height)
        return _even(width * scale, wide), _even(height * scale, tall)

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """The objects of each frame; frames are uint8 (h, w, 3) RGB of the size that ``fit`` gives."""
        found: list[Detections] = []
        for (height, width, _), same in groupby(frames, key=lambda frame: frame.shape):
            padded = self.size if self._is_fixed else (_to_stride(height), _to_stride(width))
            proposals = self._batches(
                list(same),
                partial(self._network, size=padded, least=self.confidence),
                f"look at one image of {padded[1]}x{padded[0]}",
                "take a smaller model, or set tracking.device to cpu",
            )
            found.extend(self._select(one, width, height) for one in proposals)
        return found

    def each(self, frames: Iterator[np.ndarray]) -> Generator[Detections, None, None]:
        """The objects of frame after frame, of which only some are held at a time.

        With a GPU they are taken from ``frames`` in a thread of their own while the network runs: until the generator
        is closed, nothing else may use what they are read from.
        """
        if not self.on_gpu:
            yield from self._each(frames)
            return
        with closing(made_ahead(frames, 2 * self.batch_size)) as ahead:
            yield from self._each(ahead)

    def _each(self, frames: Iterator[np.ndarray]) -> Iterator[Detections]:
        while group := list(islice(frames, self.batch_size)):
            yield from self(group)

    def _select(self, proposals: np.ndarray, width: int, height: int) -> Detections:
        """Turn likely proposals (n, 4 + C) into objects."""
        scores = proposals[:, 4:].max(axis=1, initial=0.0)
        boxes = _clipped(proposals[:, :4], width, height)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self.confidence, self.nms_iou)
        order = np.asarray(kept, dtype=np.intp).reshape(-1)
        return Detections(boxes[order], scores[order], np.ascontiguousarray(proposals[order, 4:]))


def _load(file: ModelFile, device: str, vocabulary: Vocabulary | None, encoder: ModelFile | None) -> Network:
    if file.path.suffix == ".onnx":
        return OnnxNetwork(file, device, vocabulary)
    if file.path.suffix == ".pt":
        from rushes.tracking.yolo_torch import TorchNetwork  # torch and ultralytics, for those who asked for them

        return TorchNetwork(file, device, vocabulary, encoder)
    raise ModelError(f"{file.path} is no detector: give an .onnx export or a .pt of Ultralytics' training")


def _even(length: float, limit: int) -> int:
    return min(limit, max(2, 2 * round(length / 2)))


def _to_stride(length: int) -> int:
    return -(-length // STRIDE) * STRIDE


def _clipped(centre_boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """(n, 4) centre x, centre y, width, height to left, top, width, height inside the frame."""
    half = centre_boxes[:, 2:] / 2
    limits = np.array([width, height], np.float32)
    low = np.clip(centre_boxes[:, :2] - half, 0, limits)
    high = np.clip(centre_boxes[:, :2] + half, 0, limits)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)
