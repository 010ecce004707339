"""Views and macros made from the tables compute what they say."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import box_row, embedding_row, filtered_row, track_row, video_row, write_batch

from rushes.errors import SettingsError
from rushes.store.database import connect, one_line, view_files
from rushes.store.described import described, one_described
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES, TRACK_BOXES
from rushes.store.tables import write_partition

Box = tuple[float, float, float, float]
SIDES = st.floats(0, 100, width=32)
BOXES = st.tuples(SIDES, SIDES, SIDES, SIDES)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return connect(Objects(tmp_path_factory.mktemp("nothing")))


def test_every_float16_is_read_exactly(connection: duckdb.DuckDBPyConnection) -> None:
    halves = np.arange(65536, dtype="<u2")
    query = "SELECT vector_floats(?::BLOB)"
    [(found,)] = connection.execute(query, [halves.tobytes()]).fetchall()
    np.testing.assert_array_equal(np.array(found, "f4"), halves.view("<f2").astype("f4"))


def iou(connection: duckdb.DuckDBPyConnection, a: Box, b: Box) -> float:
    row = "(SELECT ?::FLOAT AS x, ?::FLOAT AS y, ?::FLOAT AS w, ?::FLOAT AS h)"
    query = f"SELECT box_iou(a, b) FROM {row} AS a, {row} AS b"
    [(found,)] = connection.execute(query, [*a, *b]).fetchall()
    return float(found)


@given(a=BOXES, b=BOXES)
def test_overlap_is_the_intersection_as_a_share_of_the_union(
    connection: duckdb.DuckDBPyConnection, a: Box, b: Box
) -> None:
    across = max(0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    down = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    union = a[2] * a[3] + b[2] * b[3] - across * down
    assert iou(connection, a, b) == pytest.approx(across * down / union if union else 0, abs=1e-9)
    assert iou(connection, a, b) == iou(connection, b, a)


@given(box=st.tuples(SIDES, SIDES, st.floats(1, 50, width=32), st.floats(1, 50, width=32)))
def test_a_box_overlaps_itself_wholly(connection: duckdb.DuckDBPyConnection, box: Box) -> None:
    assert iou(connection, box, box) == pytest.approx(1, abs=1e-9)


@settings(max_examples=30)
@given(frames=st.sets(st.integers(0, 40), min_size=1))
def test_gaps_and_boxes_together_fill_a_track(store_of_one: Objects, frames: set[int]) -> None:
    clip = filtered_row("v", 0, 50)
    track = track_row(clip, 1, min(frames), max(frames) + 1)
    write_once(store_of_one, track, sorted(frames))
    with connect(store_of_one) as connection:
        gaps = connection.execute("SELECT before_frame, after_frame, n_frames, seconds FROM track_gaps").fetchall()
    lacking = {f for before, after, *_ in gaps for f in range(before + 1, after)}
    assert lacking == set(range(min(frames), max(frames))) - frames
    assert sum(n for *_, n, _ in gaps) == len(lacking)
    assert all(seconds == pytest.approx((after - before) / 25) for before, after, _, seconds in gaps)


@pytest.fixture(scope="module")
def store_of_one(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects(tmp_path_factory.mktemp("one"))


def write_once(store: Objects, track: dict[str, object], frames: Sequence[int]) -> None:
    rows = TRACK_BOXES.from_rows([box_row(track, frame, (0, 0, 9, 9)) for frame in frames])
    write_partition(store, TRACK_BOXES, {"batch": "b"}, rows)


def test_a_tracks_vector_is_the_mean_of_its_crops_that_point_somewhere(store: Objects) -> None:
    clip = filtered_row("v", 0, 50)
    track = track_row(clip, 1, 0, 10)
    crops = ([3.0, 0.0], [0.0, 0.5], [0.0, 0.0], [float("nan"), 1.0])
    write_batch(
        store,
        videos=[video_row("v")],
        filtered_clips=[clip],
        tracks=[track],
        embeddings=[
            *(embedding_row(clip, at, crop, track["track_id"]) for at, crop in enumerate(crops)),
            embedding_row(clip, 0, [1.0, 1.0]),
        ],
    )
    with connect(store) as connection:
        found = connection.execute("SELECT track_id, n_crops, vector FROM track_vectors").fetchall()
    assert found == [(track["track_id"], 2, [0.5, 0.5])]


def test_everything_that_can_be_asked_is_described(connection: duckdb.DuckDBPyConnection) -> None:
    everything = described(connection)
    assert [one.name for one in everything[: len(TABLES)]] == list(TABLES)
    assert len(everything) == len(view_files())
    for one in everything:
        assert one.meaning
        assert all(field.meaning for field in one.fields), f"{one.name}: a column that nobody has explained"
        assert bool(one.fields) == (one.kind != "macro" or one.name == "rejudge")


def test_columns_are_those_that_are_there(connection: duckdb.DuckDBPyConnection) -> None:
    for one in described(connection):
        if one.kind != "macro":
            columns = [name for name, *_ in connection.execute(f"DESCRIBE {one.name}").fetchall()]
            assert [field.name for field in one.fields] == columns


def test_examples_run(connection: duckdb.DuckDBPyConnection) -> None:
    examples = [one.example for one in described(connection) if one.kind == "macro"]
    assert all(examples)
    for example in examples:
        connection.execute(example).fetchall()


def test_a_name_that_is_not_there_is_told_with_those_like_it(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SettingsError, match="did you mean track_gaps"):
        one_described(connection, "track_gap")
    with pytest.raises(duckdb.Error) as caught:
        connection.execute("SELECT * FROM vidoes")
    assert one_line(caught.value) == "no table or view 'vidoes'; did you mean videos?"
    with pytest.raises(duckdb.Error) as caught:
        connection.execute("SELECT\n  shapness\nFROM filtered_clips")
    assert "sharpness" in one_line(caught.value)
    assert "\n" not in one_line(caught.value)
