"""Of videos with the same bytes one is kept, whichever batches they are in, and the others say which."""

import shutil
from pathlib import Path

import pytest
from picture_trees import write_mot
from videos import make_video

from rushes.settings import Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import Batch, Entry, read_batch, read_batches, seal_batch
from rushes.store.objects import Objects
from rushes.store.schemas import ANNOTATION_BOXES, ANNOTATION_SEGMENTS, REJECTS, VIDEOS
from rushes.store.tables import read_partition
from rushes.work.build import build
from rushes.work.plan import State, plan

STEP = STEPS["raw_videos"]
SETTINGS = Settings.model_validate({"build": {"max_reject_share": 1}})


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Two videos, and copies of the first under other names."""
    folder = tmp_path / "footage"
    folder.mkdir()
    first = make_video(folder / "first.mp4", 12)
    for name in ("again.mp4", "copy.mp4"):
        shutil.copy(first, folder / name)
    make_video(folder / "other.mp4", 13)
    return folder


def built(store: Objects, batch: str = "c-0000") -> dict[str, str]:
    """Build a batch; return each video's bytes by what they are, or why it is none."""
    build(store, STEP, batch, SETTINGS, workers=0)
    videos = read_partition(store, VIDEOS, {"batch": batch}, ["video_id", "sha256"]).to_pylist()
    rejects = read_partition(store, REJECTS, {"asset": STEP.asset, "partition": batch}).to_pylist()
    assert {row["reason"] for row in rejects} <= {"duplicate"}
    return {row["video_id"]: "kept" for row in videos} | {row["item_id"]: row["detail"] for row in rejects}


def added(store: Objects, *files: Path, collection: str = "c") -> None:
    register(store, [str(file) for file in files], collection)


def state(store: Objects, batch: str) -> State:
    """Tell how a batch stands."""
    return plan(store, STEP, read_batch(store, batch), SETTINGS).state


def same_as(file: Path, owner: str) -> str:
    return f"{file}: the same bytes as the video {owner}, which was kept"


def test_in_one_batch_the_first_that_was_registered_is_kept(store: Objects, footage: Path) -> None:
    added(store, footage / "first.mp4", footage / "other.mp4", footage / "again.mp4", footage / "copy.mp4")
    assert built(store) == {
        "first": "kept",
        "other": "kept",
        "again": same_as(footage / "again.mp4", "first"),
        "copy": same_as(footage / "copy.mp4", "first"),
    }


def test_across_batches_the_one_that_came_first_is_kept_and_named(store: Objects, footage: Path) -> None:
    added(store, footage / "first.mp4")
    added(store, footage / "copy.mp4", collection="d")
    assert built(store) == {"first": "kept"}
    assert built(store, "d-0000") == {"copy": same_as(footage / "copy.mp4", "first of c-0000")}


def test_a_batch_that_is_under_way_elsewhere_keeps_what_it_has_claimed(store: Objects, footage: Path) -> None:
    added(store, footage / "first.mp4")
    added(store, footage / "copy.mp4", collection="d")
    built(store)
    for name in [*store.list("records"), *store.list("tables")]:
        store.delete(name)
    assert built(store, "d-0000") == {"copy": same_as(footage / "copy.mp4", "first of c-0000")}
    assert built(store) == {"first": "kept"}


def test_one_video_in_two_batches_under_one_id_is_kept_once(store: Objects, footage: Path) -> None:
    for name in ("c", "d"):  # as two that registered into two collections at the same moment leave it
        seal_batch(store, Batch(f"{name}-0000", name, (Entry("v", "v", str(footage / "first.mp4")),)))
    assert built(store) == {"v": "kept"}
    assert built(store, "d-0000") == {"v": same_as(footage / "first.mp4", "v of c-0000")}


@pytest.mark.parametrize("collection", ["c", "d"])
def test_once_the_first_is_another_file_the_second_can_be_kept(store: Objects, footage: Path, collection: str) -> None:
    added(store, footage / "first.mp4")
    built(store)
    shutil.copy(footage / "other.mp4", footage / "first.mp4")
    if collection == "d":
        assert built(store) == {"first": "kept"}
    added(store, footage / "copy.mp4", collection=collection)
    [*_, batch] = [b.name for b in read_batches(store) if b.collection == collection]
    built(store)
    assert built(store, batch) == {"copy": "kept"}


def test_in_one_batch_the_second_is_kept_as_soon_as_the_first_is_another_file(store: Objects, footage: Path) -> None:
    added(store, footage / "first.mp4", footage / "copy.mp4")
    assert built(store) == {"first": "kept", "copy": same_as(footage / "copy.mp4", "first")}
    shutil.copy(footage / "other.mp4", footage / "first.mp4")
    assert built(store) == {"first": "kept", "copy": "kept"}


