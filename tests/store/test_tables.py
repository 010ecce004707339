"""A partition gives back the rows that were put, sorted, and the same rows are the same bytes."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from generated import plain_row, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, EMBEDDINGS, REJECTS, TABLES, VIDEOS, Table
from rushes.store.tables import encode, partition_path, read_partition, write_partition

ANY_TABLE = st.sampled_from(list(TABLES.values()))


def in_order(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows sorted as a table says, nulls last; texts by their bytes."""
    return sorted(rows, key=lambda row: [(row[n] is None, row[n] if row[n] is not None else 0) for n in table.order])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rows_come_back_sorted(data: st.DataObject) -> None:
    table = data.draw(ANY_TABLE)
    rows = data.draw(rows_of(table))
    back = pq.read_table(io.BytesIO(encode(table, table.from_rows(rows))))
    assert back.to_pylist() == in_order(table, rows)
    assert back.column_names == [column.name for column in table.columns]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_same_rows_are_the_same_bytes_in_whatever_pieces_they_come(data: st.DataObject) -> None:
    table = data.draw(ANY_TABLE)
    rows = in_order(table, data.draw(rows_of(table)))
    cut = data.draw(st.integers(0, len(rows)))
    pieces = [table.from_rows(rows[:cut]), table.from_rows(rows[cut:])]
    assert encode(table, pa.concat_tables(pieces)) == encode(table, table.from_rows(rows))


def test_a_partition_is_written_where_its_keys_say_and_replaced_whole(store: Objects) -> None:
    for count in (3, 1):
        rows = CLIPS.from_rows([plain_row(CLIPS, n) for n in range(count)])
        data = write_partition(store, CLIPS, {"batch": "b-0001"}, rows)
        assert store.read("tables/clips/batch=b-0001/data.parquet") == data
        assert read_partition(store, CLIPS, {"batch": "b-0001"}).to_pylist() == rows.to_pylist()
    assert list(store.list("tables")) == ["tables/clips/batch=b-0001/data.parquet"]


def test_some_columns_can_be_read_alone(store: Objects) -> None:
    write_partition(store, CLIPS, {"batch": "b"}, CLIPS.from_rows([plain_row(CLIPS)]))
    some = read_partition(store, CLIPS, {"batch": "b"}, ["method", "clip_id"])
    assert some.to_pylist() == [{"clip_id": "clip_id-0", "method": "method-0"}]


def test_a_partition_of_before_a_column_was_added_has_null_in_it(store: Objects) -> None:
    rows = VIDEOS.from_rows([plain_row(VIDEOS)])
    sink = io.BytesIO()
    pq.write_table(rows.drop_columns(["recorded_at"]), sink)
    store.write(partition_path(VIDEOS, {"batch": "b"}), sink.getvalue())
    assert read_partition(store, VIDEOS, {"batch": "b"}).to_pylist() == [{**plain_row(VIDEOS), "recorded_at": None}]
    assert read_partition(store, VIDEOS, {"batch": "b"}).cast(VIDEOS.arrow).schema == VIDEOS.arrow
    assert read_partition(store, VIDEOS, {"batch": "b"}, ["width"]).column_names == ["width"]


def test_a_partition_that_was_never_written_is_not_found(store: Objects) -> None:
    with pytest.raises(FileNotFoundError):
        read_partition(store, CLIPS, {"batch": "b"})


def test_a_partition_is_named_by_all_its_keys_in_order() -> None:
    assert (
        partition_path(REJECTS, {"asset": "tracks", "partition": "p"})
        == "tables/rejects/asset=tracks/partition=p/data.parquet"
    )
    for keys in ({}, {"batch": "b"}, {"partition": "p", "asset": "a"}):
        with pytest.raises(ValueError, match="rejects is partitioned by"):
            partition_path(REJECTS, keys)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_another_schema_is_refused(table: Table) -> None:
    rows = table.from_rows([plain_row(table)])
    name = table.columns[0].name
    wrong: list[pa.Table] = [
        rows.drop_columns([name]),
        rows.rename_columns(["other", *rows.column_names[1:]]),
        rows.append_column("more", pa.array([1])),
        rows.set_column(0, name, pa.array([{"a": 1}])),
    ]
    for other in wrong:
        with pytest.raises((ValueError, pa.ArrowInvalid, pa.ArrowNotImplementedError)):
            encode(table, other)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_rows_with_a_column_missing_or_too_many_are_refused(table: Table) -> None:
    row = plain_row(table)
    name = table.columns[-1].name
    with pytest.raises(ValueError, match=name):
        table.from_rows([row, {k: v for k, v in row.items() if k != name}])
    with pytest.raises(ValueError, match="surplus"):
        table.from_rows([{**row, "surplus": 1}])


def test_vectors_are_kept_at_one_width_and_others_are_refused() -> None:
    rows = [{**plain_row(EMBEDDINGS, n), "vector": bytes([n] * 6)} for n in range(3)]
    back = pq.read_table(io.BytesIO(encode(EMBEDDINGS, EMBEDDINGS.from_rows(rows))))
    assert back.schema.field("vector").type == pa.binary(6)
    rows[1]["vector"] = bytes(4)
    with pytest.raises(pa.ArrowInvalid):
        encode(EMBEDDINGS, EMBEDDINGS.from_rows(rows))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_tables_own_rules_fit_together(table: Table) -> None:
    names = {column.name for column in table.columns}
    assert len(names) == len(table.columns)
    assert {*table.order, *table.unique} <= names
    assert names.isdisjoint(table.keys)
    assert all(column.meaning for column in table.columns)
