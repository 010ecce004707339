"""However a video came in (with annotations, by download, as a link, from a list), nothing of it is left."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_steps import clip
from http_ranges import RangeServer
from picture_trees import write_mot
from rows import write_batch
from searched import mentions, snapshot
from videos import make_video

import rushes
from rushes.forget.forget import forget
from rushes.settings import Ingest, Settings
from rushes.sources.download import Downloader
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.failures import write_failure
from rushes.store.manifests import Batch, Entry, read_batch, read_record, replace_batch
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import ANNOTATION_BOXES, CLIPS, REJECTS
from rushes.store.tables import read_partition, write_partition
from rushes.work.build import build

RAW = STEPS["raw_videos"]
TRUTH = "".join(f"{frame},1,10,10,20,20,1,1,1\n" for frame in range(1, 13))


def made(store: Objects, batch: str = "zoo-0000") -> int:
    """Build a batch's videos; return how many were worked on."""
    return build(store, RAW, batch, Settings(), workers=0).made


def boxes(store: Objects) -> list[tuple[str, int]]:
    rows = read_partition(store, ANNOTATION_BOXES, {"batch": "zoo-0000"}).to_pylist()
    return [(row["video_id"], row["frame"]) for row in rows]


def test_annotations_of_others_stay_and_are_not_read_again(store: Objects, tmp_path: Path) -> None:
    for number, name in enumerate(("zebrafinch", "quokka")):  # of 12 and 13 pictures: others, so none repeats another
        write_mot(tmp_path / "mot" / name, range(1, 13 + number), TRUTH)
    register(store, [str(tmp_path / "mot")], "zoo")
    assert made(store) == 2
    for name in ("zebrafinch", "quokka"):  # annotations that were added later
        (tmp_path / "mot" / name / "gt" / "gt.txt").write_text(TRUTH.replace(",10,10,", ",11,11,"))
    register(store, [str(tmp_path / "mot")], "zoo")
    assert made(store) == 2
    before = boxes(store)
    forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    assert boxes(store) == [box for box in before if box[0] == "quokka"] != []
    assert made(store) == 0
    record = read_record(store, "raw_videos", "zoo-0000")
    store.delete("records/raw_videos/zoo-0000.json")
    assert made(store) == 0
    assert read_record(store, "raw_videos", "zoo-0000") == record


def test_the_last_ones_annotations_go_as_well(store: Objects, tmp_path: Path) -> None:
    write_mot(tmp_path / "zebrafinch", range(1, 13), TRUTH)
    register(store, [str(tmp_path / "zebrafinch")], "zoo")
    made(store)
    forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    assert made(store) == 0
    assert len(list(store.list("annotations"))) == 1  # a listing of nothing


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RangeServer]:
    with RangeServer({"zebrafinch.mp4": make_video(tmp_path / "far.mp4", 12)}) as server:
        yield server


def test_a_download_goes_with_its_note(store: Objects, web: RangeServer) -> None:
    register(store, [f"{web.url}/zebrafinch.mp4"], "zoo")
    made(store)
    assert [name.split("/")[0] for name in store.list("")].count("media") == 1
    account = forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    assert [name for name in store.list("") if name.startswith(("media/", "downloads/", "spool/"))] == []
    assert account.outside == (f"{web.url}/zebrafinch.mp4",)


def test_what_was_downloaded_and_never_looked_at_goes(store: Objects, web: RangeServer) -> None:
    register(store, [f"{web.url}/zebrafinch.mp4"], "zoo")
    Downloader(store, Ingest())(read_batch(store, "zoo-0000").entries[0])
    forget(store, ["zebrafinch"])
    assert [name for name in store.list("") if not name.startswith(("forgotten/", "batches/"))] == []


def test_a_download_that_is_under_way_is_waited_for_and_goes(store: Objects, web: RangeServer) -> None:
    register(store, [f"{web.url}/zebrafinch.mp4"], "zoo")
    web.delay_s = 0.5
    downloading = threading.Thread(target=Downloader(store, Ingest()), args=(read_batch(store, "zoo-0000").entries[0],))
    downloading.start()
    while not web.connections:
        time.sleep(0.01)
    forget(store, ["zebrafinch"])
    downloading.join()
    assert [name for name in store.list("") if not name.startswith(("forgotten/", "batches/"))] == []
    assert mentions(store, "zebrafinch") == []


