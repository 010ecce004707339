"""Annotated tracks: each object's boxes in each kept clip, where they were given, as they were given."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import Row, filtered_row, packet_rows, video_row
from tasks import ingested
from videos import make_video

from rushes.errors import ModelError
from rushes.packaging.packed import Shard
from rushes.settings import Settings, Tracking
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.steps import STEPS
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.store.schemas import FILTERED_CLIPS, PACKETS, TABLES, TRACK_BOXES, TRACKS, VIDEOS
from rushes.store.validation import problems
from rushes.tracking.track import TrackVideo
from rushes.work.step import Task

FRAMES = 100
CLIP, LATER = filtered_row("v", 0, 40), filtered_row("v", 40, 80)
DROPPED = filtered_row("v", 80, 100, kept=False, reason="blurred")
FOOTAGE = Footage("v", 640, 360, np.arange(FRAMES) / 25, FRAMES / 25)


def annotations(name: str = "mot") -> Rows:
    return Rows(name, FOOTAGE)


def task(*given: Annotated, clips: Sequence[Row] = (CLIP, LATER, DROPPED)) -> Task:
    """Return a video's turn. There are no bytes of it anywhere: nothing but tables can be read."""
    tables = {
        "videos": VIDEOS.from_rows([video_row("v", FRAMES)]),
        "packets": PACKETS.from_rows(packet_rows("v", range(FRAMES))),
        "filtered_clips": FILTERED_CLIPS.from_rows(clips),
        "annotation_boxes": pa.concat_tables([TABLES["annotation_boxes"].empty(), *(a.boxes for a in given)]),
        "annotation_segments": pa.concat_tables([TABLES["annotation_segments"].empty(), *(a.segments for a in given)]),
    }
    return Task(Objects("/nowhere"), Entry("v", "v", "/nowhere/v.mp4"), "made", tables)


def tracked(
    *given: Annotated, clips: Sequence[Row] = (CLIP, LATER, DROPPED), **settings: Any
) -> tuple[list[Row], list[Row]]:
    """Return the rows of both tables. The model is none that could be loaded: the detector is not asked for."""
    outcome = TrackVideo(Tracking(model="/nowhere/model.onnx", **settings))(task(*given, clips=clips))
    tracks, boxes = outcome.rows["tracks"], outcome.rows["track_boxes"]
    assert isinstance(tracks, list)
    assert isinstance(boxes, list)
    assert problems("tracks", TRACKS.from_rows(tracks)) == []
    assert problems("track_boxes", TRACK_BOXES.from_rows(boxes)) == []
    return tracks, boxes


def test_an_objects_boxes_become_a_track_of_the_clip_they_are_in() -> None:
    rows = annotations()
    for frame in (5, 3, 4):
        rows.box(frame, frame, (10.5 * frame, 2, 64, 36), object_id="7", class_id=1, class_name="pedestrian")
    [track], boxes = tracked(rows.done())
    keys = {"track_id": "v.000000-000040.mot.7", "video_id": "v", "clip_id": CLIP["clip_id"]}
    assert track == {
        **keys,
        "class_id": 1,
        "class_name": "pedestrian",
        "vocabulary": "mot",
        "n_boxes": 3,
        "start_frame": 3,
        "end_frame": 6,
        "start_s": pytest.approx(0.12),
        "end_s": pytest.approx(0.24),
        "mean_score": 1.0,
        "mean_area": pytest.approx(0.01),
        "top10_class_ids": [1],
        "top10_class_names": ["pedestrian"],
        "top10_mean": [1.0],
        "top10_std": [0.0],
        "origin": "annotated",
        "object_id": "7",
        "considered": True,
        "complete": False,
        "kept": True,
        "reason": None,
    }
    assert boxes == [
        {
            **keys,
            "frame": frame,
            "t_s": pytest.approx(frame / 25),
            "x": 10.5 * frame,
            "y": 2.0,
            "w": 64.0,
            "h": 36.0,
            "score": 1.0,
            "class_id": 1,
            "considered": True,
            "visibility": None,
        }
        for frame in (3, 4, 5)
    ]


