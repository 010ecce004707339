"""Good rows pass, and each rule of each table is seen to be broken."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from generated import plain_row, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.store.objects import Objects
from rushes.store.schemas import EMBEDDINGS, TABLES, Table
from rushes.store.tables import read_partition, write_partition
from rushes.store.validation import problems


def table_of(table: Table, *rows: dict[str, Any]) -> pa.Table:
    """Return rows as they are, with none of the table's own rules in the way."""
    fields = [pa.field(c.name, c.type, nullable=True) for c in table.columns]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields))


def breaches() -> Iterator[Any]:
    """Yield each rule as (table, column, a value that breaks it, the check that says so)."""
    for table in TABLES.values():
        for column in table.columns:
            cases: list[tuple[str, Any]] = []
            if not column.nullable:
                cases.append(("not_nullable", None))
            if column.low is not None:
                cases.append(("greater_than_or_equal_to", type(plain_row(table)[column.name])(column.low - 1)))
            if column.high is not None:
                cases.append(("less_than_or_equal_to", column.high + 0.01))
            if column.choices:
                cases.append(("isin", "neither"))
            if pa.types.is_floating(column.type):
                cases += [("finite", float("nan")), ("finite", float("inf")), ("finite", float("-inf"))]
            for check, value in cases:
                yield pytest.param(table, column.name, value, check, id=f"{table.name}.{column.name}: {value}")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_good_rows_have_no_problems(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(list(TABLES.values())))
    assert problems(table.name, table.from_rows(data.draw(rows_of(table, 4)))) == []


@pytest.mark.parametrize(("table", "column", "value", "check"), list(breaches()))
def test_a_broken_rule_is_named_with_its_column_and_value(table: Table, column: str, value: Any, check: str) -> None:
    bad = {**plain_row(table, 1), column: value}
    found = problems(table.name, table_of(table, plain_row(table, 0), bad))
    assert any(line.startswith(f"{column}: {check}") and ": 1 cases" in line for line in found), found


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_same_key_twice_is_a_problem(table: Table) -> None:
    once, again = plain_row(table, 0), plain_row(table, 1)
    again |= {name: once[name] for name in table.unique}
    [problem] = problems(table.name, table_of(table, once, again, plain_row(table, 2)))
    assert problem.startswith(f"{table.name}: unique by {', '.join(table.unique)}: 1 cases, first (")
    assert problems(table.name, table_of(table, once, plain_row(table, 1))) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_columns_missing_or_too_many_or_of_another_type_are_problems(table: Table) -> None:
    rows = table_of(table, plain_row(table))
    name = table.columns[0].name
    assert problems(table.name, rows.drop_columns([name])) != []
    assert problems(table.name, rows.append_column("more", pa.array([1]))) != []
    assert problems(table.name, rows.set_column(0, name, pa.array([1.5]))) != []


def test_what_was_written_and_read_back_is_still_good(store: Objects) -> None:
    for table in TABLES.values():
        keys = dict.fromkeys(table.keys, "k")
        write_partition(store, table, keys, table.from_rows([plain_row(table, n) for n in range(3)]))
        assert problems(table.name, read_partition(store, table, keys)) == []
        write_partition(store, table, keys, table.empty())
        assert problems(table.name, read_partition(store, table, keys)) == []


def test_null_tracks_tell_whole_frames_apart_from_crops() -> None:
    frame = {**plain_row(EMBEDDINGS), "track_id": None}
    assert problems("embeddings", table_of(EMBEDDINGS, frame, plain_row(EMBEDDINGS))) == []
    assert problems("embeddings", table_of(EMBEDDINGS, frame, frame)) != []
