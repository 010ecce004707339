"""Small synthetic sequences: flat-coloured images whose colour tells sequence and step, and made-up boxes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import simplejpeg

from rushes.packaging.packed import FrameBoxes, PackedSequence

CLASS_NAMES = ("person", "bicycle", "car", "bus")
WIDTH, HEIGHT = 64, 48


def frame_boxes(*rows: tuple[Any, ...]) -> FrameBoxes:
    """Rows of (left, top, width, height, track number, class id, score, generated), and if need be (annotated,
    considered, visibility)."""
    whole = [(*row, *(False, True, np.nan)[len(row) - 8 :]) for row in rows]
    columns = list(zip(*whole, strict=True)) or [()] * 11
    return FrameBoxes(
        boxes=np.array(columns[:4], np.float32).T.reshape(-1, 4),
        track_numbers=np.array(columns[4], np.uint32),
        class_ids=np.array(columns[5], np.int32),
        scores=np.array(columns[6], np.float32),
        generated=np.array(columns[7], bool),
        annotated=np.array(columns[8], bool),
        considered=np.array(columns[9], bool),
        visibility=np.array(columns[10], np.float32),
    )


def image(number: int, step: int) -> np.ndarray:
    """uint8 (h, w, 3): JPEG keeps a flat colour nearly as it is."""
    return np.full((HEIGHT, WIDTH, 3), (20 * number % 250, 9 * step % 250, 100), np.uint8)


def packed_sequence(
    number: int = 0, boxes: Sequence[FrameBoxes] = (frame_boxes(),) * 3, **changes: Any
) -> PackedSequence:
    count = len(boxes)
    facts: dict[str, Any] = {
        "sequence_id": f"sequence-{number}",
        "video_id": "bikes",
        "clip_id": f"clip-{number}",
        "track_id": None,
        "split": "train",
        "media_id": "ab" * 32,
        "source_uri": "s3://bucket/bikes.mp4",
        "width": WIDTH,
        "height": HEIGHT,
        "frame_rate": 25.0,
        "frames": np.arange(100, 100 + count, dtype=np.int32),
        "times_s": 4 + np.arange(count) / 25,
        "start_s": 4.0,
        "end_s": 4 + count / 25,
        "jpegs": tuple(simplejpeg.encode_jpeg(image(number, step), 90, "RGB") for step in range(count)),
        "boxes": tuple(boxes),
        "annotated": np.array([bool((b.annotated & ~b.generated).any()) for b in boxes], bool),
        "embedding": None,
        "label": None,
    }
    return PackedSequence(**facts | changes)


@pytest.fixture(scope="session")
def boxes_of() -> Callable[..., FrameBoxes]:
    return frame_boxes


@pytest.fixture(scope="session")
def sequence_of() -> Callable[..., PackedSequence]:
    return packed_sequence


@pytest.fixture(scope="session")
def image_of() -> Callable[[int, int], np.ndarray]:
    return image


@pytest.fixture(scope="session")
def class_names() -> tuple[str, ...]:
    return CLASS_NAMES
