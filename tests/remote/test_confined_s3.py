"""SQL that came with a recipe reaches a remote store's tables, and nothing else of the bucket."""

import duckdb
import pytest
from rows import filtered_row, video_row, write_batch

from rushes.store.database import connect
from rushes.store.objects import Objects


def test_a_remote_stores_tables_are_read_and_nothing_beside_them(remote: Objects) -> None:
    write_batch(remote, videos=[video_row("v")], filtered_clips=[filtered_row("v", 0, 50)])
    remote.write("settings.yaml", b"filters: {}")
    with connect(remote, confined=True) as connection:
        assert connection.execute("SELECT video_id, kept FROM clip_candidates").fetchall() == [("v", True)]
        for query in (
            f"SELECT * FROM read_text('{remote.full_uri('settings.yaml')}')",
            f"SELECT * FROM read_text('{remote.full_uri('tables')}/../settings.yaml')",
            f"COPY (SELECT 1) TO '{remote.full_uri('x.csv')}'",
            "SELECT * FROM read_text('/etc/hostname')",
            "SELECT * FROM read_text('https://example.org/')",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query).fetchall()
    with connect(remote) as connection:
        query = f"SELECT content FROM read_text('{remote.full_uri('settings.yaml')}')"
        assert connection.execute(query).fetchall() == [("filters: {}",)]
