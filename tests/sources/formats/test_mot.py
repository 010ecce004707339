"""MOT Challenge comes in: every line of ground truth and detections is a row, or a reject that says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from picture_trees import filmed, given, pictured, write_mot, write_pictures

from rushes.errors import SettingsError
from rushes.packaging import mot as writer
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard
from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.sources.formats.mot import CLASSES, FORMAT
from rushes.sources.source import Slice, Source
from rushes.video.images import probe_images

TEN = pictured(range(1, 11))


def annotated(text: str, footage: Footage = TEN, annotation: str = "mot") -> Annotated:
    """What becomes of a file's text, by way of its lines."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1)]
    assert FORMAT.annotations
    return FORMAT.annotations(Slice(annotation, "gt.txt", lines), footage)


def boxes(text: str, **about: Any) -> list[dict[str, Any]]:
    done = annotated(text, **about)
    assert done.rejects == ()
    rows: list[dict[str, Any]] = done.boxes.to_pylist()
    return rows


def rejects(text: str, **about: Any) -> list[tuple[str, str]]:
    return [(reject.reason.value, reject.detail) for reject in annotated(text, **about).rejects]


def sources(path: Path) -> list[Source]:
    found = list(FORMAT.sources(given(path)))
    assert all(isinstance(one, Source) for one in found)
    return [one for one in found if isinstance(one, Source)]


# ── finding sequences ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "MOT16"
    write_mot(
        top / "train" / "MOT16-02", range(1, 4), truth="1,1,1,1,9,9,1,1,1\n\n", found="1,-1,1,1,9,9,0.5,-1,-1,-1\n"
    )
    write_mot(top / "train" / "MOT16-10", range(1, 4), truth="", found=None)
    write_mot(top / "test" / "MOT16-01", range(1, 4), truth=None, found="2,-1,1,1,9,9,0.5\n")
    return top


def test_a_root_gives_each_sequence_with_its_lines(root: Path) -> None:
    assert FORMAT.recognises(root)
    found = {one.video_id: one for one in sources(root)}
    assert list(found) == ["test-MOT16-01", "train-MOT16-02", "train-MOT16-10"]
    two = found["train-MOT16-02"]
    assert two.uri == str(root / "train/MOT16-02")
    assert two.slices == [
        Slice("mot", str(root / "train/MOT16-02/gt/gt.txt"), [(1, "1,1,1,1,9,9,1,1,1")]),
        Slice("mot-det", str(root / "train/MOT16-02/det/det.txt"), [(1, "1,-1,1,1,9,9,0.5,-1,-1,-1")]),
    ]
    assert [(s.annotation, len(s.lines)) for s in found["train-MOT16-10"].slices] == [("mot", 0)]
    assert [(s.annotation, len(s.lines)) for s in found["test-MOT16-01"].slices] == [("mot-det", 1)]


def test_a_split_or_one_sequence_can_be_given(root: Path) -> None:
    split, one = root / "train", root / "train" / "MOT16-02"
    assert FORMAT.recognises(split)
    assert FORMAT.recognises(one)
    assert [s.video_id for s in sources(split)] == ["MOT16-02", "MOT16-10"]
    assert [(s.video_id, s.uri) for s in sources(one)] == [("MOT16-02", str(one))]


def test_folders_that_differ_after_a_dot_have_ids_that_differ(tmp_path: Path) -> None:
    for name in ("walk.1", "walk.2"):
        write_mot(tmp_path / name, [1])
    assert [one.video_id for one in sources(tmp_path)] == ["walk.1", "walk.2"]


def test_a_sequence_without_seqinfo_is_one_by_its_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path / "old" / "img1", [1, 2])
    (tmp_path / "old" / "gt").mkdir()
    (tmp_path / "old" / "gt" / "gt.txt").write_text("1,1,1,1,9,9,1,-1,-1,-1\n")
    [source] = sources(tmp_path)
    assert (source.video_id, source.uri) == ("old", str(tmp_path / "old/img1"))
    assert [s.annotation for s in source.slices] == ["mot"]


def test_a_sequence_without_pictures_is_a_source_whose_reject_will_tell(tmp_path: Path) -> None:
    folder = write_mot(tmp_path / "labels", [1])
    (folder / "img1" / "000001.jpg").unlink()
    (folder / "img1").rmdir()
    assert [one.uri for one in sources(tmp_path)] == [str(folder)]


def test_a_tree_with_videos_in_it_is_no_root_of_mot(root: Path) -> None:
    (root / "film.mp4").write_bytes(b"x")
    assert not FORMAT.recognises(root)


