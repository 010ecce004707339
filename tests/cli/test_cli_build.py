"""A built store, looked at through the command line. Read only: all tests share it."""

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import rushes

ASSETS = ["raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"]


def test_everything_is_built(built: Any) -> None:
    states = built.states()
    assert list(states) == [
        *(("city-0000", asset) for asset in ASSETS),
        ("street", "selected_sequences"),
        ("street", "packaged_datasets"),
    ]
    assert {one["state"] for one in states.values()} == {"built"}
    assert states["city-0000", "raw_videos"]["rows"] == 2
    assert states["street", "selected_sequences"]["rows"] == 3
    assert "everything is built" in built.ok("status")


def test_building_again_does_nothing(built: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.store.rglob("*") if path.is_file()}
    assert "nothing to do: everything asked for is built" in built.ok("build")
    assert {path: path.stat().st_mtime_ns for path in built.store.rglob("*") if path.is_file()} == before


def test_sql_gives_the_same_rows_in_every_format(built: Any, tmp_path: Path) -> None:
    query = "SELECT video_id, n_frames, fps, has_audio, creds_key FROM videos ORDER BY video_id"
    expected = rushes.open(built.store).sql(query).fetchall()
    names = ["video_id", "n_frames", "fps", "has_audio", "creds_key"]
    assert [row[0] for row in expected] == ["crossing", "face"]

    as_json = [json.loads(line) for line in built.ok("sql", query, "--format", "json").splitlines()]
    assert as_json == [dict(zip(names, row, strict=True)) for row in expected]

    header, *lines = csv.reader(io.StringIO(built.ok("sql", query, "--format", "csv")))
    assert header == names
    assert lines == [[v, str(n), repr(fps), "false", ""] for v, n, fps, _, _ in expected]

    process = built.start("sql", query, "--format", "parquet")
    data, _ = process.communicate()
    assert pq.read_table(io.BytesIO(data)).to_pylist() == as_json

    table = built.ok("sql", query)
    assert "2 rows" in table
    for name in (*names, "crossing", "face", "50", "60"):
        assert name in table

    (tmp_path / "q.sql").write_text(query)
    assert built.ok("sql", "--file", tmp_path / "q.sql") == table


def test_sql_writes_lists_and_vectors_as_text(built: Any) -> None:
    query = "SELECT frames, vector FROM selections, embeddings WHERE rank = 0 ORDER BY ALL LIMIT 1"
    ((frames, vector),) = rushes.open(built.store).sql(query).fetchall()
    _, line = csv.reader(io.StringIO(built.ok("sql", query, "--format", "csv")))
    assert json.loads(line[0]) == frames
    assert bytes.fromhex(line[1]) == vector
    (row,) = built.rows(query)
    assert row == {"frames": frames, "vector": vector.hex()}


def test_a_wide_table_loses_nothing_in_a_pipe(built: Any) -> None:
    said = built.ok("sql", "SELECT * FROM videos")
    for row in built.rows("SELECT sha256, media_uri FROM videos"):
        assert row["sha256"] in said
        assert row["media_uri"] in said


def test_why_tells_the_story_of_a_video_a_clip_and_a_track(built: Any) -> None:
    said = built.ok("why", "face")
    for words in ("face.000000-000060", "kept", "person", "efficientnet-lite0", "face.mp4"):
        assert words in said
    (track,) = built.rows("SELECT track_id FROM tracks WHERE video_id = 'face' AND class_name = 'person'")
    assert track["track_id"] in built.ok("why", track["track_id"])
    said = built.ok("why", "crossing.000000-000050")
    assert "crossing.000000-000050" in said
    assert "face.0" not in said


def test_why_of_an_unknown_id_names_similar_ones(built: Any) -> None:
    assert "did you mean crossing?" in built.refused("why", "crosing")


def test_the_data_set_opens_in_python(built: Any) -> None:
    dataset = rushes.open(built.store).dataset("street")
    assert len(dataset) == 3
    assert {dataset.frames[i].numpy().shape for i in range(3)} <= {(8, 272, 640, 3), (8, 144, 176, 3)}


def test_a_query_piped_into_a_program_that_stops_reading_is_no_error(built: Any) -> None:
    process = built.start("sql", "SELECT * FROM range(200000)", "--format", "csv")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.wait()


def test_dagsters_history_is_in_its_home(built: Any) -> None:
    # Whatever folder the command is given in; the fixture checks that nothing was left in that.
    assert (built.home / "var" / "dagster" / "history" / "runs.db").is_file()
    listing = subprocess.run(["ls", built.folder], capture_output=True, text=True, check=True)
    assert listing.stdout == ""
