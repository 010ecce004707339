"""The detector finds what is in real frames, and its boxes are boxes of the frame that was given."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ModelError
from rushes.models.registry import models_folder
from rushes.sources import demo_clips
from rushes.tracking.detector import Detections, Detector
from rushes.tracking.vocabulary import COCO_CLASSES


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.fixture(scope="module")
def street() -> list[np.ndarray]:
    """Every 25th frame of a clip of a street, 640x272."""
    path = demo_clips.fetch(models_folder() / "clips")[0]
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i % 25 == 0]


@pytest.fixture(scope="module")
def found(detector: Detector, street: list[np.ndarray]) -> list[Detections]:
    return detector(street)


def classes(detections: list[Detections], least: float) -> set[str]:
    return {
        COCO_CLASSES[index]
        for one in detections
        for index, score in zip(one.class_scores.argmax(axis=1), one.scores, strict=True)
        if score >= least
    }


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    return shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)


def test_people_cars_and_bicycles_are_found_in_a_street(found: list[Detections]) -> None:
    assert {"person", "car", "bicycle"} <= classes(found, 0.5)


@pytest.mark.parametrize("model", ["yolov8n", "yolov8s"])
def test_torch_checkpoints_find_them_too(model: str, street: list[np.ndarray]) -> None:
    detector = Detector(model)
    assert (detector.vocabulary, detector.class_names) == ("coco", COCO_CLASSES)
    assert {"person", "car", "bicycle"} <= classes(detector(street), 0.5)


def test_a_detector_of_other_things_has_a_vocabulary_of_its_own(street: list[np.ndarray]) -> None:
    detector = Detector("plates")
    assert (detector.vocabulary, detector.class_names) == ("plates", ("License_Plate",))
    assert all(one.class_scores.shape == (len(one.boxes), 1) for one in detector(street[:2]))


def test_results_have_the_promised_types_and_best_come_first(found: list[Detections]) -> None:
    assert sum(len(one.boxes) for one in found) > 20
    for one in found:
        count = len(one.scores)
        assert (one.boxes.shape, one.class_scores.shape) == ((count, 4), (count, 80))
        assert {one.boxes.dtype, one.scores.dtype, one.class_scores.dtype} == {np.dtype(np.float32)}
        np.testing.assert_array_equal(one.scores, one.class_scores.max(axis=1))
        assert (np.diff(one.scores) <= 0).all()
        assert (one.scores > 0.1).all()


def test_boxes_lie_inside_the_frame(found: list[Detections]) -> None:
    for one in found:
        assert (one.boxes >= 0).all()
        assert (one.boxes[:, 0] + one.boxes[:, 2] <= 640.01).all()
        assert (one.boxes[:, 1] + one.boxes[:, 3] <= 272.01).all()


def test_no_two_boxes_of_a_frame_overlap_more_than_allowed(found: list[Detections]) -> None:
    for one in found:
        for index, box in enumerate(one.boxes):
            assert (overlap(box, one.boxes[index + 1 :]) <= 0.7 + 1e-3).all()


def test_a_higher_confidence_only_takes_away(detector: Detector, street: list[np.ndarray]) -> None:
    strict = Detector(confidence=0.5)
    for some, all_of_them in zip(strict(street), detector(street), strict=True):
        np.testing.assert_array_equal(some.boxes, all_of_them.boxes[all_of_them.scores > 0.5])


def test_frames_do_not_disturb_each_other(
    detector: Detector, street: list[np.ndarray], found: list[Detections]
) -> None:
    small = cv2.resize(street[5], (320, 136), interpolation=cv2.INTER_AREA)
    mixed = detector([street[5], small, street[0]])
    np.testing.assert_array_equal(mixed[0].class_scores, found[5].class_scores)
    np.testing.assert_array_equal(mixed[2].boxes, found[0].boxes)


def test_a_frame_of_nothing_gives_empty_arrays(detector: Detector) -> None:
    (nothing,) = detector([np.full((384, 640, 3), 114, np.uint8)])
    assert (nothing.boxes.shape, nothing.scores.shape, nothing.class_scores.shape) == ((0, 4), (0,), (0, 80))
    assert detector([]) == []


def test_an_object_is_where_it_was_put(detector: Detector, street: list[np.ndarray]) -> None:
    """The person on the bicycle, moved to the right in a portrait frame, is found as far to the right."""
    person = street[5][:, 340:500]
    left, right = (np.full((640, 384, 3), 114, np.uint8) for _ in range(2))
    left[100:372, 20:180] = person
    right[100:372, 180:340] = person
    one, other = (next(iter(d.boxes[d.class_scores.argmax(axis=1) == 0])) for d in detector([left, right]))
    np.testing.assert_allclose(other - one, [160, 0, 0, 0], atol=4)


@given(width=st.integers(16, 8000), height=st.integers(16, 8000))
def test_fitted_sizes_fill_the_network_keep_the_aspect_and_are_even(
    detector: Detector, width: int, height: int
) -> None:
    w, h = detector.fit(width, height)
    wide, tall = (640, 384) if width >= height else (384, 640)
    assert w % 2 == h % 2 == 0
    assert 2 <= w <= wide
    assert 2 <= h <= tall
    assert w == wide or h == tall
    scale = min(wide / width, tall / height)
    assert abs(w - width * scale) <= 2
    assert abs(h - height * scale) <= 2


def test_a_wrong_checkpoint_is_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    monkeypatch.setenv("RUSHES_MODELS", str(tmp_path))
    (tmp_path / "yolov8n.pt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelError, match="yolov8n"):
        Detector("yolov8n")
    assert not (tmp_path / "sprung").exists()


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="centerface"):
        Detector("centerface")


def is_imported(module: str, by: str) -> bool:
    """Whether a fresh process has the module after it ran the line."""
    code = f"import sys; from rushes.tracking.detector import Detector; {by}; sys.exit({module!r} in sys.modules)"
    return bool(subprocess.run([sys.executable, "-c", code]).returncode)


def test_an_onnx_detector_needs_no_torch() -> None:
    assert not is_imported("torch", by="Detector()")


def test_torch_checkpoints_need_no_torchvision() -> None:
    assert is_imported("torch", by="Detector('yolov8n')")
    assert not is_imported("torchvision", by="Detector('yolov8n')")
