"""Find faces in frames.

Here: running CenterFace and decoding what it gives. Not here: which frames are looked at, how boxes are carried
between them, and blurring.

CenterFace: Xu, Yan et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019). Every cell of
4x4 pixels has a heat (a face is centred here), the logarithm of the face's height and width in cells, and the
centre's offset within the cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rushes.models.inference import onnx_session
from rushes.models.onnx_graph import free_input_sizes
from rushes.models.registry import locate
from rushes.privacy.found import Found, select
from rushes.video.sampling import scaled_down

_CELL = 4
_STRIDE = 32
_NMS_IOU = 0.3


class FaceDetector:
    """CenterFace. ``height`` is the length, in pixels, to which the shorter side of larger frames should be scaled.

    Faces that score ``threshold`` or less are dropped. Raises ``ModelError`` for a model that is unknown or wrong.
    """

    def __init__(self, model: str = "centerface", threshold: float = 0.6, height: int = 360) -> None:
        self.file = locate(model)
        self.threshold = threshold
        self.height = height
        self._session = onnx_session(free_input_sizes(self.file.path.read_bytes()))
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()[:3]]  # the fourth: landmarks

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The even (width, height) to which frames of this size should be scaled before they are given.

        Small frames stay as they are: faces of 40 pixels score no better when they are scaled up.
        """
        return scaled_down(width, height, self.height)

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Found]:
        """The faces of each frame; frames are uint8 (h, w, 3) RGB of the size that ``fit`` gives."""
        return [self._find(frame) for frame in frames]

    def _find(self, frame: np.ndarray) -> Found:
        height, width = frame.shape[:2]
        padded = cv2.copyMakeBorder(frame, 0, -height % _STRIDE, 0, -width % _STRIDE, cv2.BORDER_CONSTANT)
        blob = cv2.dnn.blobFromImage(padded)
        heat, scale, offset = self._session.run(self._outputs, {self._input: blob})
        boxes, scores = _decode(heat[0, 0], scale[0], offset[0], self.threshold)
        return select(boxes, scores, frame, self.threshold, _NMS_IOU)


def _decode(heat: np.ndarray, scale: np.ndarray, offset: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (left, top, right, bottom in pixels) and scores of the cells whose heat is above the threshold."""
    rows, columns = np.nonzero(heat > threshold)
    size = np.exp(scale[:, rows, columns]) * _CELL
    centre = (np.stack([rows, columns]) + offset[:, rows, columns] + 0.5) * _CELL
    low, high = centre - size / 2, centre + size / 2
    corners = np.stack([low[1], low[0], high[1], high[0]], axis=1)
    return corners.astype(np.float32), heat[rows, columns]
