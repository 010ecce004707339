"""The first rule that a clip breaks is the reason why it is dropped."""

from typing import Any

import pytest

from rushes.filters.rules import RULES, reason_to_drop
from rushes.settings import Filters
from rushes.store.rejects import Reason

GOOD: dict[str, float | None] = {
    "duration_s": 10.0,
    "exposure": 0.5,
    "contrast": 0.2,
    "colourfulness": 30.0,
    "sharpness": 50.0,
    "noise": 1.0,
    "stillness": 0.1,
    "motion": 0.1,
    "letterbox": 0.0,
    "slides": 0.0,
    "quality": 0.7,
    "cartoon": None,
    "aesthetics": None,
}
STRICT = {
    "min_contrast": 0.1,
    "min_colourfulness": 10.0,
    "max_noise": 5.0,
    "min_motion": 0.01,
    "max_motion": 1.0,
    "max_letterbox": 0.25,
    "max_slides": 0.5,
    "min_quality": 0.3,
    "max_cartoon": 0.0,
}


def reason(figures: dict[str, float | None], **settings: Any) -> Reason | None:
    found = reason_to_drop({**GOOD, **figures}, Filters(**settings))
    return found[0] if found else None


def test_a_good_clip_is_kept() -> None:
    assert reason({}) is None
    assert reason({}, **STRICT) is None


BREAKING = [
    ({"duration_s": 2.9}, Reason.TOO_SHORT),
    ({"exposure": 0.03}, Reason.TOO_DARK),
    ({"exposure": 0.97}, Reason.TOO_BRIGHT),
    ({"contrast": 0.09}, Reason.LOW_CONTRAST),
    ({"colourfulness": 9.0}, Reason.COLOURLESS),
    ({"sharpness": 7.9}, Reason.BLURRED),
    ({"noise": 5.1}, Reason.NOISY),
    ({"stillness": 0.99}, Reason.STILL),
    ({"motion": 0.009}, Reason.LITTLE_MOTION),
    ({"motion": 1.1}, Reason.MUCH_MOTION),
    ({"letterbox": 0.26}, Reason.LETTERBOXED),
    ({"slides": 0.6}, Reason.SLIDES),
    ({"quality": 0.2}, Reason.LOW_QUALITY),
    ({"cartoon": 0.1}, Reason.CARTOON),
    ({"aesthetics": 3.9}, Reason.LOW_AESTHETICS),
]


@pytest.mark.parametrize(("figures", "expected"), BREAKING)
def test_each_rule_drops(figures: dict[str, float | None], expected: Reason) -> None:
    assert reason(figures, **STRICT) is expected


def test_every_threshold_has_its_rule() -> None:
    thresholds = {name for name in Filters.model_fields if name.startswith(("min_", "max_"))}
    assert thresholds - {"max_duration_s"} == {threshold for _, _, _, threshold in RULES}
    assert [expected for _, expected in BREAKING] == [reason for reason, _, _, _ in RULES]


@pytest.mark.parametrize(("reason_", "figure", "relation", "threshold"), RULES)
def test_the_threshold_itself_is_good_enough(reason_: Reason, figure: str, relation: str, threshold: str) -> None:
    bound = {**Filters().model_dump(), **STRICT}[threshold]
    assert reason({figure: bound}, **STRICT) is None
    assert reason({figure: bound + (-1e-3 if relation == "<" else 1e-3)}, **STRICT) is reason_


def test_of_several_rules_the_first_gives_the_reason() -> None:
    bad: dict[str, float | None] = {**GOOD, **{figure: 0.0 for _, figure, relation, _ in RULES if relation == "<"}}
    bad |= {"noise": 9.0, "stillness": 1.0, "letterbox": 0.9, "slides": 1.0, "cartoon": 1.0}
    found = []
    while (why := reason(bad, **STRICT)) is not None:
        found.append(why)
        figure = next(figure for reason_, figure, _, _ in RULES if reason_ is why)
        bad[figure] = GOOD[figure]
    assert found == [reason_ for reason_, *_ in RULES if reason_ not in (Reason.TOO_BRIGHT, Reason.MUCH_MOTION)]


def test_a_threshold_of_null_judges_nothing() -> None:
    off = {threshold: None for _, _, _, threshold in RULES if threshold != "min_duration_s"}
    for figures, expected in BREAKING[1:]:
        assert reason(figures, **off) is None, expected


def test_a_model_that_was_not_asked_drops_nothing() -> None:
    assert reason({"cartoon": None, "aesthetics": None}, max_cartoon=-9, min_aesthetics=99) is None


def test_animated_clips_are_kept_unless_a_threshold_is_set() -> None:
    assert reason({"cartoon": 50.0}) is None


def test_the_rule_is_told_in_words() -> None:
    found = reason_to_drop({**GOOD, "sharpness": 1.23456}, Filters(min_sharpness=5))
    assert found == (Reason.BLURRED, "sharpness 1.23 < 5")