sightings = st.lists(
    st.tuples(
        st.sampled_from(["mot", "table"]), st.sampled_from(["1", "2", "a.b", None]), st.integers(0, FRAMES - 1)
    ),
    max_size=60,
)  # fmt: skip


@settings(deadline=None)
@given(sightings)
def test_every_box_with_a_name_is_in_one_track_of_each_kept_clip_that_has_its_frame(found: list[Any]) -> None:
    sets = {name: annotations(name) for name in ("mot", "table")}
    for line, (name, object_id, frame) in enumerate(found, 1):
        sets[name].box(line, frame, (line, 1, 2, 3), object_id=object_id, class_name="car")
    overlapping = (CLIP, LATER, filtered_row("v", 20, 60), DROPPED)
    tracks, boxes = tracked(*(rows.done() for rows in sets.values()), clips=overlapping, origin="annotated")
    expected = {
        (clip["clip_id"], name, object_id, frame)
        for name, object_id, frame in found
        for clip in overlapping
        if object_id is not None and clip["kept"] and clip["start_frame"] <= frame < clip["end_frame"]
    }
    known = {track["track_id"]: (track["clip_id"], track["vocabulary"], track["object_id"]) for track in tracks}
    assert len(known) == len(tracks) == len({key[:3] for key in expected})
    assert sorted((*known[box["track_id"]], box["frame"]) for box in boxes) == sorted(expected)
    for track in tracks:
        own = [box["frame"] for box in boxes if box["track_id"] == track["track_id"]]
        assert own == sorted(own)
        assert (track["n_boxes"], track["start_frame"], track["end_frame"]) == (len(own), own[0], own[-1] + 1)


def test_detections_without_names_never_become_tracks() -> None:
    rows = annotations("mot-det")
    rows.box(1, 3, (0, 0, 9, 9), class_id=1, score=0.9)
    assert tracked(rows.done(), origin="annotated") == ([], [])
    with pytest.raises(ModelError):
        tracked(rows.done(), origin="auto")


def test_what_was_said_of_an_object_in_one_frame_is_one_box_with_the_labels_ranked() -> None:
    rows = annotations("ava")
    for frame, actions in ((0, (12, 80)), (25, (12,)), (30, (80, 12, 3)), (35, (80, 12))):
        for action in actions:
            rows.box(frame + 1, frame, (1, 2, 3, 4), object_id="p", class_id=action, class_name=f"action {action}")
    [track], boxes = tracked(rows.done())
    assert [box["frame"] for box in boxes] == [0, 25, 30, 35]
    assert (track["class_id"], track["class_name"]) == (12, "action 12")
    assert track["top10_class_ids"] == [12, 80, 3]
    assert track["top10_mean"] == pytest.approx([1, 0.75, 0.25])
    assert track["top10_std"] == pytest.approx([0, math.sqrt(0.1875), math.sqrt(0.1875)])
    assert [box["class_id"] for box in boxes] == [12, 12, 12, 12]


def test_a_class_may_have_a_name_alone_a_number_alone_or_neither() -> None:
    rows = annotations()
    rows.box(1, 1, (1, 2, 3, 4), object_id="named", class_name="zebra")
    rows.box(2, 1, (1, 2, 3, 4), object_id="numbered", class_id=14)
    rows.box(3, 1, (1, 2, 3, 4), object_id="neither", class_id=-1)
    tracks, boxes = tracked(rows.done())
    classes = {track["object_id"]: (track["class_id"], track["class_name"]) for track in tracks}
    assert classes == {"named": (None, "zebra"), "numbered": (14, "class 14"), "neither": (None, "object")}
    assert {box["class_id"] for box in boxes} == {None, 14}


