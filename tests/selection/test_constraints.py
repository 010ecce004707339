"""How constraints are relaxed in rounds, and how limits count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rushes.selection.choice import Candidates
from rushes.selection.choosing.constraints import Round, Rules, rounds
from rushes.selection.choosing.nearest import Nearest
from rushes.selection.recipes.options import Constraints
from rushes.selection.recipes.recipe import Recipe


def test_each_round_eases_all_bounds_and_the_last_has_none() -> None:
    asked = Constraints(min_motion=1.0, min_nn_dist=0.5, max_spt_iou=0.4, relax=0.5, rounds=4)
    assert rounds(asked) == [
        Round(0, 1.0, 0.5, 0.4),
        Round(1, 0.5, 0.25, 0.8),
        Round(2, 0.25, 0.125, None),  # an overlap of 1.6 is none
        Round(3, None, None, None),
    ]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_there_are_as_many_rounds_as_asked(number: int) -> None:
    found = rounds(Constraints(min_nn_dist=1.0, rounds=number))
    assert [each.relaxed for each in found] == list(range(number))
    assert found[0].min_nn_dist == 1.0
    assert (found[-1].min_nn_dist is None) == (number > 1)


def test_without_constraints_there_is_one_round_without_words() -> None:
    (only,) = rounds(Constraints())
    assert only.words() == ""


def test_words_name_what_is_left() -> None:
    found = rounds(Constraints(min_nn_dist=0.4, rounds=5))
    assert [each.words() for each in found] == [
        "",
        "constraints relaxed once: min_nn_dist 0.32",
        "constraints relaxed twice: min_nn_dist 0.256",
        "constraints relaxed 3 times: min_nn_dist 0.2048",
        "constraints relaxed 4 times: none are left",
    ]


def rules(nearest: Nearest | None = None, **fields: Any) -> Rules:
    rows = pa.table(
        {
            "video_id": ["a", "a", "a", "b"],
            "class_name": pa.array(["car", None, None, "car"]),
            "motion": pa.array([0.1, 0.5, None, 0.5]),
            "pooled": [True, False, False, False],
        }
    )
    return Rules(Recipe.model_validate({"name": "r", "unit": "track", **fields}), Candidates(rows), nearest, None)


def test_limits_count_what_was_chosen_before() -> None:
    found = rules(per_video=2)
    assert found.has_room(np.arange(4)).all()
    found.choose(1)
    assert found.has_room(np.arange(4)).tolist() == [False, False, False, True]
    assert [found.never(at) for at in (2, 3)] == [True, False]


def test_what_has_no_class_is_not_limited_by_class() -> None:
    found = rules(per_class=1)
    assert [found.never(at) for at in (1, 2, 3)] == [False, False, True]
    found.choose(1)
    assert not found.never(2)


def test_motion_that_is_not_known_is_too_little() -> None:
    found = rules(constraints={"min_motion": 0.4, "rounds": 2})
    assert [found.keeps(at) for at in (1, 2, 3)] == [True, False, True]
    assert found.relax()
    assert found.keeps(2)
    assert not found.relax()


def test_what_is_just_as_far_as_asked_is_far_enough() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)
    found = rules(Nearest(vectors, np.array([0])), min_distance=2**0.5)
    assert [found.never(at) for at in (1, 2, 3)] == [False, True, False]
    assert found.too_near(np.array([1, 2, 3])).tolist() == [False, True, False]


def test_a_limit_is_never_relaxed() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)
    found = rules(Nearest(vectors, np.array([0])), min_distance=1.0, constraints={"min_nn_dist": 1.9, "rounds": 2})
    assert [found.keeps(at) for at in (1, 2, 3)] == [False, False, True]
    assert found.relax()
    assert all(found.keeps(at) for at in (1, 2, 3))
    assert [found.never(at) for at in (1, 2, 3)] == [False, True, False]