def test_told_of_mot_where_there_is_none_it_says_what_is_looked_for(tmp_path: Path) -> None:
    assert not FORMAT.recognises(tmp_path)
    with pytest.raises(SettingsError, match="no MOT sequence in it: folders with img1"):
        list(FORMAT.sources(given(tmp_path)))


def test_line_breaks_and_byte_order_marks_of_other_systems_are_taken_off(tmp_path: Path) -> None:
    write_mot(tmp_path / "one", range(1, 4), truth="\ufeff1,1,1,1,9,9,1,1,1\r\n\r\n2,1,1,1,9,9,1,1,1\r\n")
    [source] = sources(tmp_path)
    assert source.slices[0].lines == [(1, "1,1,1,1,9,9,1,1,1"), (3, "2,1,1,1,9,9,1,1,1")]


# ── ground truth ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_of_ground_truth_says_all_of_a_box_counted_from_0() -> None:
    [row] = boxes("3,17,912.5,484,97,109,0,7,0.25")
    assert {name: row[name] for name in ("frame", "object_id", "class_id", "class_name", "x", "y", "w", "h")} == {
        "frame": 2, "object_id": "17", "class_id": 7, "class_name": "static_person", "x": 911.5, "y": 483, "w": 97,
        "h": 109,
    }  # fmt: skip
    others = {name: row[name] for name in ("considered", "visibility", "score", "flags", "attributes", "line")}
    assert others == {
        "considered": False, "visibility": 0.25, "score": None, "flags": ["distractor"], "attributes": None, "line": 1,
    }  # fmt: skip


def test_frames_are_numbers_and_not_texts_in_whatever_order_they_come() -> None:
    rows = boxes("10,1,1,1,9,9,1,1,1\n2,1,1,1,9,9,1,1,1\n1,1,1,1,9,9,1,1,1\n9,1,1,1,9,9,1,1,1")
    assert [row["frame"] for row in rows] == [9, 1, 0, 8]


def test_every_class_has_its_name_and_those_not_counted_are_marked_and_kept() -> None:
    rows = boxes("\n".join(f"1,{n},1,1,9,9,1,{n},1" for n in [*CLASSES, 99]))
    assert [row["class_name"] for row in rows] == [*CLASSES.values(), None]
    marked = {row["class_id"]: flag for row in rows for flag in row["flags"]}
    assert marked == dict.fromkeys([2, 7, 8, 12], "distractor") | dict.fromkeys([9, 10, 11], "occluder") | {13: "crowd"}


def test_in_mot15_all_are_pedestrians_and_places_in_the_world_are_kept() -> None:
    plain, placed = boxes("1,1,17,150,77,191,1,-1,-1,-1\n1,2,17,150,77,191,0,-8.5,-14,1.25")
    assert (plain["class_id"], plain["class_name"], plain["visibility"]) == (1, "pedestrian", None)
    assert plain["attributes"] is None
    assert (placed["considered"], json.loads(placed["attributes"])) == (False, {"world": [-8.5, -14, 1.25]})


@pytest.mark.parametrize(
    "line",
    [
        "1,2,11.0,21,30,40,1,1,1", " 1 , 2 ,11, 21,30,40 ,1,1,1 ", "1,2,1.1e1,2.1E+1,30,40,1,1,1,",
        "01,+2,11.,21,30,40,1,1,1", "1.0,2.0,11,21,30,40,1.0,1.0,1.0\r", "1,2,11,21,30,40,1,1,1,,,",
    ],
)  # fmt: skip
def test_numbers_may_be_written_in_any_way(line: str) -> None:
    [row] = boxes(line)
    assert (row["frame"], row["object_id"], row["x"], row["y"], row["class_id"]) == (0, "2", 10, 20, 1)


def test_blank_lines_are_nothing() -> None:
    assert boxes("\n  \n\t\n") == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,2,3", "3 columns, not 6 to 10"),
        ("1,2,3,4,5,6,7,8,9,10,11", "11 columns, not 6 to 10"),
        ("one,1,1,1,9,9,1,1,1", "frame is 'one', which is no number"),
        ("1,1,nan,1,9,9,1,1,1", "left is 'nan', which is no number"),
        ("1,1,1,,9,9,1,1,1", "top is '', which is no number"),
        ("1.5,1,1,1,9,9,1,1,1", "frame is 1.5"),
        ("1,1.5,1,1,9,9,1,1,1", "id is 1.5"),
        ("1,1,1,1,9,9,1,1e30,1", "class is 1e+30"),
        ("1e300,1,1,1,9,9,1,1,1", "frame is 1e+300"),
        ("1_0,1,1,1,9,9,1,1,1", "frame is '1_0', which is no number"),
        ("hello", "1 columns"),
        (",,,", "0 columns"),
    ],
)
def test_a_line_that_is_none_is_a_reject(line: str, why: str) -> None:
    [(reason, detail)] = rejects(f"1,7,1,1,9,9,1,1,1\n{line}")
    assert reason == "bad_line"
    assert detail.startswith("line 2: ")
    assert why in detail


