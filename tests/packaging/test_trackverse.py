"""TrackVerse's files: what a line says, and that it comes back through our own reader."""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, found

from rushes.packaging.packed import File
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo
from rushes.packaging.trackverse import RELEASED, WITH_SCORES, distinct, mp4_name, overlap
from rushes.sources.footage import Footage
from rushes.sources.formats.trackverse_tracks import FORMAT
from rushes.store.rejects import Reason

ID = "Cmlo7hH5wZg"


def no_pictures():
    raise AssertionError("lines need no pictures")


def track_of(name="a", boxes=((10, 20, 30, 40), (11, 20, 30, 40), (12.3, 20, 30, 40)), start=1.0, rate=8, **changes):
    count = len(boxes)
    facts = {
        "track_id": name,
        "class_name": "cat",
        "frames": np.arange(count, dtype=np.int64) * 3,
        "times_s": start + np.arange(count) / rate,
        "boxes": np.array(boxes, np.float32),
        "scores": np.full(count, 0.9, np.float32),
        "class_ids": (15,) * (count - 1) + (16,),
        "class_names": ("cat",) * (count - 1) + ("dog",),
        "mean_score": 0.5,
        "top10_class_ids": (15, 16),
        "top10_class_names": ("cat", "dog"),
        "top10_mean": (0.5, 0.25),
        "top10_std": (0.1, 0.2),
    }
    return PackedTrack(**facts | changes)


def video_of(*tracks, video_id=ID, split="all", **changes):
    facts = {"width": 320, "height": 240, "fps": 25.0, "searched": ((0.0, 8.5),), "pictures": no_pictures}
    return PackedVideo(video_id=video_id, split=split, tracks=tracks, **facts | changes)


def files(form, video):
    return {made.path: made for made in form.video_files(video) if isinstance(made, File)}


def lines(form, video):
    [meta] = [file for path, file in files(form, video).items() if path.endswith("-meta.jsonl.gzip")]
    return [json.loads(line) for line in gzip.decompress(meta.data).splitlines()]


# What is written.


def test_a_video_has_a_file_of_lines_and_one_of_progress_in_the_folder_of_its_ids_begin():
    assert list(files(RELEASED, video_of(track_of()))) == [f"Cm/{ID}-meta.jsonl.gzip", f"Cm/{ID}-progress.json"]


def test_a_data_set_with_splits_has_a_folder_for_each():
    assert f"val/Cm/{ID}-meta.jsonl.gzip" in files(RELEASED, video_of(track_of(), split="val"))


@pytest.mark.parametrize(
    ("video_id", "name"),
    [(ID, ID), ("yt-hYBs0-_x5s", "-hYBs0-_x5s"), ("bikes", "bikes"), ("yt-walk", "yt-walk"), ("ytCmlo7hH5wZg",) * 2],
)
def test_a_video_goes_by_its_id_on_youtube_or_else_by_its_name(video_id, name):
    [line] = lines(RELEASED, video_of(track_of(), video_id=video_id))
    assert line["yid"] == name
    assert list(files(RELEASED, video_of(track_of(), video_id=video_id)))[1] == f"{name[:2]}/{name}-progress.json"


def test_the_published_schema_has_places_and_classes_and_no_scores():
    video = video_of(track_of())
    assert lines(RELEASED, video) == [
        {
            "track_id": "a",
            "track_ts": [1.0, 1.25],
            "frame_ts": [1.0, 1.125, 1.25],
            "frame_bboxes": [[10.0, 20.0, 30.0, 40.0], [11.0, 20.0, 30.0, 40.0], [12.3, 20.0, 30.0, 40.0]],
            "yid": ID,
            "track_mp4_filename": mp4_name(video, video.tracks[0]),
            "top10_label_ids": [15, 16],
            "top10_label_names": ["cat", "dog"],
        }
    ]