def test_a_label_of_the_whole_track_counts_where_its_boxes_have_none() -> None:
    rows = annotations()
    rows.segment(1, "track", 0, 1, segment_id="t", class_id=5, label="boat")
    rows.box(1, 1, (1, 2, 3, 4), object_id="t")
    [track], _ = tracked(rows.done())
    assert (track["class_id"], track["class_name"], track["top10_mean"]) == (5, "boat", [1.0])


@pytest.mark.parametrize(
    ("score", "kept"), [(None, 1.0), (0.25, 0.25), (-3.5, 0.0), (17.0, 1.0), (math.nan, 1.0), (math.inf, 1.0)]
)
def test_scores_are_shares_whatever_was_given(score: float | None, kept: float) -> None:
    rows = annotations()
    rows.box(1, 1, (1, 2, 3, 4), object_id="t", score=score)
    [track], [box] = tracked(rows.done())
    assert (track["mean_score"], box["score"]) == (kept, kept)


def test_tracks_that_are_not_kept_are_marked_and_told_and_keep_their_boxes() -> None:
    rows = annotations()
    for frame in range(30):
        rows.box(frame + 1, frame, (0, 0, 320, 180), object_id="large")
        rows.box(frame + 40, frame, (0, 0, 64, 36), object_id="small")
    keeping = Tracking(model="/nowhere/model.onnx", keep={"min_duration_s": 1, "min_area": 0.1})
    outcome = TrackVideo(keeping)(task(rows.done()))
    tracks = TRACKS.from_rows(outcome.rows["tracks"])
    assert problems("tracks", tracks) == []
    told = tracks.select(["object_id", "kept", "reason"]).to_pylist()
    assert [tuple(row.values()) for row in told] == [("large", True, None), ("small", False, "too_small")]
    assert [(reject.item_id, reject.reason) for reject in outcome.rejects] == [
        (tracks["track_id"][1].as_py(), Reason.TOO_SMALL)
    ]
    assert len(outcome.rows["track_boxes"]) == 60


def test_distractors_and_boxes_not_considered_stay_and_are_marked() -> None:
    rows = annotations()
    for frame in range(4):
        rows.box(
            frame + 1, frame, (1, 2, 3, 4), object_id="1", considered=frame == 0, visibility=0.5, flags=["distractor"]
        )
        rows.box(frame + 9, frame, (1, 2, 3, 4), object_id="2", considered=frame > 0, visibility=math.nan)
    tracks, boxes = tracked(rows.done())
    assert [(track["object_id"], track["considered"]) for track in tracks] == [("1", False), ("2", True)]
    assert [box["considered"] for box in boxes] == [True, False, False, False, False, True, True, True]
    assert [box["visibility"] for box in boxes] == [0.5] * 4 + [None] * 4


def test_a_box_without_area_says_that_the_object_is_not_to_be_seen() -> None:
    rows = annotations()
    for frame, size in enumerate((5, 0, 5)):
        rows.box(frame + 1, frame, (0, 0, size, size), object_id="1", flags=() if size else ("out_of_view",))
    _, boxes = tracked(rows.done())
    assert [box["frame"] for box in boxes] == [0, 2]


def test_a_box_that_no_table_could_hold_is_a_reject_and_not_a_track() -> None:
    rows = annotations()
    rows.box(1, 1, (1e30, 0, 5, 5), object_id="far")
    rows.box(2, 1, (-1e6, 0, 5, 5), object_id="outside")
    given = rows.done()
    assert [reject.reason for reject in given.rejects] == [Reason.BAD_BOX]
    [track], _ = tracked(given)
    assert (track["object_id"], track["mean_area"]) == ("outside", 0.0)


