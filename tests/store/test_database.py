"""Every table and view answers SQL by its name, whether anything was written or not."""

from pathlib import Path

import pyarrow as pa
import pytest
from generated import plain_row
from pyarrow import parquet
from rows import filtered_row, track_row, video_row, write_batch

import rushes
from rushes.store.database import connect, sql_type
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, REJECTS, SELECTIONS, TABLES, VIDEOS, Table
from rushes.store.tables import write_partition


def columns(store: Objects, view: str) -> list[tuple[str, str]]:
    with connect(store) as connection:
        return [(name, type_) for name, type_, *_ in connection.execute(f"DESCRIBE {view}").fetchall()]


def promised(table: Table) -> list[tuple[str, str]]:
    return [(c.name, sql_type(c.type)) for c in table.columns] + [(key, "VARCHAR") for key in table.keys]


def test_an_empty_store_has_all_tables_with_their_columns(store: Objects) -> None:
    for table in TABLES.values():
        assert columns(store, table.name) == promised(table)
    with connect(store) as connection:
        assert connection.execute("SELECT count(*) FROM videos").fetchall() == [(0,)]


def test_written_tables_have_the_same_columns(store: Objects) -> None:
    for table in TABLES.values():
        write_partition(store, table, dict.fromkeys(table.keys, "0001"), table.from_rows([plain_row(table)]))
    for table in TABLES.values():
        assert columns(store, table.name) == promised(table)
        with connect(store) as connection:
            [row] = connection.execute(f"SELECT * FROM {table.name}").to_arrow_table().to_pylist()
        assert row == {**plain_row(table), **dict.fromkeys(table.keys, "0001")}


@pytest.mark.parametrize("key", ["0001", "1", "2024-01-01", "true", "a-0000", "1e5"])
def test_a_partitions_key_is_text_as_it_was_written(store: Objects, key: str) -> None:
    write_partition(store, CLIPS, {"batch": key}, CLIPS.from_rows([plain_row(CLIPS)]))
    with connect(store) as connection:
        assert connection.execute("SELECT batch, typeof(batch) FROM clips").fetchall() == [(key, "VARCHAR")]
        assert connection.execute("SELECT count(*) FROM clips WHERE batch = ?", [key]).fetchall() == [(1,)]


def test_all_partitions_are_one_table(store: Objects) -> None:
    for asset in ("tracks", "raw_videos"):
        for partition in ("a", "b"):
            write_partition(
                store, REJECTS, {"asset": asset, "partition": partition}, REJECTS.from_rows([plain_row(REJECTS)])
            )
    with connect(store) as connection:
        found = connection.execute("SELECT asset, partition FROM rejects ORDER BY ALL").fetchall()
    assert found == [("raw_videos", "a"), ("raw_videos", "b"), ("tracks", "a"), ("tracks", "b")]


@pytest.mark.parametrize("name", ["it's", "a b", "[ab]", "a*b?", "x[1", "run=3", "ü{x}", 'say "hi"', "100%"])
def test_a_store_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    store = Objects(tmp_path / name / "store")
    (tmp_path / "other").mkdir()
    write_partition(store, CLIPS, {"batch": "b"}, CLIPS.from_rows([plain_row(CLIPS)]))
    with connect(store) as connection:
        assert connection.execute("SELECT clip_id, batch FROM clips").fetchall() == [("clip_id-0", "b")]


def test_stars_in_a_folders_name_reach_no_other_store(tmp_path: Path) -> None:
    write_partition(Objects(tmp_path / "abc"), CLIPS, {"batch": "b"}, CLIPS.from_rows([plain_row(CLIPS)]))
    with connect(Objects(tmp_path / "a*")) as connection:
        assert connection.execute("SELECT count(*) FROM clips").fetchall() == [(0,)]


def test_candidates_join_clips_and_tracks_with_what_is_known_of_them(store: Objects) -> None:
    clip, dropped = filtered_row("v", 0, 50), filtered_row("v", 50, 100, kept=False, reason="still")
    write_batch(
        store,
        videos=[video_row("v", collection="street")],
        filtered_clips=[clip, dropped],
        tracks=[track_row(clip, 1, 0, 25, top10_mean=[0.5, 0.25], mean_score=0.75)],
    )
    with connect(store) as connection:
        clips = connection.execute(
            "SELECT clip_id, kept, collection, video_fps FROM clip_candidates ORDER BY 1"
        ).fetchall()
        tracks = connection.execute(
            "SELECT weighted_score, duration_s, kept, sharpness FROM track_candidates"
        ).fetchall()
    assert clips == [(clip["clip_id"], True, "street", 25.0), (dropped["clip_id"], False, "street", 25.0)]
    assert tracks == [(0.375, 1.0, True, 50.0)]


def test_a_store_opened_from_python_answers_sql(store: Objects) -> None:
    write_partition(store, VIDEOS, {"batch": "b"}, VIDEOS.from_rows([video_row("v")]))
    opened = rushes.open(store.root)
    assert opened.sql("SELECT video_id, n_frames FROM videos").fetchall() == [("v", 100)]
    assert repr(opened) == f"rushes.open({store.root!r})"


@pytest.mark.parametrize("batches", [("a", "b"), ("b", "a")])
def test_a_partition_of_before_a_column_was_added_has_null_in_it(store: Objects, batches: tuple[str, str]) -> None:
    old, new = batches
    rows = CLIPS.from_rows([plain_row(CLIPS)])
    _write_of_before(store, f"tables/clips/batch={old}/data.parquet", rows.drop_columns(["span"]))
    write_partition(store, CLIPS, {"batch": new}, rows)
    with connect(store) as connection:
        found = connection.execute("SELECT batch, span FROM clips").fetchall()
    assert dict(found) == {old: None, new: plain_row(CLIPS)["span"]}


@pytest.mark.parametrize("old", ["a", "b", "c"])
def test_a_selection_of_before_a_column_was_added_may_stand_among_new_ones(store: Objects, old: str) -> None:
    rows = SELECTIONS.from_rows([plain_row(SELECTIONS)])
    for recipe in ("a", "b", "c"):
        write_partition(store, SELECTIONS, {"recipe": recipe}, rows)
    _write_of_before(store, f"tables/selections/recipe={old}/data.parquet", rows.drop_columns(["n_padded", "relaxed"]))
    with connect(store) as connection:
        found = connection.execute("SELECT recipe FROM selections WHERE n_padded IS NULL AND relaxed IS NULL")
        assert found.fetchall() == [(old,)]
        assert connection.execute("SELECT count(why) FROM selections").fetchall() == [(3,)]


def _write_of_before(store: Objects, path: str, rows: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    parquet.write_table(rows, sink)
    store.write(path, sink.getvalue().to_pybytes())
