"""A query for one batch opens no file of another, whichever view it goes through."""

import duckdb
import pytest
from rows import box_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import BATCH, TABLES
from rushes.store.tables import partition_path

VIEWS = ["clip_candidates", "track_candidates", "track_boxes_every_frame", "tracks", "track_vectors"]
BATCHES = ["a-0000", "b-0000", "c-0000"]


@pytest.fixture
def one_unreadable(store: Objects) -> Objects:
    """A store of three batches, in the middle one of which no table can be read."""
    for batch in BATCHES:
        clip = filtered_row(f"{batch}-v", 0, 100)
        track = track_row(clip, 0, 0, 100)
        write_batch(
            store,
            batch,
            videos=[video_row(f"{batch}-v")],
            packets=packet_rows(f"{batch}-v", range(100)),
            filtered_clips=[clip],
            tracks=[track],
            track_boxes=[box_row(track, frame, (0, 0, 5, 5)) for frame in (0, 8)],
        )
    for table in TABLES.values():
        if BATCH in table.keys and store.exists(path := partition_path(table, {BATCH: "b-0000"})):
            store.write(path, b"no Parquet")
    return store


@pytest.mark.parametrize("view", VIEWS)
def test_other_batches_are_not_opened(one_unreadable: Objects, view: str) -> None:
    with connect(one_unreadable) as connection:
        for batch in ("a-0000", "c-0000"):
            [(rows, batches)] = connection.execute(
                f"SELECT count(*), list(DISTINCT batch) FROM {view} WHERE batch = ?", [batch]
            ).fetchall()
            assert batches == ([batch] if rows else None)
            assert rows or view == "track_vectors"


@pytest.mark.parametrize("view", VIEWS[:-1])
def test_a_query_of_all_batches_opens_all(one_unreadable: Objects, view: str) -> None:
    with connect(one_unreadable) as connection, pytest.raises(duckdb.Error):
        connection.execute(f"SELECT sum(hash(COLUMNS(*))) FROM {view}").fetchall()