def test_in_another_batch_it_is_asked_for_again_as_soon_as_the_first_is_another_file(
    store: Objects, footage: Path
) -> None:
    added(store, footage / "first.mp4", footage / "other.mp4")
    added(store, footage / "copy.mp4", collection="d")
    added(store, footage / "again.mp4", collection="e")
    for batch in ("c-0000", "d-0000", "e-0000"):
        built(store, batch)
    assert [state(store, batch) for batch in ("c-0000", "d-0000", "e-0000")] == [State.BUILT] * 3
    make_video(footage / "first.mp4", 14)
    assert built(store) == {"first": "kept", "other": "kept"}
    assert [state(store, batch) for batch in ("c-0000", "d-0000", "e-0000")] == [
        State.BUILT,
        State.UNFINISHED,
        State.UNFINISHED,
    ]
    assert built(store, "e-0000") == {"again": "kept"}
    assert built(store, "d-0000") == {"copy": same_as(footage / "copy.mp4", "again of e-0000")}
    assert [state(store, batch) for batch in ("c-0000", "d-0000", "e-0000")] == [State.BUILT] * 3


def test_a_first_that_is_kept_as_it_is_leaves_its_copies_alone(store: Objects, footage: Path) -> None:
    added(store, footage / "first.mp4", footage / "other.mp4")
    added(store, footage / "copy.mp4", collection="d")
    built(store)
    built(store, "d-0000")
    make_video(footage / "other.mp4", 14)
    built(store)
    assert state(store, "d-0000") == State.BUILT


# What is said of a copy is said of the one that is kept


@pytest.mark.parametrize("collections", ["cc", "cd"])
def test_annotations_of_a_copy_go_to_the_one_that_is_kept(store: Objects, tmp_path: Path, collections: str) -> None:
    """As in MOT17, whose sequences come three times, with other detections each time."""
    root, truth = tmp_path / "MOT17", "1,1,5,6,7,8,1,1,1\n"
    write_mot(root / "02-DPM", range(1, 4), truth, "1,-1,1,1,2,2,0.5,-1,-1,-1\n")
    write_mot(root / "02-SDP", range(1, 4), truth, "2,-1,3,1,2,2,0.7,-1,-1,-1\n")
    for name, collection in zip(("02-DPM", "02-SDP"), collections, strict=True):
        register(store, [str(root / name)], collection)
    batches = [batch.name for batch in read_batches(store)]
    copy = (
        f"{root / '02-SDP'}: the same bytes as the video 02-DPM of c-0000, which was kept; its annotations went there"
    )
    built(store)
    assert built(store, batches[1]) == {"02-SDP": copy}
    assert state(store, "c-0000") == State.STALE
    assert built(store) == {"02-DPM": "kept"}
    boxes = read_partition(store, ANNOTATION_BOXES, {"batch": "c-0000"}).to_pylist()
    assert sorted((box["annotation"], box["frame"], box["x"], box["score"]) for box in boxes) == [
        ("mot", 0, 4, None),  # given twice, and one of them is enough
        ("mot-det", 0, 0, 0.5),
        ("mot-det~2", 1, 2, 0.7),
    ]
    for batch in batches:
        built(store, batch)
        assert state(store, batch) == State.BUILT
    assert len(list(store.list("annotations/later"))) == 1


def test_of_one_list_each_line_stays_whichever_copy_it_is_about(store: Objects, footage: Path) -> None:
    rows = "".join(f"{name}.mp4,{name}\n" for name in ("first", "again", "copy"))
    (footage / "list.csv").write_text(f"uri,label\n{rows}")
    added(store, footage / "list.csv")
    for _ in range(2):
        built(store)
    assert state(store, "c-0000") == State.BUILT
    labels = read_partition(store, ANNOTATION_SEGMENTS, {"batch": "c-0000"}).to_pylist()
    assert sorted((one["video_id"], one["annotation"], one["label"]) for one in labels) == [
        ("first", "table", "first"),
        ("first", "table~2", "again"),
        ("first", "table~3", "copy"),
    ]
    (footage / "list.csv").write_text(f"uri,label\n{rows.replace('copy.mp4,copy', 'copy.mp4,better')}")
    added(store, footage / "list.csv")
    for _ in range(2):
        built(store)
    labels = read_partition(store, ANNOTATION_SEGMENTS, {"batch": "c-0000"}).to_pylist()
    assert sorted(one["label"] for one in labels) == ["again", "better", "first"]


def test_built_anew_it_comes_out_the_same_to_the_byte(store: Objects, footage: Path, tmp_path: Path) -> None:
    results = []
    for one in (store, Objects(tmp_path / "another")):
        added(one, footage)
        built(one)
        results.append({name: one.read(name) for name in one.list("tables")})
    assert results[0] == results[1]
    for name in list(store.list("records")):
        store.delete(name)
    built(store)
    assert {name: store.read(name) for name in store.list("tables")} == results[0]
