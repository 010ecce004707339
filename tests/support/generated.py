"""Rows of any table, made up from its schema: good ones at random, and one plain row to break."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from rushes.store.schemas import Column, Table

_BITS = {pa.int16(): 15, pa.int32(): 31, pa.int64(): 63}


def rows_of(table: Table, max_size: int = 8) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Give lists of rows that keep all of a table's rules."""
    row = st.fixed_dictionaries({column.name: _values(column) for column in table.columns})
    return st.lists(row, max_size=max_size, unique_by=lambda r: tuple(r[name] for name in table.unique))


def plain_row(table: Table, number: int = 0) -> dict[str, Any]:
    """Return one good row; another number gives a row with another key."""
    return {column.name: _plain(column, number) for column in table.columns}


def _values(column: Column) -> st.SearchStrategy[Any]:
    values = _of_type(column)
    return st.none() | values if column.nullable else values


def _of_type(column: Column) -> st.SearchStrategy[Any]:
    if column.choices:
        return st.sampled_from(column.choices)
    if pa.types.is_list(column.type):
        return st.lists(_of_type(Column("item", column.type.value_type, "")), max_size=4)
    if column.type in _BITS:
        most = 2 ** _BITS[column.type] - 1
        low = -most - 1 if column.low is None else int(column.low)
        return st.integers(low, most if column.high is None else int(column.high))
    if pa.types.is_floating(column.type):
        low = -1e6 if column.low is None else column.low
        high = 1e6 if column.high is None else min(column.high, 1.0)
        return st.floats(low, high, width=column.type.bit_width)
    if column.type == pa.timestamp("us"):
        return st.datetimes()
    if column.type == pa.binary():
        return st.binary(min_size=8, max_size=8)
    if column.type == pa.large_binary():
        return st.binary(max_size=8)
    return st.booleans() if column.type == pa.bool_() else st.text(max_size=8)


def _plain(column: Column, number: int) -> Any:
    if column.choices:
        return column.choices[0]
    if pa.types.is_list(column.type):
        return [_plain(Column("item", column.type.value_type, ""), number)]
    if column.type in _BITS:
        return 1 + number
    if pa.types.is_floating(column.type):
        return 0.5
    if column.type == pa.timestamp("us"):
        return datetime(2024, 5, 1 + number, 12)
    if column.type in (pa.binary(), pa.large_binary()):
        return bytes(8)
    return True if column.type == pa.bool_() else f"{column.name}-{number}"
