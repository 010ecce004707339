"""Partitions of tables as Parquet objects: encode, write whole, read back.

Here: where a partition lies, how its columns are encoded, and that it is sorted and of the right schema. Not here: what
the tables are (``schemas``), whether the values make sense (``validation``), SQL (``database``).

The encodings were chosen on 20 million track rows: no dictionaries for floats, byte-stream-split floats and delta
integers under zstd take half the space of the defaults and a third of the time to write.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.store.objects import Objects
from rushes.store.schemas import Table

_FILE = "data.parquet"


def partition_path(table: Table, keys: Mapping[str, str]) -> str:
    """Return the name of a partition's object, e.g. ``tables/tracks/batch=demo-0000/data.parquet``."""
    if tuple(keys) != table.keys:
        raise ValueError(f"{table.name} is partitioned by {table.keys}, not {tuple(keys)}")
    folders = "/".join(f"{key}={value}" for key, value in keys.items())
    return f"tables/{table.name}/{folders}/{_FILE}"


def write_partition(objects: Objects, table: Table, keys: Mapping[str, str], rows: pa.Table) -> bytes:
    """Sort, encode and put a partition, replacing the one that was there; return the bytes written."""
    data = encode(table, rows)
    objects.write(partition_path(table, keys), data)
    return data


def read_partition(
    objects: Objects, table: Table, keys: Mapping[str, str], columns: Sequence[str] | None = None
) -> pa.Table:
    """Read one partition, whole or these columns. Raises ``FileNotFoundError`` when it was never written."""
    with objects.open(partition_path(table, keys)) as handle:
        rows = pq.ParquetFile(handle).read(columns=list(columns) if columns else None)
    return _with_later_columns(table, rows, columns)


def as_written(table: Table, rows: pa.Table) -> Table:
    """Return the table with just the columns that rows have: those of a partition of before the schema grew."""
    there = set(rows.column_names)
    columns = tuple(column for column in table.columns if column.name in there)
    return replace(table, columns=columns, order=tuple(name for name in table.order if name in there))


def encode(table: Table, rows: pa.Table) -> bytes:
    """Return the Parquet bytes of a partition: the same rows give the same bytes."""
    rows = _fixed_width(rows.cast(table.arrow))
    rows = rows.sort_by([(name, "ascending") for name in table.order])
    sink = io.BytesIO()
    pq.write_table(
        rows,
        sink,
        row_group_size=table.row_group_size,
        use_dictionary=[c.name for c in table.columns if c.type == pa.string()],
        column_encoding={_leaf(c.name, c.type): e for c in table.columns if (e := _encoding(c.type))},
        compression={_leaf(c.name, c.type): "NONE" if c.type == pa.binary() else "ZSTD" for c in table.columns},
        compression_level=None,
        store_schema=True,
    )
    return sink.getvalue()


def _with_later_columns(table: Table, rows: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """Put null into what a partition of before the schema grew lacks, where null is a value of it."""
    wanted = [c for c in table.columns if columns is None or c.name in columns]
    later = [c for c in wanted if c.nullable and c.name not in rows.column_names]
    for column in later:
        rows = rows.append_column(column.name, pa.nulls(len(rows), column.type))
    return rows.select([c.name for c in table.columns if c.name in rows.column_names]) if later else rows


def _leaf(name: str, type_: pa.DataType) -> str:
    return f"{name}.list.element" if pa.types.is_list(type_) else name


def _encoding(type_: pa.DataType) -> str | None:
    value = type_.value_type if pa.types.is_list(type_) else type_
    if pa.types.is_floating(value):
        return "BYTE_STREAM_SPLIT"
    if pa.types.is_integer(value):
        return "DELTA_BINARY_PACKED"
    return None


def _fixed_width(rows: pa.Table) -> pa.Table:
    """Turn binary columns into fixed-size binary, which loads many times faster; all values have one length."""
    for i, field in enumerate(rows.schema):
        if field.type == pa.binary() and len(rows):
            width = len(rows.column(i)[0].as_py())
            fixed = rows.column(i).cast(pa.binary(width))
            rows = rows.set_column(i, pa.field(field.name, fixed.type, nullable=field.nullable), fixed)
    return rows
