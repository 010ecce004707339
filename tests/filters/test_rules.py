"""The first rule that a clip breaks is the reason why it is dropped."""

from typing import Any

import pytest

from rushes.filters.rules import reason_to_drop
from rushes.settings import Filters
from rushes.store.rejects import Reason

GOOD: dict[str, float | None] = {
    "duration_s": 10.0,
    "sharpness": 50.0,
    "exposure": 0.5,
    "stillness": 0.1,
    "cartoon": None,
    "aesthetics": None,
}


def reason(figures: dict[str, float | None], **settings: Any) -> Reason | None:
    found = reason_to_drop({**GOOD, **figures}, Filters(**settings))
    return found[0] if found else None


def test_a_good_clip_is_kept() -> None:
    assert reason({}) is None


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"duration_s": 2.9}, Reason.TOO_SHORT),
        ({"exposure": 0.03}, Reason.TOO_DARK),
        ({"exposure": 0.97}, Reason.TOO_BRIGHT),
        ({"sharpness": 7.9}, Reason.BLURRED),
        ({"stillness": 0.99}, Reason.STILL),
        ({"cartoon": 0.1}, Reason.CARTOON),
        ({"aesthetics": 3.9}, Reason.LOW_AESTHETICS),
    ],
)
def test_each_rule_drops(figures: dict[str, float | None], expected: Reason) -> None:
    assert reason(figures) is expected


@pytest.mark.parametrize(
    "figures",
    [
        {"duration_s": 3.0},
        {"exposure": 0.04},
        {"exposure": 0.96},
        {"sharpness": 8.0},
        {"stillness": 0.98},
        {"cartoon": 0.0},
        {"aesthetics": 4.0},
    ],
)
def test_the_threshold_itself_is_good_enough(figures: dict[str, float | None]) -> None:
    assert reason(figures) is None


def test_of_several_rules_the_first_gives_the_reason() -> None:
    bad: dict[str, float | None] = {
        "duration_s": 0.0,
        "exposure": 0.0,
        "sharpness": 0.0,
        "stillness": 1.0,
        "cartoon": 1.0,
        "aesthetics": 0.0,
    }
    order = [Reason.TOO_SHORT, Reason.TOO_DARK, Reason.BLURRED, Reason.STILL, Reason.CARTOON, Reason.LOW_AESTHETICS]
    for figure, expected in zip(list(bad), order, strict=True):
        assert reason(bad) is expected
        bad[figure] = GOOD[figure]
    assert reason(bad) is None


def test_a_threshold_of_null_judges_nothing() -> None:
    off = dict.fromkeys(("min_sharpness", "min_exposure", "max_exposure", "max_stillness"))
    assert reason({"sharpness": 0.0, "exposure": 0.0, "stillness": 1.0}, **off) is None
    assert reason({"exposure": 1.0}, **off) is None


def test_the_rule_is_told_in_words() -> None:
    found = reason_to_drop({**GOOD, "sharpness": 1.23456}, Filters(min_sharpness=5))
    assert found == (Reason.BLURRED, "sharpness 1.23 < 5")
