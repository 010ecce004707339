"""Adding videos, recipes and settings, and asking about them, before anything is built."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from real_clips import cut

from rushes.models.registry import MODELS


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three videos, one of them in a folder below."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "below").mkdir()
    for number, name in enumerate(("a.mp4", "b.mp4", "below/c.mp4")):
        cut("carphone", folder / name, 3 * number, 3 * number + 3)
    return folder


def test_adding_a_folder_makes_batches_of_its_videos(shell: Any, videos: Path) -> None:
    said = shell.ok("add", videos, "--collection", "car", "--batch-size", "2")
    assert said.splitlines() == [
        "batch car-0000: 2 videos",
        "batch car-0001: 1 videos",
        "3 videos registered in car; next: rushes build",
    ]
    assert {partition for partition, _ in shell.states()} == {"car-0000", "car-0001"}


def test_adding_the_same_again_adds_nothing(shell: Any, videos: Path) -> None:
    shell.ok("add", videos / "a.mp4")
    said = shell.ok("add", videos / "a.mp4", videos / "b.mp4")
    assert said.splitlines() == [
        "batch main-0001: 1 videos",
        "1 videos registered in main, 1 known already; next: rushes build",
    ]
    assert "0 videos registered in main, 2 known already" in shell.ok("add", videos / "a.mp4", videos / "b.mp4")


def test_a_missing_file_among_others_is_warned_of(shell: Any, videos: Path) -> None:
    done = shell("add", videos / "a.mp4", "nowhere.mp4")
    assert done.returncode == 0
    assert "nowhere.mp4: no such file now" in done.stderr
    assert "2 videos registered" in done.stdout


def test_a_folder_without_videos_is_refused(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    line = shell.refused("add", tmp_path)
    assert "no video files in that folder" in line
    assert ".mkv" in line
    assert not (shell.store / "batches").exists()


def test_a_name_that_cannot_be_used_is_refused(shell: Any, videos: Path) -> None:
    assert "collection 'a/b'" in shell.refused("add", videos / "a.mp4", "--collection", "a/b")
    assert "names one video, but 3 were given" in shell.refused("add", videos, "--id", "x")


def test_an_empty_store_answers_every_question(shell: Any) -> None:
    assert shell.rows("SELECT * FROM tracks") == []
    assert "holds no batches yet; next: rushes add" in shell.ok("status")
    assert "no videos are registered; next: rushes add" in shell.ok("build")
    assert "nothing is known of 'bikes'" in shell.refused("why", "bikes")


def test_a_store_that_was_not_built_says_what_is_missing(shell: Any, videos: Path) -> None:
    shell.ok("add", videos)
    states = {asset: one["state"] for (_, asset), one in shell.states().items()}
    assert states == {
        "raw_videos": "missing",
        "scene_clips": "waiting",
        "filtered_clips": "waiting",
        "tracks": "waiting",
        "embeddings": "waiting",
    }
    said = shell.ok("status")
    assert "main-0000" in said
    assert "not up to date: 1 batches or recipes; next: rushes build" in said


def test_unknown_names_are_refused_with_the_known_ones(shell: Any, videos: Path, tmp_path: Path) -> None:
    shell.ok("add", videos, "--collection", "car")
    (tmp_path / "r.yaml").write_text("name: faces\nunit: frame\n")
    shell.ok("recipe", "add", tmp_path / "r.yaml")
    assert shell.refused("build", "--batch", "nosuch").endswith("unknown batch 'nosuch'; there are: car-0000")
    assert shell.refused("build", "--recipe", "nosuch").endswith("unknown recipe 'nosuch'; there are: faces")
    line = shell.refused("build", "--asset", "nosuch")
    for asset in ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings", "packaged_datasets"):
        assert asset in line


def test_models_list_tells_where_models_come_from(shell: Any, tmp_path: Path) -> None:
    said = shell.ok("models", "list", RUSHES_MODELS=str(tmp_path))
    for model in MODELS.values():
        (line,) = [line for line in said.splitlines() if f" {model.name} " in line]
        assert model.package in line
        assert model.licence in line
        assert model.sha256[:12] in line
        assert "│ no " in line


def test_models_fetch_checks_what_is_there(shell: Any) -> None:
    assert MODELS["centerface"].sha256[:12] in shell.ok("models", "fetch", "centerface")
    line = shell.refused("models", "fetch", "nosuch")
    assert "'nosuch'" in line
    assert "yolo11n" in line


def test_a_file_that_is_not_there_is_refused(shell: Any) -> None:
    for words in (("recipe", "add"), ("settings", "set"), ("sql", "--file")):
        assert shell.refused(*words, "nowhere.yaml").endswith("nowhere.yaml: no such file")


def test_settings_are_shown_as_they_were_set(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("tracking: {fps: 4}\ncollections: {car: {tracking: {fps: 2}}}\n")
    shell.ok("settings", "set", file)
    assert yaml.safe_load(shell.ok("settings", "show"))["tracking"]["fps"] == 4.0
    assert yaml.safe_load(shell.ok("settings", "show", "--collection", "car"))["tracking"]["fps"] == 2.0
    file.write_text(shell.ok("settings", "show"))
    shell.ok("settings", "set", file)
    assert "  fps: 4.0\n" in shell.ok("settings", "show")


def test_settings_with_a_mistake_are_refused_and_not_stored(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("tracking: {frames: 4}\n")
    line = shell.refused("settings", "set", file)
    for word in ("'tracking.frames'", "model", "fps", "nms_iou"):
        assert word in line
    file.write_text("tracking: {fps: -1}\n")
    assert "tracking.fps" in shell.refused("settings", "set", file)
    assert not (shell.store / "settings.yaml").exists()


def test_a_query_that_does_not_run_is_refused(shell: Any, tmp_path: Path) -> None:
    assert "nowhere" in shell.refused("sql", "SELECT * FROM nowhere")
    assert "query is empty" in shell.refused("sql", " ")
    assert "table, csv, json, parquet" in shell.refused("sql", "SELECT 1", "--format", "xml")
    (tmp_path / "q.sql").write_text("SELECT 1")
    assert "--file" in shell.refused("sql", "SELECT 1", "--file", tmp_path / "q.sql")
    assert "--file" in shell.refused("sql")