@pytest.mark.parametrize(
    ("stretches", "complete"),
    [
        ([("mot", 0, 100)], True),
        ([("mot", 10, 21)], True),
        ([("mot", 15, 30), ("mot", 0, 15)], True),
        ([("mot", 0, 15), ("mot", 16, 30)], False),
        ([("mot", 11, 30)], False),
        ([("mot", 0, 20)], False),
        ([("other", 0, 100)], False),
        ([], False),
    ],
)
def test_a_track_is_complete_where_all_boxes_of_its_time_were_given(stretches: list[Any], complete: bool) -> None:
    sets = {name: annotations(name) for name in ("mot", "other")}
    for line, (name, start, end) in enumerate(stretches, 1):
        sets[name].segment(line, "annotated", start / 25, end / 25)
    for frame in (10, 20):
        sets["mot"].box(frame, frame, (1, 2, 3, 4), object_id="1")
    [track], _ = tracked(*(rows.done() for rows in sets.values()))
    assert track["complete"] is complete


TOLD = {
    "2024": (
        {"top10_lbl": [9, 4], "top10_desc": ["cat", "dog"], "top10_cls": [[0.5, 0.25], [0.125, 0.5]]},
        [0.5, 0.25],
        [0.125, 0.5],
    ),
    "logits": (
        {"top10_lbl": [9, 4], "top10_desc": ["cat", "dog"], "top10_logit_mu": [3.5, -2.0], "top10_logit_std": [1, 2]},
        [3.5, -2.0],
        [1.0, 2.0],
    ),
    "released": ({"top10_label_ids": [9, 4], "top10_label_names": ["cat", "dog"]}, [], []),
}  # fmt: skip


@pytest.mark.parametrize("schema", TOLD)
def test_classes_told_of_a_whole_track_are_taken_as_they_were_told(schema: str) -> None:
    attributes, means, stds = TOLD[schema]
    rows = annotations("trackverse")
    rows.segment(1, "track", 0, 1, segment_id="t", label="cat", attributes={**attributes, "video_size": [360, 640]})
    rows.box(1, 1, (1, 2, 3, 4), object_id="t", class_id=4, class_name="dog", score=0.5)
    rows.box(1, 2, (1, 2, 3, 4), object_id="t", class_id=77, class_name="fox", score=1.0)
    [track], boxes = tracked(rows.done())
    assert (track["class_id"], track["class_name"], track["vocabulary"]) == (9, "cat", "trackverse")
    assert (track["top10_class_ids"], track["top10_class_names"]) == ([9, 4], ["cat", "dog"])
    assert (track["top10_mean"], track["top10_std"], track["mean_score"]) == (means, stds, 0.75)
    assert [box["class_id"] for box in boxes] == [4, 77]


@pytest.mark.parametrize(
    "broken",
    [
        {"top10_lbl": [9], "top10_desc": ["cat", "dog"]},
        {"top10_lbl": "9", "top10_desc": "cat"},
        {"top10_lbl": [], "top10_desc": []},
        {"top10_lbl": [9]},
        {"top10_lbl": [None], "top10_desc": [""]},
        {"unrelated": 1},
        None,
    ],
)
def test_a_broken_list_of_classes_leaves_those_of_the_boxes(broken: dict[str, Any] | None) -> None:
    rows = annotations("trackverse")
    rows.segment(1, "track", 0, 1, segment_id="t", attributes=broken)
    rows.box(1, 1, (1, 2, 3, 4), object_id="t", class_id=4, class_name="dog")
    [track], _ = tracked(rows.done())
    assert (track["top10_class_ids"], track["top10_mean"]) == ([4], [1.0])


@pytest.mark.parametrize(
    "scores",
    [[[1.0], [2.0]], [[1.0, 2.0]], "12", [[1.0, "x"], [1, 2]], [[1.0, 1e300], [1, 2]], [[1.0, 10**400], [1, 2]]],
)
def test_scores_that_do_not_fit_their_classes_are_left_out(scores: Any) -> None:
    attributes = json.loads(json.dumps({"top10_lbl": [9, 4], "top10_desc": ["cat", "dog"], "top10_cls": scores}))
    rows = annotations("trackverse")
    rows.segment(1, "track", 0, 1, segment_id="t", attributes=attributes)
    rows.box(1, 1, (1, 2, 3, 4), object_id="t")
    [track], _ = tracked(rows.done())
    assert (track["top10_class_ids"], track["top10_mean"], track["top10_std"]) == ([9, 4], [], [])


