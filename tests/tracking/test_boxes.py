"""Geometry of boxes, against counting pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.tracking.boxes import area_fraction, clip_to_frame, iou_matrix

WIDTH, HEIGHT = 24, 16
# Whole pixels, some of them outside the frame on every side, some without area.
WHOLE_BOXES = st.lists(
    st.tuples(st.integers(-12, 30), st.integers(-12, 24), st.integers(0, 20), st.integers(0, 20)), max_size=5
).map(lambda boxes: np.array(boxes, np.float32).reshape(-1, 4))


def pixels(box: np.ndarray) -> set[tuple[int, int]]:
    left, top, width, height = (int(value) for value in box)
    return {(x, y) for x in range(left, left + width) for y in range(top, top + height)}


FRAME = {(x, y) for x in range(WIDTH) for y in range(HEIGHT)}


@settings(deadline=None)
@given(WHOLE_BOXES, WHOLE_BOXES)
def test_iou_is_shared_pixels_over_covered_pixels(a: np.ndarray, b: np.ndarray) -> None:
    expected = [
        [len(pixels(x) & pixels(y)) / len(pixels(x) | pixels(y)) if pixels(x) | pixels(y) else 0.0 for y in b]
        for x in a
    ]
    np.testing.assert_allclose(iou_matrix(a, b), np.array(expected).reshape(len(a), len(b)), atol=1e-12)


@settings(deadline=None)
@given(WHOLE_BOXES, WHOLE_BOXES)
def test_iou_does_not_depend_on_the_order_of_the_two(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_array_equal(iou_matrix(a, b), iou_matrix(b, a).T)


@settings(deadline=None)
@given(WHOLE_BOXES)
def test_a_clipped_box_holds_the_pixels_that_are_in_the_frame(boxes: np.ndarray) -> None:
    clipped = clip_to_frame(boxes, WIDTH, HEIGHT)
    assert clipped.dtype == np.float32
    assert [pixels(box) for box in clipped] == [pixels(box) & FRAME for box in boxes]


@settings(deadline=None)
@given(WHOLE_BOXES)
def test_clipped_boxes_lie_in_the_frame_and_stay_when_clipped_again(boxes: np.ndarray) -> None:
    clipped = clip_to_frame(boxes, WIDTH, HEIGHT)
    assert (clipped >= 0).all()
    assert (clipped[:, :2] + clipped[:, 2:] <= [WIDTH, HEIGHT]).all()
    np.testing.assert_array_equal(clip_to_frame(clipped, WIDTH, HEIGHT), clipped)


@settings(deadline=None)
@given(WHOLE_BOXES)
def test_area_fraction_counts_only_the_pixels_in_the_frame(boxes: np.ndarray) -> None:
    expected = [len(pixels(box) & FRAME) / len(FRAME) for box in boxes]
    np.testing.assert_allclose(area_fraction(boxes, WIDTH, HEIGHT), expected, rtol=1e-6)


def test_fractions_of_pixels_count() -> None:
    a = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
    b = np.array([[0.5, 0.25, 1.0, 1.0]], np.float32)
    assert iou_matrix(a, b)[0, 0] == pytest.approx(0.375 / 1.625)


@pytest.mark.parametrize("box", [[70_000.1, 3_000.3, 33.3, 77.7], [0.5, 0.5, 0.1, 0.1]])
def test_a_box_equals_itself_however_far_out_or_small(box: list[float]) -> None:
    boxes = np.array([box], np.float32)
    assert iou_matrix(boxes, boxes)[0, 0] == pytest.approx(1.0, abs=1e-9)
