"""k-center chooses what looking at every float64 distance for every choice would, whatever is left out on the way."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.geometry import distances, farthest
from rushes.selection.geometry.k_center import approximate, k_center


def by_all_distances(
    vectors: np.ndarray,
    count: int,
    *,
    usable: np.ndarray | None = None,
    pooled: np.ndarray | None = None,
    min_distance: float | None = None,
    first: int | None = None,
) -> tuple[list[int], list[int], list[float]]:
    """Gonzalez's rule: rows, the nearest chosen before each, and its distance."""
    exact = vectors.astype(np.float64)
    may = np.ones(len(exact), bool) if usable is None else usable.copy()
    centres = [] if pooled is None else pooled.tolist()
    may[centres] = False
    mean = exact[may].mean(axis=0) if may.any() else exact.sum(axis=0)
    nearest, distance = np.full(len(exact), len(exact)), np.full(len(exact), np.inf)

    def look(at: int) -> None:
        apart = ((exact - exact[at]) ** 2).sum(axis=1)
        better = (apart < distance) | ((apart == distance) & (at < nearest))
        distance[better], nearest[better] = apart[better], at

    for at in centres:
        look(at)
    rows: list[int] = []
    found: list[tuple[int, float]] = []
    while len(rows) < count and may.any():
        at = int(np.argmax(np.where(may, distance, -1)))
        if not rows and first is not None:
            at = first
        elif not rows and not centres:
            at = min(np.flatnonzero(may), key=lambda row: ((exact[row] - mean) ** 2).sum())
        elif min_distance is not None and np.sqrt(distance[at]) < min_distance:
            break
        rows.append(int(at))
        found.append((int(nearest[at]) if distance[at] < np.inf else -1, float(np.sqrt(distance[at]))))
        may[at] = False
        look(int(at))
    return rows, [n for n, _ in found], [d for _, d in found]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pools and blocks so small that few vectors already fill many."""
    monkeypatch.setattr(farthest, "_POOL_LEAST", 1)
    monkeypatch.setattr(farthest, "_POOL_MOST", 7)
    monkeypatch.setattr(farthest, "_CENTRES", 3)
    monkeypatch.setattr(distances, "_HELD", 24)
    monkeypatch.setattr(distances, "_AT_ONCE", 5)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """Vectors of few whole numbers, which are full of ties and duplicates, or of any directions; and what is asked."""
    n, d = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    kind = draw(st.sampled_from(["whole", "unit", "close"]))
    vectors = rng.integers(-1, 2, (n, d)) if kind == "whole" else rng.normal(size=(n, d))
    if kind == "close":  # so close that products in float32 tell them apart by chance at best
        vectors = np.eye(d)[0] + 1e-5 * vectors
    if kind == "unit":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked: dict[str, Any] = {"min_distance": draw(st.sampled_from([None, 1e-5, 0.5, 1.0, 2.0]))}
    if draw(st.booleans()):
        asked["usable"] = rng.random(n) < 0.7
    if draw(st.booleans()):
        asked["pooled"] = np.flatnonzero(rng.random(n) < 0.2)
    open_rows = np.setdiff1d(np.flatnonzero(asked.get("usable", np.ones(n, bool))), asked.get("pooled", []))
    if draw(st.booleans()) and len(open_rows):
        asked["first"] = int(rng.choice(open_rows))
    return vectors.astype(np.float32), asked


@settings(max_examples=250, deadline=None)
@given(cases(), st.integers(0, 45))
def test_each_choice_is_the_farthest_from_all_before(case: tuple[np.ndarray, dict[str, Any]], count: int) -> None:
    vectors, asked = case
    rows, nearest, distance = by_all_distances(vectors, count, **asked)
    found = k_center(vectors, count, **asked)
    assert found.at.tolist() == rows
    assert found.nearest.tolist() == nearest
    np.testing.assert_array_equal(found.distance, np.array(distance, np.float32))


@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(1, 20), st.integers(1, 20), st.integers(0, 3))
def test_the_smaller_choice_is_the_beginning_of_the_larger(
    case: tuple[np.ndarray, dict[str, Any]], small: int, more: int, seed: int
) -> None:
    vectors, asked = case
    for choose in (k_center, partial(approximate, sample=8, seed=seed)):
        smaller, larger = (choose(vectors, count, **asked) for count in (small, small + more))
        assert larger.at[: len(smaller.at)].tolist() == smaller.at.tolist()
        assert len(smaller.at) == min(small, len(larger.at))
        assert len(set(larger.at.tolist())) == len(larger.at)


@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(0, 45))
def test_a_sample_of_all_is_no_approximation(case: tuple[np.ndarray, dict[str, Any]], count: int) -> None:
    vectors, asked = case
    exact, sampled = k_center(vectors, count, **asked), approximate(vectors, count, len(vectors), 1, **asked)
    assert sampled.at.tolist() == exact.at.tolist()


def directions(n: int, d: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def test_a_sample_covers_what_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    groups = np.random.default_rng(1).geometric(0.1, 20_000).clip(max=60) - 1  # half have fewer than a hundred rows
    vectors = directions(60, 32)[groups] + 0.05 * directions(20_000, 32, 2)
    vectors[[77, 12_345]] = directions(2, 32, 3)
    sampled = approximate(vectors, 100, 200, 0).at
    assert {77, 12_345} <= set(sampled.tolist())
    assert set(groups[sampled]) == set(groups)
    assert k_center(vectors, 100).at.tolist() == by_all_distances(vectors, 100)[0]


def test_a_sample_without_what_is_asked_for_grows() -> None:
    vectors = np.zeros((100, 2), np.float32)
    vectors[70] = 1
    assert approximate(vectors, 2, 1, 0, first=3, min_distance=1.0).at.tolist() == [3, 70]
    assert sorted(approximate(vectors, 100, 1, 0).at.tolist()) == list(range(100))


def test_a_sample_depends_on_its_seed_alone() -> None:
    vectors = directions(400, 8)
    orders = {tuple(approximate(vectors, 10, 20, seed).at.tolist()) for seed in (1, 1, 2, 3)}
    assert len(orders) == 3


def test_rows_that_are_not_usable_may_be_anything() -> None:
    vectors = directions(20, 4)
    vectors[3] = np.nan
    assert 3 not in k_center(vectors, 20, usable=np.arange(20) != 3).at
    with pytest.raises(ValueError, match="vector 3 is not finite"):
        k_center(vectors, 20)


def test_vectors_may_be_a_read_only_map_of_a_file(tmp_path: Path) -> None:
    vectors = directions(200, 16)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert k_center(mapped, 30).at.tolist() == k_center(vectors, 30).at.tolist()


def test_of_nothing_nothing_is_chosen() -> None:
    assert len(k_center(np.empty((0, 8), np.float32), 3).at) == 0
    assert len(approximate(np.empty((0, 8), np.float32), 3, 10, 0).at) == 0
    assert len(k_center(directions(5, 8), 0).at) == 0
    assert len(k_center(directions(5, 8), 3, usable=np.zeros(5, bool)).at) == 0
