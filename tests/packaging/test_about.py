"""``dataset.json`` says what is in a data set and what it was made from, and none of it is made up."""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rows import box_row, filtered_row, track_row, video_row, write_batch
from tasks import ingested
from videos import make_video

import rushes
from rushes.models.registry import MODELS
from rushes.packaging.package import package
from rushes.packaging.state import VERSION
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.sources.download import Downloaded
from rushes.store.manifests import Record, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import read_partition, write_partition

FRAMES = 30
CLIPS = {name: filtered_row(name, 0, FRAMES) for name in ("a", "b")}
MODEL = MODELS["yolo11n"]


def segment_row(video_id: str, line: int, **attributes: Any) -> dict[str, Any]:
    return {
        "video_id": video_id, "annotation": "told", "line": line, "item": 0, "kind": "label", "segment_id": None,
        "class_id": None, "label": None, "start_s": 0.0, "end_s": 1.0, "start_frame": 0, "end_frame": 25,
        "score": None, "attributes": json.dumps(attributes),
    }  # fmt: skip


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    """Two videos of a batch, a track of car in the first ten frames of one, of person throughout the other."""
    tables: dict[str, Any] = {"videos": [], "packets": []}
    for name in CLIPS:
        task = ingested(store, make_video(tmp_path / f"{name}.mp4", FRAMES), name)
        for table, rows in tables.items():
            rows += task.rows[table].to_pylist()
    car = track_row(CLIPS["a"], 1, 0, 10, "car")
    person = track_row(CLIPS["b"], 1, 0, FRAMES, "person", class_id=0, vocabulary="coco80")
    boxes = [box_row(track, frame, (1, 2, 9, 9)) for track, n in ((car, 10), (person, FRAMES)) for frame in range(n)]
    said = [segment_row("a", 1, license="CC-BY", credits="Ada"), segment_row("a", 2, license="CC0", note="a licence")]
    write_batch(
        store, **tables, filtered_clips=list(CLIPS.values()), tracks=[car, person], track_boxes=boxes,
        annotation_segments=said,
    )  # fmt: skip
    shaped = {"asset": "tracks", "version": "3", "models": {"yolo11n": MODEL.sha256, "mine": "ab" * 32}, "params": {}}
    write_record(store, Record("tracks", "made-0000", "3", "tracks of made-0000", shaped_by=shaped))
    write_batch(store, "other-0000", videos=[video_row("c")])
    return store


def packaged(store: Objects, **fields: Any) -> dict[str, Any]:
    made = {"name": "all", "description": "of two", "privacy": "none", "sequence_length": 10, **fields}
    recipe = Recipe(**{"formats": ("native", "mot"), "split": {"evaluation": ("b",)}, **made})
    select(store, recipe)
    package(store, recipe, workers=0)
    about: dict[str, Any] = json.loads(store.read("datasets/all/dataset.json"))
    assert store.read(f"datasets/all/{about['version']}/dataset.json") == store.read("datasets/all/dataset.json")
    assert about["recipe"] == recipe.model_dump(mode="json")
    return about


def test_counts_are_those_of_the_data_set(filled: Objects) -> None:
    about = packaged(filled)
    counts = about["counts"]
    assert {key: counts[key] for key in ("sequences", "frames", "boxes", "videos")} == {
        "sequences": 6, "frames": 60, "boxes": 40, "videos": 2,
    }  # fmt: skip
    assert counts["splits"] == {
        "test": {"sequences": 3, "frames": 30, "boxes": 30, "videos": 1},
        "train": {"sequences": 3, "frames": 30, "boxes": 10, "videos": 1},
    }
    assert counts["classes"] == {"car": {"sequences": 1, "boxes": 10}, "person": {"sequences": 3, "boxes": 30}}
    ds = rushes.open(filled.uri).dataset("all")
    assert sum(len(ids) for at in range(len(ds)) for ids in ds.ids[at].numpy()) == counts["boxes"]
    for name in ("native", "mot"):
        own = [file for file in about["files"] if file["format"] == name]
        assert counts["formats"][name] == {"files": len(own), "bytes": sum(file["size"] for file in own)}


def test_the_page_tells_of_every_key(filled: Objects) -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "dataset.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(packaged(filled))


