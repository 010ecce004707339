"""Figures, their scale, and the figure of diversity beside others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.choosing.gains import Figure, Spread, likeness, total
from rushes.selection.choosing.nearest import Nearest

FIGURES = st.lists(st.floats(-100, 100), min_size=2, max_size=8)


def unit(seed: int, n: int, d: int = 5) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(FIGURES)
def test_a_scale_goes_from_the_least_to_the_most(values: list[float]) -> None:
    scaled = Figure("x", 1.0, np.array(values)).among(np.ones(len(values), bool)).scaled
    assert scaled is not None
    if min(values) == max(values):
        assert not scaled.any()
    else:
        assert (scaled.min(), scaled.max()) == (0, 1)
        assert (np.argsort(scaled, kind="stable") == np.argsort(values, kind="stable")).all() or len(
            set(scaled.tolist())
        ) < len(set(values))


def test_what_is_no_candidate_makes_no_scale() -> None:
    figure = Figure("x", 1.0, np.array([0.0, 5.0, 10.0, 900.0])).among(np.array([True, True, True, False]))
    assert figure.scaled is not None
    assert figure.scaled[:3].tolist() == [0.0, 0.5, 1.0]


def test_several_figures_are_weighed_by_their_strength() -> None:
    all_ = np.ones(3, bool)
    figures = [Figure("x", 2.0, np.array([0.0, 1, 2])).among(all_), Figure("y", 1.0, np.array([8.0, 0, 4])).among(all_)]
    assert total(figures, alone=False).tolist() == [1.0, 1.0, 2.5]
    assert total(figures[:1], alone=True).tolist() == [0, 1, 2]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(1, 20), st.integers(1, 4))
def test_likeness_is_the_cosine_to_the_nearest_query(seed: int, n: int, q: int) -> None:
    vectors, queries = unit(seed, n), unit(seed + 1, q)
    expected = [max(float(v.astype(float) @ query.astype(float)) for query in queries) for v in vectors]
    assert likeness(vectors, queries) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.integers(2, 30), st.integers(0, 5))
def test_diversity_lies_within_its_bounds(seed: int, n: int, steps: int) -> None:
    vectors = unit(seed, n)
    nearest = Nearest(vectors, np.empty(0, np.int64))
    spread = Spread(1.0, vectors, np.arange(n), nearest)
    rows = np.arange(n)
    for at in [None, *range(min(steps, n))]:
        if at is not None:
            nearest.add(at)
        for alone in (True, False):
            least, most = spread.bounds(rows, alone)
            exact = spread.exact(rows, alone)
            assert (least <= exact).all()
            assert (exact <= most).all()
        assert 0 <= exact.min() <= exact.max() <= 1


def test_diversity_begins_with_the_nearness_to_the_mean() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    spread = Spread(1.0, vectors, np.arange(3), Nearest(vectors, np.empty(0, np.int64)))
    figure = spread.exact(np.arange(3), alone=False)
    assert (figure.argmax(), figure.max(), figure.min()) == (2, 1, 0)


def test_diversity_is_a_share_of_the_largest_distance_there_was_first() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    nearest = Nearest(vectors, np.array([0]))
    spread = Spread(1.0, vectors, np.array([1, 2]), nearest)
    assert spread.exact(np.array([1, 2]), alone=False) == pytest.approx([2**0.5 / 2, 1])
    nearest.add(2)
    assert spread.exact(np.array([1]), alone=False) == pytest.approx([2**0.5 / 2])


def test_candidates_that_are_all_the_same_have_no_diversity() -> None:
    vectors = np.array([[1, 0]] * 3, np.float32)
    nearest = Nearest(vectors, np.empty(0, np.int64))
    spread = Spread(1.0, vectors, np.arange(3), nearest)
    assert not spread.exact(np.arange(3), alone=False).any()
    nearest.add(0)
    assert not spread.exact(np.arange(3), alone=False).any()
