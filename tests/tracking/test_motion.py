"""The motion model, against the textbook's Kalman filter with whole matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.tracking import motion
from rushes.tracking.motion import BoxMotion

SEEN = np.zeros(1, bool)


def moving(boxes: np.ndarray) -> BoxMotion:
    model = BoxMotion()
    model.add(boxes)
    return model


class TextbookFilter:
    """x ← Fx, P ← FPFᵀ + Q; K = PHᵀ(HPHᵀ + R)⁻¹, x ← x + K(z − Hx), P ← (I − KH)P, for one box."""

    def __init__(self, box: np.ndarray) -> None:
        self.mean = np.concatenate([self.measured(box), np.zeros(4)])
        first = np.repeat([motion._FIRST_POSITION, motion._FIRST_VELOCITY], 4)
        self.covariance = np.diag((first * self.scale()) ** 2)

    @staticmethod
    def measured(box: np.ndarray) -> np.ndarray:
        left, top, width, height = (float(value) for value in box)
        return np.array([left + width / 2, top + height / 2, width, height])

    def scale(self) -> float:
        return float(np.sqrt(self.mean[2] * self.mean[3]))

    def predict(self, t: float) -> None:
        step = np.kron([[1, t], [0, 1]], np.eye(4))
        acceleration = motion._ACCELERATION**2 * np.array([[t**3 / 3, t**2 / 2], [t**2 / 2, t]])
        drift = np.array([[motion._DRIFT**2 * t, 0], [0, 0]])
        noise = np.kron(acceleration + drift, np.eye(4)) * self.scale() ** 2
        self.mean = step @ self.mean
        self.covariance = step @ self.covariance @ step.T + noise

    def correct(self, box: np.ndarray) -> None:
        observed = np.eye(4, 8)
        noise = np.eye(4) * (motion._MEASURED * self.scale()) ** 2
        gain = self.covariance @ observed.T @ np.linalg.inv(observed @ self.covariance @ observed.T + noise)
        self.mean = self.mean + gain @ (self.measured(box) - observed @ self.mean)
        self.covariance = (np.eye(8) - gain @ observed) @ self.covariance

    def box(self) -> np.ndarray:
        return np.concatenate([self.mean[:2] - self.mean[2:4] / 2, self.mean[2:4]])


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_agrees_with_the_textbook_over_uneven_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = rng.uniform(50, 200, 4)
    model, textbook = moving(box[None]), TextbookFilter(box)
    for _ in range(8):
        seconds = float(rng.uniform(0.02, 0.3))
        box = box + rng.normal(0, 4, 4)
        model.predict(seconds, SEEN)
        textbook.predict(seconds)
        model.correct(np.array([0]), box[None])
        textbook.correct(box)
        np.testing.assert_allclose(model.boxes()[0], textbook.box(), rtol=1e-9)


def test_an_object_at_constant_velocity_is_expected_where_it_goes() -> None:
    model = moving(np.array([[0.0, 0.0, 40.0, 80.0]]))
    for frame in range(1, 10):
        model.predict(0.125, SEEN)
        model.correct(np.array([0]), np.array([[12.0 * frame, 5.0 * frame, 40.0, 80.0]]))
    model.predict(0.5, SEEN)  # four frames on
    np.testing.assert_allclose(model.boxes()[0], [12.0 * 13, 5.0 * 13, 40.0, 80.0], atol=1.0)


def test_two_short_predictions_equal_a_long_one() -> None:
    one, two = (moving(np.array([[0.0, 0.0, 40.0, 80.0]])) for _ in range(2))
    for model in (one, two):
        model.predict(0.125, SEEN)
        model.correct(np.array([0]), np.array([[9.0, 2.0, 40.0, 80.0]]))
    one.predict(0.3, SEEN)
    two.predict(0.1, SEEN)
    two.predict(0.2, SEEN)
    later = np.array([[40.0, 6.0, 40.0, 80.0]])
    for model in (one, two):  # what follows depends on the uncertainty too
        model.correct(np.array([0]), later)
    np.testing.assert_allclose(one.boxes(), two.boxes(), rtol=1e-12)


def test_an_unseen_object_moves_on_but_keeps_its_size() -> None:
    model = moving(np.array([[0.0, 0.0, 40.0, 80.0]]))
    for frame in range(1, 6):
        model.predict(0.125, SEEN)
        model.correct(np.array([0]), np.array([[10.0 * frame, 0.0, 40.0 - 6 * frame, 80.0 - 12 * frame]]))
    before = model.boxes()[0]
    model.predict(1.0, ~SEEN)
    after = model.boxes()[0]
    assert after[0] > before[0] + 20
    np.testing.assert_array_equal(after[2:], before[2:])


def test_a_shrinking_object_never_has_a_negative_side() -> None:
    model = moving(np.array([[0.0, 0.0, 40.0, 80.0]]))
    for frame in range(1, 6):
        model.predict(0.125, SEEN)
        model.correct(np.array([0]), np.array([[0.0, 0.0, 40.0 - 7 * frame, 80.0 - 15 * frame]]))
    model.predict(5.0, SEEN)
    assert (model.boxes()[:, 2:] > 0).all()


@pytest.mark.parametrize("box", [[5.0, 5.0, 0.0, 0.0], [5.0, 5.0, 0.0, 30.0]])
def test_a_box_without_area_stays_finite(box: list[float]) -> None:
    model = moving(np.array([box]))
    model.predict(0.125, SEEN)
    model.correct(np.array([0]), np.array([box]))
    assert np.isfinite(model.boxes()).all()


def test_what_is_dropped_leaves_the_others_as_they_were() -> None:
    boxes = np.array([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 20.0, 20.0], [90.0, 10.0, 30.0, 5.0]])
    model = moving(boxes)
    model.keep(np.array([True, False, True]))
    assert len(model) == 2
    np.testing.assert_array_equal(model.boxes(), boxes[[0, 2]])