def test_every_file_stands_in_it_with_its_hash(filled: Objects) -> None:
    about = packaged(filled)
    for file in about["files"]:
        data = filled.read(file["path"])
        assert (file["sha256"], file["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    root = f"datasets/all/{about['version']}/"
    there = {path for path in filled.list(root) if path.startswith((f"{root}native/", f"{root}mot/"))}
    assert {file["path"] for file in about["files"]} == there


def test_sources_are_the_videos_with_what_was_told_of_their_terms(filled: Objects) -> None:
    a, b = packaged(filled)["sources"]
    assert (a["video_id"], b["video_id"]) == ("a", "b")
    assert a["licence"] == {"credits": ["Ada"], "license": ["CC-BY", "CC0"]}
    assert b["licence"] is None
    assert a["collection"] == "made"
    assert a["source_uri"].endswith("a.mp4")
    assert a["sha256"] == hashlib.sha256(Path(a["source_uri"]).read_bytes()).hexdigest()


def test_what_a_site_told_of_a_videos_terms_is_told_on(filled: Objects) -> None:
    """Of a video that was downloaded, as the note that is left of each download has it."""
    uri = "https://site.example/watch?v=a"
    videos = read_partition(filled, VIDEOS, {"batch": "made-0000"}).to_pylist()
    rows = [{**row, "source_uri": uri} if row["video_id"] == "b" else row for row in videos]
    about = {"license": "CC BY 3.0", "fps": 25}
    note = Downloaded(uri, uri, "ab" * 32, 9, videos[1]["media_uri"], None, "yt-dlp", about)
    filled.write(f"downloads/{hashlib.sha256(uri.encode()).hexdigest()}.json", json.dumps(asdict(note)).encode())
    write_partition(filled, VIDEOS, {"batch": "made-0000"}, VIDEOS.from_rows(rows))
    assert [one["licence"] for one in packaged(filled)["sources"]][1] == {"license": ["CC BY 3.0"]}


def test_models_have_their_hashes_and_licences(filled: Objects) -> None:
    about = packaged(filled)
    assert about["models"]["yolo11n"] == {
        "sha256": [MODEL.sha256], "licence": f"AGPL-3.0 ({MODEL.note})", "used_by": ["tracks"],
    }  # fmt: skip
    assert about["models"]["mine"]["licence"].startswith("not known")
    assert about["licences"]["models"]["yolo11n"].startswith("AGPL-3.0")
    assert about["code"]["tracks"] == "3"
    assert about["code"]["packaged_datasets"] == VERSION
    assert about["code"]["rushes"] == rushes.__version__


def test_the_lineage_is_of_the_batches_that_were_chosen_from(filled: Objects) -> None:
    about = packaged(filled)
    assets = ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings")
    assert set(about["lineage"]) == {f"{asset}/made-0000" for asset in assets}
    assert about["lineage"]["tracks/made-0000"]["identity"] == "tracks of made-0000"
    assert about["lineage"]["tracks/made-0000"]["models"]["mine"] == "ab" * 32
    selection = read_record(filled, "selected_sequences", "all")
    assert about["selection"]["identity"] == selection.identity
    assert about["selection"]["funnel"][-1] == {"step": "chosen", "left": 6}
    assert [(step["step"], step["left"]) for step in about["selection"]["funnel"]] == list(selection.funnel)


def test_of_whole_tracks_the_boxes_are_theirs(filled: Objects) -> None:
    counts = packaged(filled, unit="track", sequence_length=None, formats=("trackverse",))["counts"]
    assert counts["boxes"] == 10 + FRAMES
    assert counts["classes"] == {"car": {"sequences": 1, "boxes": 10}, "person": {"sequences": 1, "boxes": FRAMES}}


def test_the_same_is_said_in_the_same_bytes(filled: Objects) -> None:
    packaged(filled)
    first = filled.read("datasets/all/dataset.json")
    packaged(filled)
    assert filled.read("datasets/all/dataset.json") == first


def test_an_empty_data_set_says_so(filled: Objects) -> None:
    counts = packaged(filled, where="duration_s > 99")["counts"]
    assert (counts["sequences"], counts["boxes"], counts["splits"], counts["classes"]) == (0, 0, {}, {})
