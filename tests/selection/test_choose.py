"""Whatever way choosing takes, it chooses what the rule gives when carried out naively; and selections nest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from choosing import Case, Naive, cases, distance, recipes
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.recipes.recipe import Recipe


def check(case: Case, recipe: Recipe) -> None:
    naive, chosen = Naive(case, recipe), case.choose(recipe)
    by_distance = bool(naive.swaps) or (bool(naive.diversity) and not naive.figures)
    for choice, (at, gain, relaxed) in zip(chosen, naive.steps(), strict=True):
        assert (choice.at, choice.relaxed) == (at, relaxed), choice
        if not naive.before():
            assert (choice.nearest, choice.distance) == (None, None)
            assert choice.score is None or not by_distance
        else:
            assert choice.distance == pytest.approx(naive.nearest(at), abs=1e-6)
            apart = {other: distance(naive.vectors[at], naive.vectors[other]) for other in naive.before()}
            assert choice.nearest == min(apart, key=lambda other: (apart[other], other))
        if by_distance:
            assert choice.score == choice.distance
        elif math.isfinite(gain):
            assert choice.score == pytest.approx(gain, abs=1e-6)
        else:
            assert choice.score is None


QUIET = [HealthCheck.too_slow]


@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(cases(), recipes())
def test_any_recipe_chooses_what_the_rule_gives(case: Case, recipe: Recipe) -> None:
    check(case, recipe)


@settings(max_examples=120, deadline=None, suppress_health_check=QUIET)
@given(cases(), recipes(), st.integers(1, 8))
def test_the_smaller_selection_is_the_beginning_of_the_larger(case: Case, recipe: Recipe, count: int) -> None:
    assert case.choose(recipe, count) == case.choose(recipe)[:count]


@settings(max_examples=60, deadline=None)
@given(cases(pools=False), recipes(), st.integers(0, 6))
def test_with_one_figure_a_second_run_goes_on_where_the_first_ended(case: Case, recipe: Recipe, first: int) -> None:
    gains = [s for s in recipe.strategies if s.role == "gain"]
    assume(len(gains) <= 1 and not any(s.role == "swaps" for s in recipe.strategies))
    whole = case.choose(recipe)
    earlier = {choice.at for choice in whole[:first]}
    column = pa.array([at in earlier for at in range(len(case.candidates))])
    place = case.candidates.rows.column_names.index("pooled")
    rows = case.candidates.rows.set_column(place, CANDIDATE.field("pooled"), column)
    pooled = replace(case, candidates=replace(case.candidates, rows=rows))
    assert [choice.at for choice in pooled.choose(recipe)] == [choice.at for choice in whole[first:]]


@settings(max_examples=60, deadline=None)
@given(cases(), recipes())
def test_what_cannot_be_used_and_what_was_chosen_before_is_not_chosen(case: Case, recipe: Recipe) -> None:
    chosen = [choice.at for choice in case.choose(recipe)]
    assert len(set(chosen)) == len(chosen)
    assert all(case.usable[at] and not case.candidates.pooled[at] for at in chosen)


def case_of(vectors: Any = None, **columns: list[Any]) -> Case:
    """Candidates of which a test names only what it is about."""
    n = len(next(iter(columns.values())))
    whole: dict[str, list[Any]] = {
        "sequence_id": [f"v.s{number:06d}" for number in range(n)],
        "video_id": ["a"] * n,
        "clip_id": ["a"] * n,
        "track_id": [f"t{number}" for number in range(n)],
        "class_name": ["car"] * n,
        "weighted_score": [0.5] * n,
        "motion": [0.1] * n,
        "first_frame": [0] * n,
        "last_frame": [0] * n,
        "n_frames": [1] * n,
        "n_padded": [0] * n,
        "pooled": [False] * n,
        **columns,
    }
    extra = [pa.field(name, pa.float64()) for name in columns if name not in CANDIDATE.names]
    rows = pa.table(whole, schema=pa.schema([*CANDIDATE, *extra]))
    given_ = None if vectors is None else np.array(vectors, np.float32)
    return Case(Candidates(rows, given_), np.ones(n, bool), [], np.empty((0, 2), np.float32))


def recipe_of(*strategies: Any, **fields: Any) -> Recipe:
    return Recipe.model_validate({"name": "r", "unit": "track", "strategies": list(strategies), **fields})


def test_shares_are_met_as_nearly_as_whole_numbers_can() -> None:
    case = case_of(class_name=["car"] * 10 + ["dog"] * 10 + ["bus"] * 10)
    recipe = recipe_of({"balance": {"target": {"car": 0.5, "dog": 0.3}}})
    chosen = case.choose(recipe, 10)
    names = [case.candidates.row(choice.at)["class_name"] for choice in chosen]
    assert chosen[3].why == "class_name car, number 2, share 0.5"
    assert [names.count(name) for name in ("car", "dog", "bus")] == [5, 3, 2]
    assert names[:4] == ["car", "dog", "bus", "car"]
    assert sorted(names[4:6]) == ["car", "dog"], "a tie, which their figures decide"
    assert names[6:] == ["car", "bus", "dog", "car"]


def test_a_class_that_has_run_out_is_passed_over() -> None:
    case = case_of(class_name=["car", "dog", "dog", "dog"], weighted_score=[0.1, 0.2, 0.3, 0.4])
    assert [choice.at for choice in case.choose(recipe_of("class_balanced"))] == [3, 0, 2, 1]


def test_without_a_class_there_is_no_turn() -> None:
    case = case_of(class_name=["car", None, "dog"])
    assert sorted(choice.at for choice in case.choose(recipe_of("class_balanced"))) == [0, 2]


def test_a_share_of_nothing_is_never_chosen() -> None:
    case = case_of(class_name=["car", "dog", "bus"])
    recipe = recipe_of({"balance": {"target": {"car": 1.0, "dog": 0.0}}})
    assert [choice.at for choice in case.choose(recipe)] == [0]


def test_words_say_whose_turn_it_was_and_for_what() -> None:
    case = case_of(class_name=["car", "car", "dog"], weighted_score=[0.8125, 0.5, None])
    words = [choice.why for choice in case.choose(recipe_of("class_balanced"))]
    assert words == [
        "class car, number 1, weighted score 0.8125",
        "class dog, number 1, weighted score not known",
        "class car, number 2, weighted score 0.5",
    ]


def test_numbers_in_words_count_what_was_chosen_before() -> None:
    case = case_of(class_name=["car", "car", "dog", "car", "dog"], pooled=[True, False, False, False, False])
    assert [choice.why.partition(", weighted")[0] for choice in case.choose(recipe_of("class_balanced"))] == [
        "class dog, number 1",
        "class car, number 2",
        "class dog, number 2",
        "class car, number 3",
    ]


def test_words_of_several_figures_give_the_sum() -> None:
    case = case_of([[1, 0], [0, 1], [-1, 0]], sharpness=[10.0, 30.0, 20.0])
    recipe = recipe_of({"diversity": {"strength": 2}}, {"weights": {"column": "sharpness"}})
    first, second, third = case.choose(recipe)
    assert (first.at, first.score) == (1, 3.0)
    assert first.why == ("3 = sharpness 1 + 2 × diversity 1, sharpness 30")
    assert second.at == 2
    assert second.why == (
        "2.5 = sharpness 0.5 + 2 × diversity 1, sharpness 20, 1.4142 from v.s000001, the nearest chosen"
    )
    assert third.nearest == 1


def test_words_of_diversity_say_what_its_first_is_nearest_of() -> None:
    case = case_of([[1, 0], [0, 1], [0.6, 0.8]], class_name=["car", "dog", "dog"])
    alone, in_turn = (case.choose(recipe_of(*names)) for names in (["diversity"], ["class_balanced", "diversity"]))
    assert [choice.why for choice in alone[:2]] == [
        "nearest to the mean of the candidates",
        "0.8944 from v.s000002, the nearest chosen",
    ]
    assert in_turn[0].why == "class dog, number 1, nearest of these to the mean of the candidates"


def test_words_tell_relaxed_constraints() -> None:
    case = case_of(motion=[1.0, 0.5, 0.1])
    recipe = recipe_of("max_motion", constraints={"min_motion": 0.8, "relax": 0.5, "rounds": 3})
    assert [(choice.relaxed, choice.why) for choice in case.choose(recipe)] == [
        (0, "motion 1"),
        (1, "motion 0.5; constraints relaxed once: min_motion 0.4"),
        (2, "motion 0.1; constraints relaxed twice: none are left"),
    ]


def test_a_single_round_is_never_relaxed() -> None:
    case = case_of(motion=[1.0, 0.5, 0.1])
    recipe = recipe_of("max_motion", constraints={"min_motion": 0.4, "rounds": 1})
    assert [choice.at for choice in case.choose(recipe)] == [0, 1]


def test_what_lacks_its_figure_is_not_chosen() -> None:
    case = case_of(sharpness=[None, 2.0, float("nan"), 3.0, float("inf")])
    assert [choice.at for choice in case.choose(recipe_of({"weights": {"column": "sharpness"}}))] == [3, 1]


def test_one_that_cannot_be_used_leaves_no_trace() -> None:
    case = case_of([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], sharpness=[1.0, 2.0, 900.0, 3.0])
    recipe = recipe_of("diversity", {"weights": {"column": "sharpness"}})
    without = case_of([[1, 0], [0, 1], [0.6, 0.8]], sharpness=[1.0, 2.0, 3.0])
    chosen = replace(case, usable=np.array([True, True, False, True])).choose(recipe)
    assert [choice.score for choice in chosen] == [choice.score for choice in without.choose(recipe)]


def test_another_seed_gives_another_order() -> None:
    case = case_of(motion=[0.0] * 30)
    orders = {tuple(choice.at for choice in case.choose(recipe_of("random", seed=seed))) for seed in range(5)}
    assert len(orders) == 5


def test_the_approximate_mode_of_few_is_the_exact_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 2))
    case = case_of(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), motion=[0.0] * 40)
    exact, near = (case.choose(recipe_of({"diversity": {"mode": mode}}), 8) for mode in ("exact", "approximate"))
    assert near == exact


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "class_balanced", "diversity", "min_redundancy"])
def test_of_nothing_nothing_is_chosen(strategy: str) -> None:
    case = case_of(np.empty((0, 2)), motion=[])
    assert case.choose(recipe_of(strategy)) == []


def test_distances_far_behind_are_brought_up_to_date_in_blocks() -> None:
    """So many choices that the way of many candidates is taken; the check is the definition itself."""
    vectors = np.random.default_rng(1).normal(size=(1500, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    case = case_of(vectors, motion=[0.0] * 1500)
    chosen = [choice.at for choice in case.choose(recipe_of("random", min_distance=0.12))]
    assert len(chosen) > 300
    expected: list[int] = []
    single = vectors.astype(np.float32).astype(float)
    for choice in case.choose(recipe_of("random")):
        if all(np.linalg.norm(single[choice.at] - single[at]) >= 0.12 for at in expected):
            expected.append(choice.at)
    assert chosen == expected