def test_a_box_past_the_last_frame_is_a_reject() -> None:
    assert [reason for reason, _ in rejects("11,1,1,1,9,9,1,1,1\n0,1,1,1,9,9,1,1,1\n-3,1,1,1,9,9,1,1,1")] == [
        "outside_video"
    ] * 3
    assert "a box at frame 11: the video has 10 frames" in rejects("11,1,1,1,9,9,1,1,1")[0][1]


def test_a_box_in_a_frame_whose_picture_is_missing_is_a_reject() -> None:
    few = pictured([2, 3, 5])
    done = annotated("1,1,1,1,9,9,1,1,1\n4,1,1,1,9,9,1,1,1\n5,1,1,1,9,9,1,1,1\n6,1,1,1,9,9,1,1,1", footage=few)
    assert [reject.reason.value for reject in done.rejects] == ["no_image", "no_image", "outside_video"]
    assert done.boxes["frame"].to_pylist() == [2]


def test_a_box_with_a_negative_side_is_a_reject_and_one_without_area_is_none() -> None:
    done = annotated("1,1,1,1,-9,9,1,1,1\n2,1,1,1,0,0,1,1,1")
    assert [(r.reason.value, r.item_id) for r in done.rejects] == [("bad_box", "walk.mot.1.1")]
    assert done.boxes["w"].to_pylist() == [0]


def test_a_second_box_of_an_object_in_a_frame_is_a_reject_that_names_the_first() -> None:
    text = "1,5,1,1,9,9,1,1,1\n1,6,1,1,9,9,1,1,1\n2,5,1,1,9,9,1,1,1\n1,5,2,2,9,9,1,1,1"
    assert rejects(text) == [("id_conflict", "line 4: object 5 is in frame 1 already, by line 1")]
    assert annotated(text).boxes.num_rows == 3


def test_the_whole_video_is_known_so_that_frames_without_boxes_have_none() -> None:
    for text in ("3,1,1,1,9,9,1,1,1", ""):
        [segment] = annotated(text).segments.to_pylist()
        assert (segment["kind"], segment["start_frame"], segment["end_frame"]) == ("annotated", 0, 10)
        assert (segment["start_s"], segment["end_s"]) == (0, TEN.end_s)


def test_in_a_video_file_frames_count_from_1() -> None:
    done = annotated("1,1,1,1,9,9,1,1,1\n10,1,1,1,9,9,1,1,1\n11,1,1,1,9,9,1,1,1", footage=filmed(10))
    assert done.boxes["frame"].to_pylist() == [0, 9]
    assert [reject.reason.value for reject in done.rejects] == ["outside_video"]


# ── detections ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_detections_are_persons_with_a_score_and_of_no_object() -> None:
    text = "1,-1,11,21,30,40,-0.75,-1,-1,-1\n1,-1,11,21,30,40,72.5,-1,-1,-1\n2,4,11,21,30,40,1,3,2,1"
    one, two, tracked = boxes(text, annotation="mot-det")
    assert [row["score"] for row in (one, two, tracked)] == [-0.75, 72.5, 1]
    assert [row["object_id"] for row in (one, two, tracked)] == [None, None, "4"]
    assert {row["class_name"] for row in (one, two, tracked)} == {"pedestrian"}
    assert all(row["considered"] and row["annotation"] == "mot-det" for row in (one, two, tracked))
    assert json.loads(tracked["attributes"]) == {"world": [3, 2, 1]}


def test_detections_do_not_say_that_nothing_else_is_there() -> None:
    assert annotated("1,-1,11,21,30,40,1", annotation="mot-det").segments.num_rows == 0


# ── everything comes in, and nothing else ────────────────────────────────────────────────────────────────────────────

_NUMBERS = st.one_of(
    st.integers(-3, 14).map(str), st.floats().map(str), st.text(max_size=4), st.sampled_from(["", " 1 ", "1e400", "٣"])
)
_LINES = st.one_of(st.text(), st.lists(_NUMBERS, min_size=5, max_size=11).map(",".join))