@settings(deadline=None)
@given(st.lists(st.text(max_size=90), min_size=2, max_size=12, unique=True))
def test_any_names_give_ids_that_differ_and_can_name_files(names: list[str]) -> None:
    rows = annotations()
    for line, name in enumerate(names, 1):
        rows.box(line, 1, (1, 2, 3, 4), object_id=name)
    tracks, _ = tracked(rows.done())
    assert Counter(track["object_id"] for track in tracks) == Counter(names)
    assert len({track["track_id"] for track in tracks}) == len(names)
    for track in tracks:
        name = track["track_id"].removeprefix("v.000000-000040.mot.")
        assert "." not in name
        assert 0 < len(name) <= 64
        Shard(track["track_id"], "train", 0, 1)  # raises for what no file may be called


def test_plain_names_are_kept_as_they_are() -> None:
    rows = annotations()
    for line, name in enumerate(("12", "car_3-b", "A"), 1):
        rows.box(line, 1, (1, 2, 3, 4), object_id=name)
    tracks, _ = tracked(rows.done())
    assert [track["track_id"].rpartition(".")[2] for track in tracks] == ["12", "A", "car_3-b"]


def test_without_a_detector_tracking_needs_no_model() -> None:
    step, settings = STEPS["tracks"], Settings()
    assert step.models(settings) == ["yolo11n"]
    annotated = settings.model_copy(update={"tracking": Tracking(origin="annotated", fps=3)})
    assert step.models(annotated) == []
    assert step.params(annotated) == {"origin": "annotated", "keep": {"min_duration_s": 0.0, "min_area": 0.0}}


def test_detected_tracks_stand_in_for_missing_annotations_or_beside_them(store: Objects, bikes: Path) -> None:
    rows = Rows("mot", Footage("bikes", 640, 272, np.arange(250) / 25, 10.0))
    rows.box(1, 35, (1, 2, 30, 40), object_id="1", class_name="distractor")
    clips = FILTERED_CLIPS.from_rows([filtered_row("bikes", 30, 64)])
    plain = ingested(store, bikes, "bikes", {"filtered_clips": clips})
    given = Task(store, plain.entry, "made", {**plain.rows, "annotation_boxes": rows.done().boxes})

    def origins(task: Task, origin: Any) -> list[str]:
        outcome = TrackVideo(Tracking(origin=origin))(task)
        tracks, boxes = outcome.rows["tracks"], outcome.rows["track_boxes"]
        assert isinstance(tracks, list)
        assert problems("tracks", TRACKS.from_rows(tracks)) == []
        assert problems("track_boxes", TRACK_BOXES.from_rows(boxes)) == []
        return [track["origin"] for track in tracks]

    detected = origins(plain, "auto")
    assert set(detected) == {"detected"}
    assert origins(given, "auto") == ["annotated"]
    assert origins(given, "detected") == detected
    assert origins(given, "both") == ["annotated", *detected]
    assert origins(plain, "annotated") == []


def test_annotations_of_an_ingested_video_are_followed_without_decoding_it(store: Objects, tmp_path: Path) -> None:
    rows = Rows("mot", Footage("v", 64, 48, np.arange(30) / 25, 1.2))
    rows.box(1, 29, (1, 2, 3, 4), object_id="1")
    clips = FILTERED_CLIPS.from_rows([filtered_row("v", 0, 30)])
    path = make_video(tmp_path / "v.mp4", 30)
    brought = ingested(store, path, "v", {"filtered_clips": clips, "annotation_boxes": rows.done().boxes})
    store.delete(brought.video["media_uri"])
    [track] = TrackVideo(Tracking())(brought).rows["tracks"]
    assert (track["start_frame"], track["end_s"]) == (29, pytest.approx(1.2))
