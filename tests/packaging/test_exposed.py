"""A data set that shows a face is found out, whatever it says of itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from real_clips import cut
from rows import write_batch
from tasks import ingested

from rushes.filters.judge import JudgeVideo
from rushes.packaging.exposed import Inspection, inspect
from rushes.packaging.package import package
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.settings import Filters, Settings
from rushes.shots.cut import clip_id
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, DATASETS, RECIPE
from rushes.store.tables import read_partition, write_partition

SETTINGS = Settings(filters=Filters(min_duration_s=0, cartoon=False))
FRAMES = 24


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    """A face in every frame, found by the real search."""
    task = ingested(store, cut("carphone", tmp_path / "face.mp4", 0, FRAMES), "face")
    video = task.rows["videos"].to_pylist()[0]
    clip = {
        "clip_id": clip_id("face", 0, FRAMES),
        "video_id": "face",
        "start_frame": 0,
        "end_frame": FRAMES,
        "start_s": 0.0,
        "end_s": video["duration_s"],
        "method": "whole",
        "score": None,
        "span": None,
    }
    clips = CLIPS.from_rows([clip])
    judged = JudgeVideo(SETTINGS, {})(replace(task, rows={**task.rows, "clips": clips})).rows
    write_batch(
        store,
        videos=task.rows["videos"].to_pylist(),
        packets=task.rows["packets"].to_pylist(),
        clips=[clip],
        **{name: list(rows) for name, rows in judged.items()},
    )
    return store


def recipe(**changes: object) -> Recipe:
    fields = {"name": "faces", "unit": "frame", "formats": ["native", "mot"], **changes}
    return Recipe.model_validate(fields)


def packaged(store: Objects, one: Recipe) -> Recipe:
    select(store, one)
    package(store, one, workers=0)
    return one


@pytest.mark.parametrize(
    ("style", "shape"), [("blur", "box"), ("pixelate", "ellipse"), ("solid", "box")], ids=lambda word: word
)
def test_a_redacted_data_set_shows_no_face(filled: Objects, style: str, shape: str) -> None:
    found = inspect(filled, packaged(filled, recipe(redaction=style, redaction_shape=shape)), 1000)
    assert found == Inspection(FRAMES, ("faces", "plates"), (), ())


def test_one_packaged_without_privacy_and_then_called_redacted_is_found_out(filled: Objects) -> None:
    packaged(filled, recipe(privacy="none"))
    found = inspect(filled, recipe(privacy="redact"), 1000)
    assert found.pictures == FRAMES, "the same picture in two formats is searched once"
    assert len(found.exposed) == FRAMES
    assert {(one.kind, one.path.endswith((".tar", ".jpg"))) for one in found.exposed} == {("face", True)}
    assert min(one.score for one in found.exposed) >= SETTINGS.privacy.min_score


def test_where_nothing_is_hidden_nothing_is_searched(filled: Objects) -> None:
    assert inspect(filled, packaged(filled, recipe(privacy="none")), 1000) == Inspection(0, (), (), ())


def test_a_file_that_was_replaced_is_found_out(filled: Objects) -> None:
    bare, hidden = packaged(filled, recipe(name="bare", privacy="none")), packaged(filled, recipe())
    rows = [read_partition(filled, DATASETS, {RECIPE: one.name}).to_pylist() for one in (bare, hidden)]
    theirs, ours = (next(row["path"] for row in part if row["path"].endswith(".tar")) for part in rows)
    filled.write(ours, filled.read(theirs))
    found = inspect(filled, hidden, 1000)
    assert found.changed == (ours,)
    assert {one.path for one in found.exposed} == {ours}


def test_of_many_pictures_some_of_each_file_are_searched(filled: Objects) -> None:
    one = packaged(filled, recipe(formats=["native"], shard_sequences=6))
    assert inspect(filled, one, 8).pictures == 8


def test_films_are_looked_into(filled: Objects, tmp_path: Path) -> None:
    """The bytes of a film in the place of a shard's, as a format of films writes them."""
    one = packaged(filled, recipe(formats=["mot"]))
    rows = read_partition(filled, DATASETS, {RECIPE: one.name}).to_pylist()
    film = next(row for row in rows if row["path"].endswith(".jpg"))
    path = film["path"].removesuffix(".jpg") + ".mp4"
    filled.write(path, cut("carphone", tmp_path / "film.mp4", 0, 10).read_bytes())
    write_partition(filled, DATASETS, {RECIPE: one.name}, DATASETS.from_rows([{**film, "path": path}]))
    assert {e.path for e in inspect(filled, one, 5).exposed} == {path}


def test_the_files_of_every_layout_of_mediasequence_are_looked_into(filled: Objects) -> None:
    """Those that MediaPipe's Charades reader looks for have another name than all others."""
    one = packaged(filled, recipe(formats=["mediasequence"], privacy="none"))
    [shard] = [
        row for row in read_partition(filled, DATASETS, {RECIPE: one.name}).to_pylist() if "tfrecord" in row["path"]
    ]
    path = shard["path"].rpartition("/")[0] + "/charades_v1_test_records-00000-of-00001"
    filled.write(path, filled.read(shard["path"]))
    write_partition(filled, DATASETS, {RECIPE: one.name}, DATASETS.from_rows([{**shard, "path": path}]))
    assert {e.path for e in inspect(filled, recipe(formats=["mediasequence"]), 5).exposed} == {path}
