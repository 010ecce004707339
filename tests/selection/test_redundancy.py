"""Swaps spread a random subset out as carrying out their rule one candidate at a time would; selections nest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.geometry import redundancy
from rushes.selection.geometry.redundancy import min_redundancy


def apart(vectors: np.ndarray, one: int, other: int) -> float:
    return float(((vectors[one].astype(np.float64) - vectors[other]) ** 2).sum())


def spread_out(
    vectors: np.ndarray, order: list[int], pooled: list[int], rounds: int, most: int | None, epochs: int
) -> list[int]:
    """One group's rule, looking at every pair anew for every candidate; rows level by level."""
    stay = list(pooled)
    while len(stay) - len(pooled) < min(rounds, len(order)):
        size = max(1, 2 * (len(stay) - len(pooled)))
        new = [row for row in order if row not in stay][: size - (len(stay) - len(pooled))]
        left = most if most is not None else 10**6
        for _ in range(epochs):
            swaps = 0
            for row in [row for row in order if row not in stay + new]:
                pairs = [(apart(vectors, a, b), a, b) for a in new for b in stay + new if a != b]
                if not pairs or not left:
                    break
                least = min(pairs)[0]
                if min(apart(vectors, row, member) for member in stay + new) > least:
                    slots = stay + new
                    one = next(i for i, a in enumerate(slots) for d, *pair in pairs if d == least and a in pair)
                    partner = nearest_slot(vectors, slots, one, len(stay))
                    new[max(one, partner) - len(stay)] = row
                    swaps += 1
                    left -= 1
            if not swaps:
                break
        stay += sorted(new, key=order.index)
    return stay[len(pooled) :]


def nearest_slot(vectors: np.ndarray, slots: list[int], one: int, staying: int) -> int:
    others = [at for at in range(len(slots)) if at != one and (at >= staying or one >= staying)]
    return min(others, key=lambda at: (apart(vectors, slots[one], slots[at]), at))


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks so small that few candidates already fill many."""
    monkeypatch.setattr(redundancy, "_AT_ONCE", 4)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 22),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 25),
    st.sampled_from([None, 0, 1, 3]),
    st.integers(1, 4),
    st.integers(0, 10_000),
)
def test_it_is_what_swapping_one_by_one_gives(
    n: int, d: int, kinds: int, count: int, most: int | None, epochs: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d)).astype(np.float32)  # any directions: no two distances are the same
    groups, usable, pooled = rng.integers(0, kinds, n), rng.random(n) < 0.9, rng.random(n) < 0.2
    order = rng.permutation(n)
    order = order[(usable & ~pooled)[order]]
    found = min_redundancy(
        vectors, groups, order, count, pooled=np.flatnonzero(pooled), max_swaps=most, epochs=epochs
    ).tolist()
    assert len(found) == min(count, len(order))
    for group in np.unique(groups):
        mine = [row for row in found if groups[row] == group]
        rows = [row for row in order.tolist() if groups[row] == group]
        pool = np.flatnonzero(pooled & (groups == group)).tolist()
        assert mine == spread_out(vectors, rows, pool, len(mine), most, epochs)[: len(mine)]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 20), st.integers(1, 20), st.integers(0, 10_000))
def test_the_smaller_choice_is_the_beginning_of_the_larger(
    n: int, kinds: int, small: int, more: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)  # full of ties and duplicates
    groups, order = rng.integers(0, kinds, n), rng.permutation(n)
    smaller, larger = (min_redundancy(vectors, groups, order, count) for count in (small, small + more))
    assert len(smaller) == min(small, n)
    assert larger[: len(smaller)].tolist() == smaller.tolist()
    assert len(set(larger.tolist())) == len(larger)


@settings(max_examples=100, deadline=None)
@given(st.integers(3, 40), st.booleans(), st.integers(0, 10_000))
def test_no_swap_brings_the_closest_two_nearer(n: int, pooling: bool, seed: int) -> None:
    """Where one level has all swaps: of the first choice beside pooled ones, or of two without any."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-3, 4, (n, 2)).astype(np.float32)
    groups, order = np.zeros(n, np.int64), rng.permutation(n)
    pooled, order = (order[: n // 3], order[n // 3 :]) if pooling else (order[:0], order)
    least = []
    for swaps in range(8):
        chosen = min_redundancy(vectors, groups, order, 1 if pooling else 2, pooled=pooled, max_swaps=swaps)
        members = [*pooled.tolist(), *chosen.tolist()]
        least.append(min(apart(vectors, a, b) for a in chosen.tolist() for b in members if a != b))
    assert least == sorted(least)


def test_groups_take_turns_until_one_has_run_out() -> None:
    rng = np.random.default_rng(0)
    groups = np.array([0] * 2 + [1] * 10 + [2] * 5)
    found = min_redundancy(rng.normal(size=(17, 4)).astype(np.float32), groups, rng.permutation(17), 17)
    assert groups[found].tolist() == [0, 1, 2, 0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1]


def test_one_of_each_crowd_is_chosen_where_chance_would_take_many_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    rng = np.random.default_rng(1)
    crowd = rng.choice(16, 2000, p=np.r_[0.85, np.full(15, 0.01)])
    vectors = (np.eye(16)[crowd] + 0.02 * rng.normal(size=(2000, 16))).astype(np.float32)
    order = rng.permutation(2000)
    chosen = min_redundancy(vectors, np.zeros(2000, np.int64), order, 16)
    assert len(set(crowd[order[:16]])) < 8
    assert len(set(crowd[chosen])) >= 13


def test_of_nothing_nothing_is_chosen() -> None:
    vectors, groups = np.ones((3, 2), np.float32), np.zeros(3, np.int64)
    assert len(min_redundancy(vectors, groups, np.empty(0, np.int64), 5)) == 0
    assert len(min_redundancy(vectors, groups, np.arange(3), 0)) == 0
    assert min_redundancy(vectors, groups, np.arange(3), 5).tolist() == [0, 1, 2]
