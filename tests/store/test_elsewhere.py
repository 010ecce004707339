"""A store behind another driver of fsspec: here the one that keeps all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import fsspec
import pytest
from rows import filtered_row, video_row, write_batch

from rushes.store.database import connect
from rushes.store.objects import Objects


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Objects]:
    store = Objects(f"memory://stores/{request.node.name}")
    yield store
    fsspec.filesystem("memory").rm(f"/stores/{request.node.name}", recursive=True)


def test_objects_are_kept_by_the_same_verbs(elsewhere: Objects, tmp_path: Path) -> None:
    elsewhere.write("a/b", b"one")
    assert [elsewhere.create("a/c", data) for data in (b"two", b"three")] == [True, False]
    (tmp_path / "f").write_bytes(b"four")
    elsewhere.write_file("a/d", tmp_path / "f")
    assert elsewhere.read_all(["a/d", "a/c", "a/b"]) == [b"four", b"two", b"one"]
    assert elsewhere.read_all(["a/c"]) == [b"two"]
    assert (elsewhere.exists("a/b"), elsewhere.exists("a"), elsewhere.size("a/d")) == (True, False, 4)
    assert list(elsewhere.list("a")) == ["a/b", "a/c", "a/d"]
    assert list(elsewhere.list("nothing")) == []
    with elsewhere.open("a/d") as handle:
        handle.seek(2)
        assert handle.read() == b"ur"
    elsewhere.delete("a/b")
    elsewhere.delete("a/b")
    with pytest.raises(FileNotFoundError):
        elsewhere.read("a/b")


def test_sql_reads_its_tables_and_that_of_others_nothing_else(elsewhere: Objects) -> None:
    write_batch(elsewhere, videos=[video_row("v")], filtered_clips=[filtered_row("v", 0, 50)])
    elsewhere.write("settings.yaml", b"filters: {}")
    for confined in (False, True):
        with connect(elsewhere, confined=confined) as connection:
            assert connection.execute("SELECT video_id, batch FROM videos").fetchall() == [("v", "made-0000")]
    with connect(elsewhere, confined=True) as connection, pytest.raises(duckdb.Error):
        connection.execute(f"SELECT * FROM read_text('{elsewhere.full_uri('settings.yaml')}')").fetchall()
