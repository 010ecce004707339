"""Whether a partition's rows keep their table's rules: pandera schemas for polars, made from ``schemas``.

Here: types, nulls, ranges, choices and uniqueness. Not here: rules between tables (the checks in ``orchestration``).
"""

from __future__ import annotations

from functools import cache

import pandera.polars as pandera
import polars as pl
import pyarrow as pa
from pandera.api.polars.types import PolarsData
from pandera.errors import SchemaErrors

from rushes.store.schemas import TABLES, Column, Table

_DTYPES: dict[pa.DataType, pl.DataType | type[pl.DataType]] = {
    pa.string(): pl.String,
    pa.int16(): pl.Int16,
    pa.int32(): pl.Int32,
    pa.int64(): pl.Int64,
    pa.float32(): pl.Float32,
    pa.float64(): pl.Float64,
    pa.bool_(): pl.Boolean,
    pa.timestamp("us"): pl.Datetime("us"),
    pa.binary(): pl.Binary,
    pa.large_binary(): pl.Binary,
}


@cache
def schema(table: str) -> pandera.DataFrameSchema:
    """Return the pandera schema of a table, but for uniqueness: polars cannot write a repeated binary row as JSON."""
    definition = TABLES[table]
    return pandera.DataFrameSchema(
        {c.name: pandera.Column(_dtype(c.type), _checks(c), nullable=c.nullable) for c in definition.columns},
        strict=True,
        ordered=True,
        name=table,
    )


def problems(table: str, rows: pa.Table) -> list[str]:
    """Return what is wrong with the rows, a sentence each; empty when nothing is."""
    frame = pl.DataFrame(pl.from_arrow(rows))
    try:
        schema(table).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.group_by("column", "check", maintain_order=True).agg(
            pl.len().alias("n"), pl.col("failure_case").first().alias("first")
        )
        return [f"{c['column'] or table}: {c['check']}: {c['n']} cases, first {c['first']}" for c in cases.to_dicts()]
    return _repeated(TABLES[table], frame)


def _repeated(table: Table, frame: pl.DataFrame) -> list[str]:
    keys = frame.select(table.unique)
    surplus = len(keys) - len(keys.unique())
    if not surplus:
        return []
    first = keys.filter(keys.is_duplicated()).row(0)
    return [f"{table.name}: unique by {', '.join(table.unique)}: {surplus} cases, first {first}"]


def _dtype(type_: pa.DataType) -> pl.DataType | type[pl.DataType]:
    return pl.List(_DTYPES[type_.value_type]) if pa.types.is_list(type_) else _DTYPES[type_]


def _checks(column: Column) -> list[pandera.Check]:
    checks = []
    if column.low is not None:
        checks.append(pandera.Check.ge(column.low))
    if column.high is not None:
        checks.append(pandera.Check.le(column.high))
    if column.choices:
        checks.append(pandera.Check.isin(column.choices))
    if pa.types.is_floating(column.type):
        checks.append(pandera.Check(_finite, name="finite", error="finite"))
    return checks


def _finite(data: PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())
