"""What ``docs/sources.md`` says is so: its first commands and its SQL run, its lists are those of the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from picture_trees import write_mot
from tabular import written
from videos import make_video

from rushes.settings import Ingest, Settings
from rushes.settings import parse as parse_settings
from rushes.sources.formats.known import FORMATS, recognise
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.work.build import build

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text()
TABLE = next(block for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "uri," in block)
# What only assets after ``raw_videos`` drop things for.
LATER = {
    "too_short", "blurred", "too_dark", "too_bright", "still", "cartoon", "low_aesthetics", "bad_embedding",
    "no_embedding", "missing_redactions", "format_limit", "too_small", "low_contrast", "colourless", "noisy",
    "little_motion", "much_motion", "letterboxed", "slides", "low_quality", "no_figure", "corrupt",
    "near_duplicate", "gone",
}  # fmt: skip


def first_cells(heading: str) -> list[str]:
    """Return the first column of the table whose heading begins so."""
    table = PAGE[PAGE.index(f"| {heading}") :].split("\n\n")[0].splitlines()[2:]
    return [name for row in table for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]


def test_its_table_has_every_format() -> None:
    assert sorted(first_cells("format ")) == sorted(FORMATS)
    marked = {name for name in FORMATS if f"| `{name}` * |" in PAGE}
    assert marked == {format.name for format in FORMATS.values() if format.by_id}


def test_its_table_has_every_reason_for_which_something_does_not_come_in() -> None:
    assert set(first_cells("reason ")) == {reason.value for reason in Reason} - LATER


def test_its_table_has_every_setting_with_its_default() -> None:
    assert set(first_cells("setting of `ingest` ")) == set(Ingest.model_fields)
    defaults = Ingest()
    assert (defaults.downloads, defaults.per_host, defaults.min_speed, defaults.patience_s) == (8, 2, 10_000, 30)
    assert (defaults.max_bytes, defaults.max_duration_s, defaults.max_height) == (8e9, 12 * 3600, 720)
    assert (defaults.check, defaults.rate_limit, defaults.cookies) == ("keyframes", None, None)


def test_its_settings_are_accepted() -> None:
    [block] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert parse_settings(block)


def test_its_list_is_one(tmp_path: Path) -> None:
    format = recognise(written(tmp_path / "list.csv", TABLE))
    assert format is FORMATS["table"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """A store with a sequence of MOT's and a table with a column of its own."""
    folder = tmp_path_factory.mktemp("page")
    write_mot(folder / "MOT17-02", range(1, 5), "1,1,5,5,9,9,1,1,1\n3,1,6,6,9,9,1,1,1\n3,2,9,9,9,9,0,8,1\n")
    make_video(folder / "walk.mp4", 50)
    file = written(folder / "list.csv", "uri,start_s,end_s,label,weather\nwalk.mp4,0,1,walking,rain\n")
    store = Objects(folder / "store")
    register(store, [str(folder / "MOT17-02"), str(file)], "main")
    build(store, STEPS["raw_videos"], "main-0000", Settings(), workers=0)
    return store


def answer(store: Objects, about: str) -> list[tuple[object, ...]]:
    [query] = [block for block in re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if about in block]
    with connect(store) as connection:
        found: duckdb.DuckDBPyConnection = connection.execute(query)
        return found.fetchall()


def test_its_queries_answer_what_they_say(store: Objects) -> None:
    assert answer(store, "boxes that count") == [("pedestrian", 2, 1)]
    assert answer(store, "empty ones too") == [
        ("MOT17-02", frame, objects) for frame, objects in enumerate((1, 0, 1, 0))
    ]
    assert answer(store, "seconds of each label") == [("walking", 1, 1.0)]
    assert answer(store, "a column of the list") == [("walk", "rain")]


def test_its_first_commands_run(tmp_path: Path) -> None:
    written(tmp_path / "videos/broken.mp4", "no video")
    make_video(tmp_path / "videos/walk.mp4", 10)
    block = re.search(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    home = {"HOME": str(tmp_path), "RUSHES_STORE": str(tmp_path / "store"), "DAGSTER_HOME": str(tmp_path)}
    rushes = f'rushes() {{ "{sys.executable}" -m rushes.cli "$@"; }}\nset -e\n'
    done = subprocess.run(
        ["bash", "-c", rushes + block[1]], env=os.environ | home, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "2 videos would be registered in street; next: the same without --dry-run" in done.stdout
    assert re.search(r"walk +│ +10 +│ +h264", done.stdout)
    assert re.search(r"broken +│ +not_video", done.stdout)
