"""``rushes sql`` answers in every form, takes parameters, tells what there is, and says what is wrong in one line."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from rows import video_row, write_batch

from rushes.answers import parameters
from rushes.errors import SettingsError
from rushes.store.objects import Objects

DAY = datetime(2024, 5, 1, 12, 30)


@pytest.fixture(scope="module")
def asked(new_shell: Callable[[], Any]) -> Any:
    """A command line over a store of two videos; only to be read."""
    shell = new_shell()
    videos = [video_row("a", recorded_at=DAY), video_row("b", n_frames=50)]
    write_batch(Objects(shell.store), videos=videos)
    return shell


def test_parameters_stand_in_the_query_and_are_no_sql(asked: Any) -> None:
    query = "SELECT video_id FROM videos WHERE n_frames > $frames AND recorded_at >= $day AND video_id <> $other"
    given = ("--param", "frames=60", "--param", "day=2024-05-01", "--param", "other=b' OR true --")
    assert asked.ok("sql", query, *given, "--format", "csv").splitlines() == ["video_id", "a"]


def test_values_are_json_or_else_text() -> None:
    given = parameters(["a=3", "b=0.5", "c=true", "d=null", 'e=["x", "y"]', "f=2024-05-01", 'g="3"', "$h=a=b", "i="])
    assert given == {
        "a": 3, "b": 0.5, "c": True, "d": None, "e": ["x", "y"], "f": "2024-05-01", "g": "3", "h": "a=b", "i": ""
    }  # fmt: skip
    for wrong in ("seconds", "=3", "1=2", "a b=3"):
        with pytest.raises(SettingsError, match="name=value"):
            parameters([wrong])


def test_a_files_suffix_tells_its_format(asked: Any, tmp_path: Path) -> None:
    query = "SELECT video_id, recorded_at, n_frames FROM videos ORDER BY 1"
    for name in ("q.csv", "q.json", "q.jsonl", "q.parquet"):
        assert asked.ok("sql", query, "--output", tmp_path / name) == f"2 rows in {tmp_path / name}\n"
    rows = parquet.read_table(tmp_path / "q.parquet").to_pylist()
    assert rows == [
        {"video_id": "a", "recorded_at": DAY, "n_frames": 100},
        {"video_id": "b", "recorded_at": None, "n_frames": 50},
    ]
    as_json = [json.loads(line) for line in (tmp_path / "q.json").read_text().splitlines()]
    assert as_json == [{**row, "recorded_at": row["recorded_at"] and row["recorded_at"].isoformat()} for row in rows]
    assert (tmp_path / "q.json").read_bytes() == (tmp_path / "q.jsonl").read_bytes()
    header, *lines = csv.reader(io.StringIO((tmp_path / "q.csv").read_text()))
    assert [header, *lines] == [["video_id", "recorded_at", "n_frames"], ["a", DAY.isoformat(), "100"], ["b", "", "50"]]
    assert asked.ok("sql", query, "--format", "csv") == (tmp_path / "q.csv").read_text()


def test_a_query_that_fails_on_the_way_leaves_the_file_as_it_was(asked: Any, tmp_path: Path) -> None:
    before = tmp_path / "q.csv"
    before.write_text("as it was")
    query = "SELECT if(range = 150000, 'no number', '1')::INTEGER FROM range(200000)"
    assert "no number" in asked.refused("sql", query, "--output", before)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("q.csv", "as it was")]


def test_what_there_is_can_be_listed_in_any_form(asked: Any, tmp_path: Path) -> None:
    said = asked.ok("sql", "--tables")
    assert all(name in said for name in ("videos", "track_candidates", "rejudge", "one row is a video"))
    columns = [json.loads(line) for line in asked.ok("sql", "--schema", "videos", "--format", "json").splitlines()]
    [told] = [column for column in columns if column["column"] == "recorded_at"]
    assert told["type"] == "TIMESTAMP"
    assert "UTC" in told["meaning"]
    asked.ok("sql", "--schema", "track_gaps", "--output", tmp_path / "gaps.csv")
    assert "after_frame,INTEGER" in (tmp_path / "gaps.csv").read_text()
    assert "box_iou(a, b)" in asked.ok("sql", "--schema", "box_iou")


def test_wide_rows_are_shown_below_each_other_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    from rich.console import Console

    from rushes.cli import sql

    rows = pa.table({f"column_{n}": ["a value of some length", "other"] for n in range(12)})
    for width, titles in ((80, 2), (10_000, 0)):
        console = Console(width=width, file=io.StringIO(), highlight=False)
        monkeypatch.setattr(sql, "out", console)
        sql._print(rows.to_reader())
        said = console.file.getvalue()  # type: ignore[attr-defined]
        assert said.count("row 1") + said.count("row 2") == titles
        assert said.count("a value of some length") == 12, "nothing is broken apart"
        assert max(map(len, said.splitlines())) <= width


def test_more_rows_than_anybody_reads_are_counted(asked: Any) -> None:
    said = asked.ok("sql", "SELECT range AS n FROM range(10005)")
    assert said.splitlines()[-1].startswith("10005 rows, of which the first 10000 are shown")
    assert "10003" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("SELECT * FROM vidoes",), "did you mean videos?"),
        (("SELECT n_frame FROM videos",), '"n_frames"'),
        (("SELECT * FROM videos WHERE n_frames > $least",), "--param name=value"),
        (("SELECT 1", "--param", "least=3"), "no $least"),
        (("SELECT 1", "--param", "least"), "not name=value"),
        (("SELECT 1", "--output", "answer.txt"), "--format"),
        (("SELECT 1", "--output", "no/such/answer.csv"), "no such folder"),
        (("SELECT 1", "--output", "answer.csv", "--format", "table"), "for the eye"),
        (("--schema", "vidoes"), "did you mean videos"),
        (("SELECT 1", "--tables"), "one of"),
        (("SELECT 1", "--schema", "videos"), "one of"),
        (("SELECT * FROM asked",), "--tables"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(asked: Any, words: tuple[str, ...], told: str) -> None:
    assert told in asked.refused("sql", *words)
    assert list(asked.folder.iterdir()) == []
