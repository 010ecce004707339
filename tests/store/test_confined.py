"""SQL that came with a recipe reaches the store's tables, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from generated import plain_row
from rows import filtered_row, video_row, write_batch

from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS
from rushes.store.tables import write_partition


@pytest.fixture
def confined(store: Objects) -> Iterator[duckdb.DuckDBPyConnection]:
    clips = [filtered_row("v", 0, 50), filtered_row("v", 50, 100, sharpness=3.0)]
    write_batch(store, videos=[video_row("v")], filtered_clips=clips)
    store.write("settings.yaml", b"filters: {}")
    with connect(store, confined=True) as connection:
        yield connection


def test_every_view_and_macro_answers(confined: duckdb.DuckDBPyConnection) -> None:
    for (name,) in confined.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
        if "." not in name:
            confined.execute(f"SELECT * FROM {name}").fetchall()
    assert confined.execute(
        "SELECT count(*) FROM rejudge(min_duration_s := 1, min_sharpness := 20) WHERE kept"
    ).fetchall() == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM read_text('{store}/settings.yaml')",
        "SELECT * FROM read_text('{store}/tables/../settings.yaml')",
        "SELECT * FROM read_blob('https://example.org/')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{other}'",
        "COPY (SELECT 1) TO '{store}/settings.yaml'",
        "ATTACH '{other}.db'",
        "INSTALL httpfs",
        "LOAD '{other}'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
    ],
)
def test_nothing_outside_the_tables_is_read_or_written(
    confined: duckdb.DuckDBPyConnection, store: Objects, tmp_path: Path, query: str
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(duckdb.Error):
        confined.execute(query.format(other=other, store=store.root)).fetchall()
    assert sorted(tmp_path.rglob("*")) == before
    assert other.read_text() == "a,b\n1,2\n"


def test_without_being_confined_a_person_reads_and_writes_files_of_their_own(store: Objects, tmp_path: Path) -> None:
    with connect(store) as connection:
        connection.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path}/own.csv'")
        assert connection.execute(f"SELECT a FROM '{tmp_path}/own.csv'").fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["it's", "[ab]", "a*b?", 'say "hi"', "ü{x}"])
def test_a_confined_store_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    store = Objects(tmp_path / name / "store")
    write_partition(store, CLIPS, {"batch": "b"}, CLIPS.from_rows([plain_row(CLIPS)]))
    with connect(store, confined=True) as connection:
        assert connection.execute("SELECT clip_id FROM clips").fetchall() == [("clip_id-0",)]


def test_no_name_in_sql_is_that_of_a_python_variable(store: Objects) -> None:
    secrets = [{"a": 1}]  # what a replacement scan would find
    with connect(store) as connection, pytest.raises(duckdb.CatalogException, match="secrets does not exist"):
        connection.execute("SELECT * FROM secrets")
    assert secrets