def test_the_trackers_schema_has_scores_and_each_frames_class():
    [line] = lines(WITH_SCORES, video_of(track_of(class_ids=(15, None, 16), class_names=("cat", None, "dog"))))
    assert line == {
        "track_id": "a",
        "video_size": [240, 320],
        "track_ts": [1.0, 1.25],
        "top10_lbl": [15, 16],
        "top10_desc": ["cat", "dog"],
        "top10_cls": [[0.5, 0.25], [0.1, 0.2]],
        "top10_wcls": [[0.25, 0.125], [0.05, 0.1]],
        "frame_ts": [1.0, 1.125, 1.25],
        "frame_bboxes": [[10.0, 20.0, 30.0, 40.0], [11.0, 20.0, 30.0, 40.0], [12.3, 20.0, 30.0, 40.0]],
        "frame_obj": [0.9] * 3,
        "frame_cls": [0.9] * 3,
        "frame_wcls": [0.9 * 0.9] * 3,
        "frame_lbl": [15, None, 16],
        "frame_desc": ["cat", None, "dog"],
    }


def test_a_track_whose_classes_nobody_scored_still_has_a_name():
    bare = {"top10_class_ids": (), "top10_class_names": (), "top10_mean": (), "top10_std": ()}
    [line] = lines(WITH_SCORES, video_of(track_of(**bare)))
    assert (line["top10_desc"], line["top10_cls"]) == (["cat"], [[], []])


def test_progress_tells_where_tracks_were_looked_for_and_how_many_the_file_has():
    video = video_of(track_of(), track_of("b", start=9.0), searched=((0.0, 8.5), (8.5, 20.0)))
    progress = json.loads(files(RELEASED, video)[f"Cm/{ID}-progress.json"].data)
    assert progress == {"segments_complete": [[0.0, 8.5], [8.5, 20.0]], "num_tracks": 2}


@pytest.mark.parametrize("form", [RELEASED, WITH_SCORES])
def test_the_same_tracks_give_the_same_bytes_without_a_time_in_them(form):
    once, again = (files(form, video_of(track_of())) for _ in range(2))
    assert once == again
    assert once[f"Cm/{ID}-meta.jsonl.gzip"].data[4:8] == bytes(4)
    assert once[f"Cm/{ID}-meta.jsonl.gzip"].rows == 1


def test_a_crop_is_named_by_id_label_and_trackverses_hash():
    told = f"{ID}-(1.0, 1.125)-((10.0, 20.0, 30.0, 40.0), (12.5, 20.0, 30.0, 40.0))"
    digest = hashlib.md5(told.encode()).hexdigest()
    track = track_of(boxes=((10, 20, 30, 40), (12.5, 20, 30, 40)), class_name="photo of a polar bear (also ice/bear)")
    assert mp4_name(video_of(track), track) == f"Cm/{ID}-polar-bear-{digest}.mp4"
    assert mp4_name(video_of(track), track_of(class_name="a/../b")).startswith(f"Cm/{ID}-a-..-b-")


# Tracks that repeat another.


def by_frames(a, b):
    """The overlap of two tracks sampled at the same times, counted frame by frame."""
    shared = whole = 0.0
    places = [dict(zip(t.times_s.tolist(), t.boxes.astype(float).tolist(), strict=True)) for t in (a, b)]
    for time in sorted({*places[0], *places[1]}):
        found = [place[time] for place in places if time in place]
        common = 0.0
        if len(found) == 2:
            (x, y, w, h), (u, v, p, q) = found
            common = max(0, min(x + w, u + p) - max(x, u)) * max(0, min(y + h, v + q) - max(y, v))
        shared += common
        whole += sum(w * h for _, _, w, h in found) - common
    return shared / whole


places = st.tuples(*[st.floats(0, 50, width=32)] * 2, *[st.floats(1, 50, width=32)] * 2)
paths = st.lists(places, min_size=1, max_size=6)


@given(paths, paths, st.integers(0, 6))
def test_overlap_is_the_shared_part_of_both_tracks_areas(first, second, later):
    a, b = track_of(boxes=first), track_of("b", boxes=second, start=1 + later / 8)
    assert overlap(a, b) == pytest.approx(by_frames(a, b), abs=1e-6)
    assert overlap(b, a) == pytest.approx(overlap(a, b), abs=1e-6)


def test_a_track_over_an_earlier_one_is_a_reject_that_names_it():
    same = track_of("b")
    kept, rejects = distinct([track_of("a"), same, track_of("c", boxes=((200, 20, 30, 40),) * 3)], "crops")
    assert [track.track_id for track in kept] == ["a", "c"]
    [reject] = rejects
    assert (reject.item_kind, reject.item_id, reject.reason) == ("track", "b", Reason.DUPLICATE)
    assert "overlaps a by 1.000" in reject.detail


