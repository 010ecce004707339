"""Each strategy's order is the one that its rule gives when carried out naively, and selections nest."""

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.selection.candidates import Candidate
from rushes.selection.recipe import Recipe
from rushes.selection.strategies import k_center, order


def recipe(strategy: str, **fields: Any) -> Recipe:
    unit = {"unit": "track"} if strategy == "class_balanced" else {"sequence_length": 1}
    return Recipe(name="r", strategies=(strategy,), **{**unit, **fields})


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """A few candidates by id; vectors along the axes, so that distances are exact and ties many."""
    found = []
    for number in range(draw(st.integers(1, 12))):
        axis, sign = draw(st.integers(0, 3)), draw(st.sampled_from([-1, 1]))
        vector = np.zeros(4, np.float32)
        vector[axis] = sign
        video = draw(st.sampled_from(["a", "b", "c"]))
        found.append(
            Candidate(
                f"{video}.s{number:06d}",
                video,
                f"{video}.clip",
                None,
                draw(st.sampled_from(["car", "dog", "bus"])),
                draw(st.sampled_from([0.125, 0.25, 0.5])),
                np.array([number]),
                vector,
            )
        )
    return sorted(found, key=lambda c: c.sequence_id)


def shuffled(seed: int, candidate: Candidate) -> str:
    return hashlib.md5(f"{seed}:{candidate.sequence_id}".encode()).hexdigest()


def turns(groups: dict[str, list[int]], most: int | None) -> list[list[int]]:
    """Return the first of each group, then the second of each, and so on."""
    longest = max(map(len, groups.values()))
    return [[group[n] for group in groups.values() if n < len(group)] for n in range(min(longest, most or longest))]


@settings(max_examples=40, deadline=None)
@given(candidates(), st.integers(0, 3))
def test_random_sorts_by_a_hash_of_seed_and_id(given_: list[Candidate], seed: int) -> None:
    expected = sorted(range(len(given_)), key=lambda at: shuffled(seed, given_[at]))
    assert [c.at for c in order(recipe("random", seed=seed), given_)] == expected


@settings(max_examples=40, deadline=None)
@given(candidates(), st.integers(0, 3), st.none() | st.integers(1, 4))
def test_video_balanced_takes_one_of_each_video_in_turn(given_: list[Candidate], seed: int, most: int | None) -> None:
    groups: dict[str, list[int]] = {}
    for at in sorted(range(len(given_)), key=lambda at: shuffled(seed, given_[at])):
        groups.setdefault(given_[at].video_id, []).append(at)
    expected = [at for turn in turns(groups, most) for at in sorted(turn, key=lambda at: shuffled(seed, given_[at]))]
    assert [c.at for c in order(recipe("video_balanced", seed=seed, per_video=most), given_)] == expected


@settings(max_examples=40, deadline=None)
@given(candidates(), st.none() | st.integers(1, 4))
def test_class_balanced_takes_the_best_of_each_class_in_turn(given_: list[Candidate], most: int | None) -> None:
    def best_first(at: int) -> tuple[float, str]:
        return -(given_[at].weighted_score or 0), given_[at].sequence_id

    groups: dict[str, list[int]] = {}
    for at in sorted(range(len(given_)), key=best_first):
        groups.setdefault(str(given_[at].class_name), []).append(at)
    expected = [at for turn in turns(groups, most) for at in sorted(turn, key=best_first)]
    chosen = order(recipe("class_balanced", per_class=most), given_)
    assert [c.at for c in chosen] == expected
    assert [c.score for c in chosen] == [given_[at].weighted_score for at in expected]


def naive_k_center(vectors: np.ndarray, count: int, least: float | None) -> list[int]:
    """Gonzalez's rule, looking at all pairs anew for every choice."""
    mean = vectors.mean(axis=0)
    chosen = [min(range(len(vectors)), key=lambda at: float(((vectors[at] - mean) ** 2).sum()))]
    while len(chosen) < min(count, len(vectors)):
        rest = [at for at in range(len(vectors)) if at not in chosen]
        nearest = {at: min(float(np.linalg.norm(vectors[at] - vectors[c])) for c in chosen) for at in rest}
        farthest = max(rest, key=lambda at: (nearest[at], -at))
        if least is not None and nearest[farthest] < least:
            break
        chosen.append(farthest)
    return chosen


@settings(max_examples=150, deadline=None)
@given(candidates(), st.integers(1, 14), st.sampled_from([None, 0.5, 1.4, 1.5, 2.0]))
def test_k_center_chooses_the_farthest_each_time(given_: list[Candidate], count: int, least: float | None) -> None:
    vectors = np.stack([c.vector for c in given_ if c.vector is not None])
    assert [c.at for c in k_center(vectors, count, least)] == naive_k_center(vectors, count, least)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_k_center_of_any_vectors_is_within_rounding_of_the_naive_choice(seed: int, n: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = k_center(vectors, n)
    assert sorted(c.at for c in chosen) == list(range(n))
    for place, choice in enumerate(chosen[1:], 1):
        before = vectors[[c.at for c in chosen[:place]]]
        nearest = np.linalg.norm(vectors[:, None] - before[None], axis=2).min(axis=1)
        assert choice.score == pytest.approx(nearest[choice.at], abs=1e-3)
        assert nearest[choice.at] >= nearest.max() - 1e-3


def test_k_center_stops_when_all_are_near() -> None:
    angles = np.array([0.0, 0.01, 0.02, np.pi])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert [c.at for c in k_center(vectors, 4, 0.1)][1:] == [3]
    assert len(k_center(vectors, 4)) == 4


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "class_balanced", "diversity"])
@settings(max_examples=25, deadline=None)
@given(given_=candidates(), small=st.integers(1, 12), more=st.integers(1, 12))
def test_the_smaller_selection_is_the_beginning_of_the_larger(
    strategy: str, given_: list[Candidate], small: int, more: int
) -> None:
    smaller = order(recipe(strategy, n_sequences=small), given_)
    larger = order(recipe(strategy, n_sequences=small + more), given_)
    assert len(smaller) == min(small, len(given_))
    assert larger[: len(smaller)] == smaller
    assert len({choice.at for choice in larger}) == len(larger)


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "class_balanced", "diversity"])
def test_of_nothing_nothing_is_chosen(strategy: str) -> None:
    assert order(recipe(strategy), []) == []


def test_another_seed_gives_another_order() -> None:
    given_ = [Candidate(f"v.s{n:06d}", "v", "c", None, None, None, np.array([n]), None) for n in range(30)]
    orders = {tuple(c.at for c in order(recipe("random", seed=seed), given_)) for seed in range(5)}
    assert len(orders) == 5