@settings(deadline=None)
@drawn(st.lists(_LINES), st.sampled_from(["mot", "mot-det"]))
def test_every_line_is_exactly_one_row_or_one_reject(texts: list[str], annotation: str) -> None:
    assert FORMAT.annotations
    lines = [(number, text.replace("\n", " ")) for number, text in enumerate(texts, start=1)]
    done = FORMAT.annotations(Slice(annotation, "gt.txt", lines), TEN)
    named = [int(reject.item_id.split(".")[2]) for reject in done.rejects]
    assert sorted([*done.boxes["line"].to_pylist(), *named]) == [number for number, text in lines if text.strip()]


_SIDES = st.floats(2**-9, 4000, width=32)
_PLACES = st.floats(-500, 4000, width=32)
_CLASSES = ("pedestrian", "bicycle", "car", "distractor")
_BOXES = st.tuples(
    st.tuples(_PLACES, _PLACES, _SIDES, _SIDES), st.sampled_from(_CLASSES), st.booleans(), st.floats(0, 1, width=32)
)
Put = dict[int, tuple[tuple[float, float, float, float], str, bool, float]]


def packed(frames: list[Put]) -> PackedSequence:
    """A sequence to be written, of objects (box, class, considered, visibility) by number."""
    boxes = [
        FrameBoxes(
            boxes=np.array([box for box, *_ in objects.values()], np.float32).reshape(-1, 4),
            track_numbers=np.array(list(objects), np.uint32),
            class_ids=np.array([_CLASSES.index(name) for _, name, _, _ in objects.values()], np.int32),
            scores=np.ones(len(objects), np.float32),
            generated=np.zeros(len(objects), bool),
            annotated=np.ones(len(objects), bool),
            considered=np.array([considered for *_, considered, _ in objects.values()], bool),
            visibility=np.array([visibility for *_, visibility in objects.values()], np.float32),
        )
        for objects in frames
    ]
    count = len(frames)
    return PackedSequence(
        sequence_id="one", video_id="walk", clip_id="clip", track_id=None, split="train", media_id="ab",
        source_uri="walk.mp4", width=64, height=48, frame_rate=25.0, frames=np.arange(count, dtype=np.int32),
        times_s=np.arange(count) / 25, start_s=0.0, end_s=count / 25, jpegs=(b"jpeg",) * count, boxes=tuple(boxes),
        annotated=np.ones(count, bool), embedding=None, label=None,
    )  # fmt: skip


@settings(deadline=None)
@drawn(st.lists(st.dictionaries(st.integers(1, 2**31), _BOXES, max_size=4), min_size=1, max_size=12))
def test_what_we_write_as_mot_comes_back_within_a_thousandth(frames: list[Put]) -> None:
    files = {file.path: file for file in writer.shard_files([packed(frames)], Shard("d", "train", 0, 1), _CLASSES)}
    text = files["train/one/gt/gt.txt"].data.decode().rstrip("\n")
    rows = boxes(text, footage=pictured(range(1, len(frames) + 1)))
    found = {(row["frame"], int(row["object_id"])): row for row in rows}
    put = {(frame, number): box for frame, objects in enumerate(frames) for number, box in objects.items()}
    assert found.keys() == put.keys()
    for key, (ltwh, name, considered, visibility) in put.items():
        assert [found[key][side] for side in "xywh"] == pytest.approx(ltwh, abs=1e-3)
        assert (found[key]["class_name"], found[key]["considered"]) == (name, considered)
        assert found[key]["visibility"] == pytest.approx(visibility, abs=1e-3)


def test_a_sequence_on_disk_comes_in_frame_by_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    want = {
        (frame, number): rng.uniform(1, 40, 4).round(2)
        for frame in range(1, 13)
        for number in range(1, 4)
        if frame not in (3, 11) and (frame + number) % 4
    }
    lines = [f"{f},{n},{','.join(map(str, box))},1,1,1" for (f, n), box in want.items()]
    rng.shuffle(lines)
    folder = write_mot(tmp_path / "MOT16-02", range(1, 13), truth="\n".join(lines))
    [source] = sources(folder)
    footage = Footage.of(source.video_id, probe_images(source.uri))
    assert FORMAT.annotations
    done = FORMAT.annotations(source.slices[0], footage)
    assert done.rejects == ()
    found = {
        (row["frame"] + 1, int(row["object_id"])): (row["x"] + 1, row["y"] + 1, row["w"], row["h"])
        for row in done.boxes.to_pylist()
    }
    assert found.keys() == want.keys()
    for key, box in want.items():
        assert found[key] == pytest.approx(tuple(box), abs=1e-9)
