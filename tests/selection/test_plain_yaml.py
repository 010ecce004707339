"""YAML that a person wrote means what they see, or is refused in one line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.plain_yaml import read

words = st.text("abcnoyestrufl0123456789.:-_ ", min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-05-01", "2024-05-01"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("-.inf", float("-inf")),
        (".", "."),
        ("-", [None]),
        ("~", None),
        ("'~'", "~"),
        ("", None),
        ("!!str 5", "5"),
    ],
)
def test_words_numbers_and_truth_values(text: str, value: Any) -> None:
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: 'a' stands there twice"),
        ("a: {b: 1, c: {d: 1, d: 2}}", "line 1, column 21: 'd' stands there twice"),
        ("- {x: 1, 'x': 2}", "'x' stands there twice"),
        ("a:\n\tb: 1", "line 2, column 1: found character '\\t' that cannot start any token; indent with spaces"),
        ("!!python/object/apply:os.system [ls]", "no tag such as !!python/object/apply:os.system is taken"),
        ("a: !!binary aGk=", "no tag such as !!binary is taken"),
        ("a: !mine 3", "no tag such as !mine is taken"),
        ("a: [", "line 1, column 5"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("? [1, 2]\n: 3", "unhashable key"),
        ("a: *nowhere", "undefined alias 'nowhere'"),
        ("--- 1\n--- 2", "another document"),
        ("\x00", "special characters are not allowed"),
        ("a: !!int x", "invalid literal"),
        ("[" * 3000, "recursion"),
    ],
)
def test_what_is_refused_is_told_in_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(text)
    assert str(caught.value).startswith("not YAML: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mapping_may_build_upon_another() -> None:
    assert read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}") == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


@given(values)
def test_what_is_written_as_json_is_read_as_it_is(value: Any) -> None:
    assert read(json.dumps(value)) == value
