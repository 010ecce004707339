"""The face detector finds a face wherever there is one, and none in an animated film."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from rushes.models.registry import models_folder
from rushes.privacy.faces import FaceDetector
from rushes.sources import demo_clips


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def clips() -> dict[str, Path]:
    return dict(zip(demo_clips.CLIPS, demo_clips.fetch(models_folder() / "clips"), strict=True))


def sampled(path: Path, detector: FaceDetector, step: int) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        frames = [f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i % step == 0]
    size = detector.fit(frames[0].shape[1], frames[0].shape[0])
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]


def test_the_face_is_found_in_every_frame(detector: FaceDetector, clips: dict[str, Path]) -> None:
    frames = sampled(clips["carphone"], detector, 3)
    assert len(frames) == 40
    for frame, faces in zip(frames, detector(frames), strict=True):
        assert len(faces.boxes) == len(faces.scores) == 1
        left, top, width, height = faces.boxes[0]
        assert 30 < width < 80
        assert 40 < height < 90
        assert left >= 0
        assert top >= 0
        assert left + width <= frame.shape[1]
        assert top + height <= frame.shape[0]


def test_no_face_is_seen_in_an_animated_film(detector: FaceDetector, clips: dict[str, Path]) -> None:
    faces = detector(sampled(clips["bigbuckbunny"], detector, 4))
    assert len(faces) == 33
    assert sum(len(one.boxes) for one in faces) == 0


def test_results_have_the_promised_types_even_when_empty(detector: FaceDetector) -> None:
    (none,) = detector([np.zeros((120, 200, 3), np.uint8)])
    assert (none.boxes.shape, none.scores.shape) == ((0, 4), (0,))
    assert none.boxes.dtype == none.scores.dtype == np.float32
    assert detector([]) == []


def test_every_face_of_several_is_found_where_it_is(detector: FaceDetector, clips: dict[str, Path]) -> None:
    """Three copies of a face in a frame whose sides are no multiples of the network's stride."""
    face = sampled(clips["carphone"], detector, 200)[0]
    (alone,) = detector([face])
    height, width = face.shape[:2]
    frame = np.zeros((2 * height + 6, 2 * width + 10, 3), np.uint8)
    corners = [(0, 0), (width + 10, 0), (width + 10, height + 6)]
    for x, y in corners:
        frame[y : y + height, x : x + width] = face
    (found,) = detector([frame])
    expected = sorted((alone.boxes[0] + [x, y, 0, 0]).tolist() for x, y in corners)
    assert len(found.boxes) == 3
    np.testing.assert_allclose(sorted(found.boxes.tolist()), expected, atol=8)


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((176, 144), (176, 144)),
        ((640, 272), (640, 272)),
        ((1280, 720), (640, 360)),
        ((720, 1280), (360, 640)),
        ((1920, 1080), (640, 360)),
        ((1440, 1080), (480, 360)),
        ((177, 145), (176, 144)),
    ],
)
def test_large_frames_are_fitted_by_their_shorter_side_and_small_ones_are_not_blown_up(
    detector: FaceDetector, size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert detector.fit(*size) == fitted