def test_a_link_is_left_where_it_is_and_not_taken_again(store: Objects, web: RangeServer) -> None:
    uri = f"{web.url}/zebrafinch.mp4"
    register(store, [uri], "zoo", How(link=True))
    made(store)
    web.files["zebrafinch.mp4"] = b"another"
    register(store, [uri], "zoo", How(link=True))  # leaves word that it has changed
    assert list(store.list("links")) == ["links/zebrafinch"]
    forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    assert register(store, [uri], "zoo", How(link=True)).forgotten == (uri,)


def test_a_list_that_names_it_twice_is_left_without_its_name(store: Objects, tmp_path: Path) -> None:
    """What is said of others may name it: here, that a second id for one address was refused."""
    make_video(tmp_path / "zebrafinch.mp4", 12)
    (tmp_path / "list.csv").write_text("uri,video_id\nzebrafinch.mp4,zebrafinch\nzebrafinch.mp4,owl\n")
    register(store, [str(tmp_path / "list.csv")], "zoo")
    made(store)
    [said] = read_partition(store, REJECTS, {"asset": "raw_videos", "partition": "zoo-0000"}).to_pylist()
    assert "zebrafinch" in said["detail"]
    forget(store, ["zebrafinch"])
    assert mentions(store, "zebrafinch") == []
    [said] = read_partition(store, REJECTS, {"asset": "raw_videos", "partition": "zoo-0000"}).to_pylist()
    assert (said["reason"], "(forgotten)" in said["detail"]) == ("duplicate", True)
    made(store)
    assert mentions(store, "zebrafinch") == []


def test_ids_that_begin_alike_are_told_apart(store: Objects) -> None:
    ids = ("bird", "bird.v2", "birds")
    write_batch(store, videos=[], clips=[clip(video, 0) for video in ids])
    replace_batch(store, Batch("made-0000", "made", tuple(Entry(v, v, f"/far/{v}.mp4") for v in ids)))
    keys = {"asset": "scene_clips", "partition": "made-0000"}
    rejects = [Reject("clip", f"{v}.000000-000009", "x", Reason.STILL, f"of {v}") for v in ids]
    write_partition(store, REJECTS, keys, REJECTS.from_rows([reject.row() for reject in rejects]))
    write_failure(store, "tracks", "made-0000", "bird.v2 is too long")
    forget(store, ["bird"])
    clips = read_partition(store, CLIPS, {"batch": "made-0000"}).column("video_id").to_pylist()
    assert clips == ["bird.v2", "birds"]
    assert [row["detail"] for row in read_partition(store, REJECTS, keys).to_pylist()] == ["of bird.v2", "of birds"]
    assert store.exists("failures/tracks/made-0000.json")


def test_a_data_set_made_by_hand_is_named_and_not_touched(store: Objects, tmp_path: Path) -> None:
    file = make_video(tmp_path / "zebrafinch.mp4", 12)
    register(store, [str(file)], "zoo")
    made(store)
    ds = rushes.empty(f"{store.root}/datasets/mine")
    ds.create_tensor("videos", htype="video")
    ds.videos.append(rushes.read(str(file)))
    before = {name: data for name, data in snapshot(store).items() if name.startswith("datasets/")}
    account = forget(store, ["zebrafinch"])
    assert account.left == ("datasets/mine was made by hand and holds it: make it again without",)
    assert {name: data for name, data in snapshot(store).items() if name.startswith("datasets/")} == before


def test_what_else_lies_among_the_data_sets_is_not_touched(store: Objects, tmp_path: Path) -> None:
    file = make_video(tmp_path / "quokka.mp4", 12)
    register(store, [str(file)], "zoo")
    made(store)
    rushes.empty(f"{store.root}/datasets/team/ours/mine")
    store.write("datasets/team/readme.txt", b"ours")
    before = {name: data for name, data in snapshot(store).items() if name.startswith("datasets/")}
    forget(store, ["quokka"])
    assert {name: data for name, data in snapshot(store).items() if name.startswith("datasets/")} == before
