"""Find licence plates in frames.

Here: running the plates network and decoding what it gives. Not here: the network's layout (``plates_graph``), which
frames are looked at, how boxes are carried between them, and hiding.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rushes.errors import ModelError
from rushes.models.checkpoint import read_module_weights
from rushes.models.inference import onnx_session
from rushes.models.registry import locate
from rushes.privacy.found import Found, select
from rushes.privacy.plates_graph import STRIDES, side_lengths, yolov8_graph

_GREY = 114  # the padding the network was trained with
_NMS_IOU = 0.5
_WRITING = 10.0  # deviation of luma, of 255; JPEG alone makes about 2


class PlateDetector:
    """A YOLOv8 network of one class from an Ultralytics checkpoint, run without torch.

    Plates that score ``threshold`` or less are dropped. Raises ``ModelError`` for a model that is unknown or wrong.
    """

    def __init__(self, model: str = "plates", threshold: float = 0.3) -> None:
        self.file = locate(model)
        self.threshold = threshold
        weights = {
            name: array.astype(np.float32, copy=False) for name, array in read_module_weights(self.file.path).items()
        }
        try:
            self._session = onnx_session(yolov8_graph(weights))
        except KeyError as missing:
            raise ModelError(f"{self.file.path} has no weight {missing}: give a YOLOv8 detector") from None

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Found]:
        """The plates of each frame; frames are uint8 (h, w, 3) RGB."""
        return [self._find(frame) for frame in frames]

    def _find(self, frame: np.ndarray) -> Found:
        height, width = frame.shape[:2]
        coarsest = STRIDES[-1]
        padding = (0, -height % coarsest, 0, -width % coarsest)
        padded = cv2.copyMakeBorder(frame, *padding, cv2.BORDER_CONSTANT, value=(_GREY,) * 3)
        maps = self._session.run(None, {"images": cv2.dnn.blobFromImage(padded, scalefactor=1 / 255)})
        levels = [
            _decode(scores[0], sides[0], stride, self.threshold)
            for scores, sides, stride in zip(maps[0::2], maps[1::2], STRIDES, strict=True)
        ]
        corners, scores = (np.concatenate(parts) for parts in zip(*levels, strict=True))
        return select(corners, scores, frame, self.threshold, _NMS_IOU)


def legible(picture: np.ndarray, box: np.ndarray) -> bool:
    """Tell whether anything is written in the middle of a plate, LTWH in pixels of uint8 (h, w, 3) RGB.

    The network sees a plate in any even patch at the right place of a car, and so in one that was hidden.
    """
    x, y, w, h = (float(v) for v in box)
    middle = picture[int(y + h / 4) : int(np.ceil(y + 3 * h / 4)), int(x + w / 4) : int(np.ceil(x + 3 * w / 4))]
    return bool(middle.mean(axis=2).std() > _WRITING)


def _decode(scores: np.ndarray, sides: np.ndarray, stride: int, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (left, top, right, bottom in pixels) and scores of the cells that score above the threshold."""
    best = scores.max(axis=0)
    rows, columns = np.nonzero(best > threshold)
    left, top, right, bottom = side_lengths(sides[:, rows, columns])
    x, y = columns + 0.5, rows + 0.5
    corners = np.stack([x - left, y - top, x + right, y + bottom], axis=1) * stride
    return corners.astype(np.float32), best[rows, columns]
