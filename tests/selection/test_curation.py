"""Each file of ``sql/curation`` says what its rule gives, row by row."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.selection.choosing.curation import figure_of, grouped, shuffled, within
from rushes.selection.recipes.options import Balance, ClassBalanced, MaxMotion, Threshold, VideoBalanced, Weights


def uniform(seed: int, name: str) -> float:
    return 1 - (int(hashlib.md5(f"{seed}:{name}".encode()).hexdigest()[:13], 16) + 0.5) / 2**52


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def rows(**columns: Any) -> pa.Table:
    n = len(next(iter(columns.values())))
    return pa.table({"sequence_id": [f"v.s{number:06d}" for number in range(n)], **columns})


def test_chance_is_a_hash_of_seed_and_id(database: duckdb.DuckDBPyConnection) -> None:
    found = shuffled(database, rows(video_id=["a"] * 200), 7)
    assert found.tolist() == [uniform(7, f"v.s{number:06d}") for number in range(200)]
    assert 0 < found.min() < 0.05
    assert 0.95 < found.max() < 1


def test_the_connection_is_left_as_it_was(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("CREATE VIEW candidates AS SELECT 1 AS mine")
    shuffled(database, rows(video_id=["a"]), 0)
    assert database.execute("SELECT mine FROM candidates").fetchall() == [(1,)]


def test_each_video_is_a_group_of_the_same_weight(database: duckdb.DuckDBPyConnection) -> None:
    found = grouped(database, rows(video_id=["b", "a", "b"]), VideoBalanced(), 0)
    assert (found.names, found.group.tolist(), found.weight.tolist()) == (("a", "b"), [1, 0, 1], [1, 1])


@pytest.mark.parametrize("encoded", [False, True])
def test_each_class_is_a_group_and_its_figure_the_weighted_score(
    database: duckdb.DuckDBPyConnection, encoded: bool
) -> None:
    names = pa.array(["dog", None, "car", "dog"])
    table = rows(class_name=names.dictionary_encode() if encoded else names, weighted_score=[0.5, 0.6, None, 0.25])
    found = grouped(database, table, ClassBalanced(), 0)
    assert (found.names, found.group.tolist()) == (("car", "dog"), [1, -1, 0, 1])
    assert found.figure is not None
    assert np.array_equal(found.figure, [0.5, np.nan, np.nan, 0.25], equal_nan=True)


def test_temperature_adds_noise_to_the_score(database: duckdb.DuckDBPyConnection) -> None:
    found = grouped(
        database, rows(class_name=["a"] * 3, weighted_score=[0.1, 0.2, 0.3]), ClassBalanced(temperature=0.5), 3
    )
    noise = [-math.log(-math.log(uniform(3, f"v.s{number:06d}"))) for number in range(3)]
    assert found.figure == pytest.approx(
        [score / 0.5 + more for score, more in zip((0.1, 0.2, 0.3), noise, strict=True)]
    )


def test_with_noise_the_first_is_drawn_by_the_softmax(database: duckdb.DuckDBPyConnection) -> None:
    table = rows(class_name=["a"] * 2, weighted_score=[0.0, 0.5])
    first = [
        int(np.argmax(grouped(database, table, ClassBalanced(temperature=0.5), seed).figure)) for seed in range(400)
    ]
    assert np.mean(first) == pytest.approx(math.e / (1 + math.e), abs=0.06)


def test_values_without_a_share_are_one_group_with_the_rest(database: duckdb.DuckDBPyConnection) -> None:
    target = {"rain": 0.5, "snow": 0.2}
    found = grouped(database, rows(weather=["rain", "fog", None, "snow"]), Balance(column="weather", target=target), 0)
    assert found.names == ("(others)", "rain", "snow")
    assert found.group.tolist() == [1, 0, 0, 2]
    assert found.weight == pytest.approx([0.3, 0.5, 0.2])


def test_figures_that_are_no_finite_numbers_are_none(database: duckdb.DuckDBPyConnection) -> None:
    table = rows(motion=[0.5, None, float("nan"), float("inf")], sharpness=[1, 2, 3, None])
    assert np.array_equal(figure_of(database, table, MaxMotion(), 0), [0.5, np.nan, np.nan, np.nan], equal_nan=True)
    weights = figure_of(database, table, Weights(column="sharpness"), 0)
    assert np.array_equal(weights, [1, 2, 3, np.nan], equal_nan=True)


def test_weights_of_text_are_an_error_that_names_the_column(database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SettingsError, match="weights: column codec holds no numbers"):
        figure_of(database, rows(codec=["h264"]), Weights(column="codec"), 0)


@given(
    st.lists(st.none() | st.sampled_from([-1.0, 0.0, 0.5, 1.0, math.nan, math.inf]), max_size=8),
    st.sampled_from(["above", "at_least", "below", "at_most"]),
    st.none() | st.sampled_from(["above", "at_least", "below", "at_most"]),
)
def test_a_threshold_keeps_what_is_within_its_bounds(values: list[float | None], one: str, other: str | None) -> None:
    bounds = {one: 0.5} | ({other: 0.0} if other else {})
    keeps = {
        "above": lambda value, bound: value > bound,
        "at_least": lambda value, bound: value >= bound,
        "below": lambda value, bound: value < bound,
        "at_most": lambda value, bound: value <= bound,
    }
    table = pa.table({"x": pa.array(values, pa.float64())})
    expected = [
        value is not None and not math.isnan(value) and all(keeps[name](value, bound) for name, bound in bounds.items())
        for value in values
    ]
    assert within(table, [Threshold(column="x", **bounds)]).tolist() == expected


def test_all_thresholds_are_kept() -> None:
    table = pa.table({"x": [1, 2, 3], "y": [True, True, False]})
    assert within(table, [Threshold(column="x", above=1), Threshold(column="y", at_least=1)]).tolist() == [
        False,
        True,
        False,
    ]
    assert within(table, []).all()
