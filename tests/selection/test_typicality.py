"""Typicality is the inverse of the mean distance to the nearest others, as looking at every pair gives it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.geometry import typicality as module
from rushes.selection.geometry.typicality import typicality


def by_all_distances(vectors: np.ndarray, neighbours: int, usable: np.ndarray) -> np.ndarray:
    found = np.zeros(len(vectors))
    for row in np.flatnonzero(usable):
        others = np.flatnonzero(usable & (np.arange(len(vectors)) != row))
        apart = np.sort(np.linalg.norm(vectors[others].astype(np.float64) - vectors[row], axis=1))
        if len(apart):
            found[row] = 1 / max(apart[:neighbours].mean(), 1e-3)
    return found.astype(np.float32)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 6),
    st.integers(1, 45),
    st.sampled_from(["whole", "any", "close"]),
    st.integers(0, 10_000),
)
def test_it_is_the_inverse_of_the_mean_distance_to_the_nearest_others(
    n: int, d: int, neighbours: int, kind: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = (rng.integers(-1, 2, (n, d)) if kind == "whole" else rng.normal(size=(n, d))).astype(np.float64)
    if kind == "close":  # so close that products in float32 tell them apart by chance at best
        vectors = np.eye(d)[0] + 1e-2 * np.round(vectors, 1)
    vectors, usable = vectors.astype(np.float32), rng.random(n) < 0.8
    expected = by_all_distances(vectors, neighbours, usable)
    np.testing.assert_allclose(typicality(vectors, neighbours, usable), expected, rtol=1e-6)


@pytest.mark.parametrize("held", [1, 1000, 100_000])
def test_the_size_of_blocks_makes_no_difference(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 32)).astype(np.float32)
    whole = typicality(vectors, 20)
    monkeypatch.setattr(module, "_HELD", held)
    np.testing.assert_array_equal(typicality(vectors, 20), whole)


def test_the_middle_of_a_crowd_is_the_most_typical_and_one_far_off_the_least() -> None:
    angles = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    vectors = np.concatenate([circle, [(0, 0)], 2 * circle, [(30, 30)]]).astype(np.float32)
    found = typicality(vectors, 50)
    assert found.argmax() == 50
    assert found.argmin() == 101


def test_many_copies_are_all_alike_and_finite() -> None:
    copies = np.ones((500, 4), np.float32)
    assert typicality(copies, 20).tolist() == typicality(copies[:3], 20).tolist()[:1] * 500
    assert np.isfinite(typicality(copies, 20)).all()


def test_one_alone_is_not_typical_of_anything() -> None:
    assert typicality(np.ones((1, 4), np.float32), 20).tolist() == [0.0]
    assert typicality(np.ones((3, 4), np.float32), 20, np.array([False, True, False])).tolist() == [0.0] * 3


def test_a_vector_that_is_not_usable_is_nobodys_neighbour() -> None:
    vectors = np.array([[0.0], [1.0], [np.nan], [5.0]], np.float32)
    found = typicality(vectors, 1, np.array([True, True, False, True]))
    assert found.tolist() == [1.0, 1.0, 0.0, 0.25]


def test_of_very_many_only_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(2).normal(size=(2000, 3)).astype(np.float32)
    exact = typicality(vectors, 10)
    monkeypatch.setattr(module, "_LOOKED_AMONG", 1000)
    found = typicality(vectors, 10)
    assert (found <= exact).all()
    assert np.corrcoef(found, exact)[0, 1] > 0.9
    np.testing.assert_array_equal(found, typicality(vectors, 10))
