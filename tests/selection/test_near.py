"""Near duplicates are those that looking at every pair in order would drop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.geometry import near
from rushes.selection.geometry.near import near_duplicates


def by_all_distances(vectors: np.ndarray, threshold: float) -> list[int]:
    exact = vectors.astype(np.float64)
    kept: list[int] = []
    repeats = []
    for row, vector in enumerate(exact):
        close = [other for other in kept if ((vector - exact[other]) ** 2).sum() < threshold**2]
        repeats.append(close[0] if close else -1)
        if not close:
            kept.append(row)
    return repeats


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks so small that few vectors already fill many, and every way of looking at them is taken."""
    for name, value in {"_ROWS": 7, "_KEPT": 5, "_SHORT": 2, "_FEW": 3}.items():
        monkeypatch.setattr(near, name, value)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(1, 6),
    st.sampled_from(["whole", "any", "close"]),
    st.sampled_from([1e-5, 2e-5, 0.3, 1.0, 2**0.5, 2.0]),
    st.integers(0, 10_000),
)
def test_a_row_is_dropped_when_it_is_near_to_a_kept_one_before_it(
    n: int, d: int, kind: str, threshold: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = (rng.integers(-1, 2, (n, d)) if kind == "whole" else rng.normal(size=(n, d))).astype(np.float64)
    if kind == "close":  # so close that products in float32 tell them apart by chance at best
        vectors = np.eye(d)[0] + 1e-5 * vectors
    vectors = vectors.astype(np.float32)
    assert near_duplicates(vectors, threshold).tolist() == by_all_distances(vectors, threshold)


def test_what_is_dropped_is_near_to_what_it_repeats_and_kept_ones_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(200, 64)), 6, axis=0)[rng.permutation(1200)]
    vectors = (vectors + rng.normal(size=vectors.shape) * rng.uniform(0, 0.1, (1200, 1))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    repeats = near_duplicates(vectors, 0.08)
    dropped = np.flatnonzero(repeats >= 0)
    kept = np.flatnonzero(repeats < 0)
    assert 200 < len(kept) < 1000
    assert (np.linalg.norm(vectors[dropped] - vectors[repeats[dropped]], axis=1) < 0.08).all()
    assert np.isin(repeats[dropped], kept).all()
    assert (repeats[dropped] < dropped).all()
    apart = np.linalg.norm(vectors[kept][:, None] - vectors[kept][None], axis=2)
    assert apart[np.triu_indices(len(kept), 1)].min() >= 0.08 - 1e-6


def test_the_first_of_many_copies_stays() -> None:
    copies = np.ones((40, 8), np.float32)
    assert near_duplicates(copies, 0.1).tolist() == [-1] + [0] * 39


def test_distance_of_exactly_the_threshold_is_not_nearer() -> None:
    assert near_duplicates(np.array([[0.0], [1.0], [1.5]], np.float32), 1.0).tolist() == [-1, -1, 1]
