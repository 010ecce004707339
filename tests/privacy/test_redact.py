"""What lies in a box cannot be made out, and nothing outside changes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_scenes import PLATES, made, photograph, real

from rushes.privacy.faces import FaceDetector
from rushes.privacy.look import Look
from rushes.privacy.plates import PlateDetector, legible
from rushes.privacy.redact import redact

WIDTH, HEIGHT = 160, 120


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def inside(*boxes: tuple[float, ...]) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for x, y, w, h in boxes:
        top, left, bottom, right = (max(0, int(v)) for v in (np.floor(y), np.floor(x), np.ceil(y + h), np.ceil(x + w)))
        mask[top:bottom, left:right] = True
    return mask


def test_detail_in_the_box_is_gone() -> None:
    picture = noise()
    hidden = redact(picture, np.array([(20, 30, 60, 48)], np.float32))
    before, after = (np.abs(np.diff(p[30:78, 20:80].astype(float), axis=1)).mean() for p in (picture, hidden))
    assert after < 0.1 * before


def test_small_letters_in_the_box_leave_no_trace() -> None:
    white, lined = np.full((HEIGHT, WIDTH, 3), 200, np.uint8), np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    lined[30:78:2, 20:80] = 0
    white[30:78] = 100
    lines = redact(lined, np.array([(20, 30, 60, 48)]))[36:72, 26:74].astype(float)
    assert lines.std() < 2
    assert lines.mean() == pytest.approx(100, abs=2)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(-60, 200), st.floats(-60, 160), st.floats(0, 200), st.floats(0, 200)), max_size=4))
def test_pixels_outside_stay_and_the_given_picture_too(boxes: list[tuple[float, ...]]) -> None:
    picture = noise()
    hidden = redact(picture, np.array(boxes).reshape(-1, 4))
    np.testing.assert_array_equal(picture, noise())
    np.testing.assert_array_equal(hidden[~inside(*boxes)], picture[~inside(*boxes)])
    assert (hidden.shape, hidden.dtype) == (picture.shape, picture.dtype)


@pytest.mark.parametrize("box", [(-20, -20, 50, 50), (140, 100, 80, 80), (-50, -50, 400, 400), (30, -10, 40, 300)])
def test_a_box_beyond_the_border_hides_what_is_inside_the_picture(box: tuple[float, ...]) -> None:
    picture = noise()
    hidden = redact(picture, np.array([box]))
    assert (hidden != picture).any(axis=2)[inside(box)].mean() > 0.9


@pytest.mark.parametrize("box", [(200, 10, 20, 20), (10, 10, 0, 0), (-30, 10, 20, 20)])
def test_a_box_that_holds_no_pixel_changes_nothing(box: tuple[float, ...]) -> None:
    np.testing.assert_array_equal(redact(noise(), np.array([box])), noise())


def test_without_boxes_the_picture_is_as_it_was() -> None:
    picture = noise()
    assert redact(picture, np.empty((0, 4))) is picture


LOOKS = [Look(style, shape) for style in ("blur", "pixelate", "solid") for shape in ("box", "ellipse")]


def padded(boxes: np.ndarray) -> np.ndarray:
    grow = boxes[:, 2:] / 4
    return np.concatenate([boxes[:, :2] - grow, boxes[:, 2:] + 2 * grow], axis=1)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.style} {look.shape}")
def test_the_detector_finds_no_hidden_face_again(look: Look) -> None:
    finder = FaceDetector()
    small = cv2.resize(photograph(), (640, 360), interpolation=cv2.INTER_AREA)
    for picture in (small, real("carphone")[30], real("carphone")[90]):
        (faces,) = finder([picture])
        assert len(faces.boxes)
        (again,) = finder([redact(picture, padded(faces.boxes), look)])
        assert len(again.boxes) == 0


@pytest.mark.parametrize("style", ["blur", "pixelate", "solid"])
def test_shoulders_under_a_hidden_face_do_not_make_it_one_again(style: str) -> None:
    """Someone on a bicycle, cut out as a track's crop is: there must be a face, and the detector says so of a trace."""
    near, sure = FaceDetector(threshold=0.3), FaceDetector(threshold=0.6)
    for number in (104, 108, 110, 112):
        picture = real("bikes")[number]
        (faces,) = near([picture])
        hidden = redact(picture, padded(faces.boxes), Look(style))
        for left, top, right, bottom in ((343, 24, 490, 250), (350, 0, 510, 245), (340, 20, 500, 265)):
            whole, crop = (np.ascontiguousarray(p[top:bottom, left:right]) for p in (picture, hidden))
            assert len(near([whole])[0].boxes)
            assert len(sure([crop])[0].boxes) == 0


@pytest.mark.parametrize("style", ["blur", "pixelate", "solid"])
def test_nothing_is_written_on_a_hidden_plate(style: str) -> None:
    finder = PlateDetector(threshold=0.4)
    picture = made(*PLATES["queue"], 1).pictures[0]
    (plates,) = finder([picture])
    assert len(plates.boxes) == 2
    hidden = redact(picture, padded(plates.boxes), Look(style), ["plate"] * 2)
    (again,) = finder([hidden])
    assert all(legible(picture, box) for box in plates.boxes)
    assert not any(legible(hidden, box) for box in again.boxes), "even patches look like plates, but nothing is written"


def test_solid_is_one_colour_and_pixelate_is_even_cells() -> None:
    box = np.array([(20, 30, 60, 48)])
    solid, cells = (redact(noise(), box, Look(style))[30:78, 20:80] for style in ("solid", "pixelate"))
    assert len(np.unique(solid.reshape(-1, 3), axis=0)) == 1
    assert 2 * 2 <= len(np.unique(cells.reshape(-1, 3), axis=0)) <= 2 * 3


def test_an_ellipse_leaves_the_corners_of_a_face_and_none_of_a_plate() -> None:
    box, oval = np.array([(20, 30, 60, 48)]), Look("solid", "ellipse")
    face, plate = (redact(noise(), box, oval, [kind]) for kind in ("face", "plate"))
    np.testing.assert_array_equal(face[30:33, 20:24], noise()[30:33, 20:24])
    inside = (face != noise()).any(axis=2)[30:78, 20:80]
    assert inside.mean() == pytest.approx(np.pi / 4, abs=0.02)
    assert (plate != noise()).any(axis=2)[30:78, 20:80].mean() > 0.98


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-60, 200), st.floats(-60, 160), st.floats(0, 200), st.floats(0, 200)), max_size=4),
    st.sampled_from(LOOKS),
)
def test_however_it_looks_pixels_outside_stay(boxes: list[tuple[float, ...]], look: Look) -> None:
    hidden = redact(noise(), np.array(boxes).reshape(-1, 4), look)
    np.testing.assert_array_equal(hidden[~inside(*boxes)], noise()[~inside(*boxes)])
