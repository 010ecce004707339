"""The step that all boxes take at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.tracking.camera import common_step

BOXES = st.integers(0, 10_000).map(lambda seed: made(seed))


def made(seed: int, count: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.hstack([rng.uniform(0, 900, (count, 2)), rng.uniform(40, 90, (count, 2))])


@settings(deadline=None)
@given(BOXES, st.floats(-300, 300), st.floats(-300, 300))
def test_a_picture_that_moved_as_a_whole_is_moved_back(boxes: np.ndarray, right: float, down: float) -> None:
    step = common_step(boxes, boxes + [right, down, 0, 0])
    assert step is not None
    assert np.abs(step - [right, down]).max() < 40  # within half a box, whatever other pairs chance to agree


@settings(deadline=None)
@given(BOXES, st.randoms(use_true_random=False))
def test_the_order_of_boxes_does_not_matter(boxes: np.ndarray, random: object) -> None:
    shuffled = boxes[np.random.default_rng(random.randint(0, 10**6)).permutation(len(boxes))]  # type: ignore[attr-defined]
    moved = boxes + [70, -20, 0, 0]
    np.testing.assert_allclose(common_step(shuffled, moved[::-1]), common_step(boxes, moved))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_the_step_of_most_is_found_though_some_go_their_own_way_and_others_are_new(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = made(seed, 12)
    moved = boxes + [150, 30, 0, 0] + rng.normal(0, 3, boxes.shape) * [1, 1, 0, 0]
    moved[:3, :2] = rng.uniform(0, 900, (3, 2))
    step = common_step(boxes, np.vstack([moved, made(seed + 100, 4)]))
    np.testing.assert_allclose(step, [150, 30], atol=6)  # type: ignore[arg-type]


def test_boxes_of_other_sizes_have_no_say() -> None:
    assert common_step(np.array([[0.0, 0, 10, 10]]), np.array([[30.0, 0, 50, 50]])) is None


def test_of_two_steps_as_likely_the_smaller_is_taken() -> None:
    step = common_step(np.array([[100.0, 0, 20, 20]]), np.array([[140.0, 0, 20, 20], [40.0, 0, 20, 20]]))
    np.testing.assert_allclose(step, [40, 0])  # type: ignore[arg-type]