def test_a_long_track_is_not_dropped_for_a_short_one_nor_one_for_a_dropped_one():
    box = (10, 20, 30, 40)
    short, long = track_of("a", boxes=(box,) * 4), track_of("b", boxes=(box,) * 40)
    assert [track.track_id for track in distinct([short, long], "crops")[0]] == ["a", "b"]
    chain = [track_of(name, boxes=((x, 0, 100, 100),) * 3) for name, x in (("a", 0), ("b", 4), ("c", 8))]
    assert [track.track_id for track in distinct(chain, "crops")[0]] == ["a", "c"]


def test_published_lines_leave_out_repeated_tracks_and_the_trackers_lines_have_them():
    video = video_of(track_of("a"), track_of("b"))
    assert [line["track_id"] for line in lines(RELEASED, video)] == ["a"]
    assert [made.item_id for made in RELEASED.video_files(video) if not isinstance(made, File)] == ["b"]
    assert [line["track_id"] for line in lines(WITH_SCORES, video)] == ["a", "b"]
    assert all(isinstance(made, File) for made in WITH_SCORES.video_files(video))


# And back.


@st.composite
def tracks(draw):
    """Tracks on some of the frames of ten seconds at 25 a second, apart from each other."""
    made = []
    for n in range(draw(st.integers(1, 3))):
        frames = sorted(draw(st.sets(st.integers(0, 249), min_size=1, max_size=8)))
        boxes = draw(st.lists(st.tuples(*[st.floats(1, 90, width=32)] * 4), min_size=len(frames), max_size=len(frames)))
        ids = draw(st.lists(st.integers(0, 1202), min_size=len(frames), max_size=len(frames)))
        scores = draw(st.lists(st.floats(0, 1, width=32), min_size=len(frames), max_size=len(frames)))
        made.append(
            track_of(
                f"track-{n}",
                [(x + 200 * n, *rest) for x, *rest in boxes],
                frames=np.array(frames),
                times_s=np.array(frames) / 25,
                scores=np.array(scores, np.float32),
                class_ids=tuple(ids),
                class_names=tuple(f"class {id}" for id in ids),
            )
        )
    return made


@settings(max_examples=40, deadline=None)
@given(made=tracks(), form=st.sampled_from([RELEASED, WITH_SCORES]), split=st.sampled_from(["all", "train"]))
def test_what_is_written_is_read_back(tmp_path_factory, made, form, split):
    folder: Path = tmp_path_factory.mktemp("meta")
    size = (800, 240)
    for path, file in files(form, video_of(*made, split=split, width=size[0], height=size[1])).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(file.data)
    root = folder if split == "all" else folder / split
    assert FORMAT.recognises(root)
    [source], misfits = found(FORMAT, root)
    assert (source.video_id, misfits) == (ID, [])
    rows = annotated(FORMAT, source, Footage(ID, *size, np.arange(250) / 25, 10.0))
    assert not rows.rejects
    kept = distinct(made, "")[0] if form is RELEASED else made
    expected = [
        (track.track_id, int(frame), *box.tolist())
        for track in kept
        for frame, box in zip(track.frames, track.boxes, strict=True)
    ]
    back = columns(rows.boxes, "object_id", "frame", "x", "y", "w", "h")
    assert [(name, frame, *map(np.float32, box)) for name, frame, *box in back] == expected
    assert [told["t"] for told in attributes(rows.boxes)] == [time for track in kept for time in track.times_s]
    segments = columns(rows.segments, "segment_id", "class_id", "label", "start_s", "end_s")
    assert segments == [(t.track_id, 15, "cat", t.times_s[0], t.times_s[-1]) for t in kept]
    if form is WITH_SCORES:
        scores, ids, names = (rows.boxes.column(name).to_pylist() for name in ("score", "class_id", "class_name"))
        assert [np.float32(score) for score in scores] == [score for track in kept for score in track.scores]
        assert ids == [id for track in kept for id in track.class_ids]
        assert names == [name for track in kept for name in track.class_names]
