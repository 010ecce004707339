"""TrackVerse's tracks: whatever the schema, all that a line says is in the rows, which can be made into it again."""

import gzip
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.sources.annotated import Annotated
from rushes.sources.formats.trackverse_tracks import FORMAT
from rushes.sources.register import register
from rushes.sources.source import Given, Source
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

ID, OTHER = "Cmlo7hH5wZg", "-hYBs0-_x5s"
PAGE = "https://www.youtube.com/watch?v="
SIZE = (320, 240)
FIRST = {
    "track_id": 7,
    "video_size": [120, 160],
    "track_ts": [1.0, 1.5],
    "top10_lbl": [3, 1],
    "top10_desc": ["cat (also kitten)", "dog"],
    "top10_cls": [[0.5, 0.25], [0.1, 0.2]],
    "top10_wcls": [[0.4, 0.2], [0.1, 0.2]],
    "frame_ts": [1.0, 1.26, 1.5],
    "frame_bboxes": [[10.5, 20.25, 30.0, 40.0], [11, 21, 30, 40], [12, 22, 30, 40]],
    "frame_obj": [0.9, 0.8, 0.7],
    "frame_cls": [0.5, 0.6, 0.7],
    "frame_wcls": [0.45, 0.48, 0.49],
    "frame_lbl": [3, 3, 1],
    "frame_desc": ["cat (also kitten)", "cat (also kitten)", "dog"],
}
SECOND = {
    "yid": ID,
    "tid": "9f86d081884c7d659a2feaa0c55ad015",
    "fn": f"Cm/{ID}-cat-9f86d081884c7d659a2feaa0c55ad015.mp4",
    "video_size": [240, 320],
    "track_ts": [1.0, 1.26, 1.5],
    "track_bbox": FIRST["frame_bboxes"],
    "top10_lbl": [3, 1],
    "top10_desc": ["cat", "dog"],
    "top10_logit_mu": [0.5, 0.25],
    "top10_logit_std": [0.1, 0.2],
    "top10_wlogit_mu": [0.4, 0.2],
    "top10_wlogit_std": [0.1, 0.2],
}
RELEASED = {
    "track_id": "9f86d081884c",
    "track_ts": [1.0, 1.5],
    "frame_ts": [1.0, 1.26, 1.5],
    "frame_bboxes": FIRST["frame_bboxes"],
    "yid": ID,
    "track_mp4_filename": f"Cm/{ID}-cat-9f86d081884c.mp4",
    "top10_label_ids": [3, 1],
    "top10_label_names": ["cat", "dog"],
}
SCHEMAS = {"first": FIRST, "second": SECOND, "released": RELEASED}


def json_lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


# What lines name.


def test_a_file_of_many_videos_gives_each_lines_video(tmp_path: Path) -> None:
    nameless = without(RELEASED, "yid") | {"track_mp4_filename": f"-h/{OTHER}-a-long-name-1.mp4"}
    older = without(SECOND, "yid")
    path = written(tmp_path / "CB100.jsonl.gzip", gzip.compress(json_lines(RELEASED, nameless, older).encode()))
    assert FORMAT.recognises(path)
    sources, misfits = found(FORMAT, path)
    assert [(source.uri, source.video_id, source.place) for source in sources] == [
        (f"{PAGE}{ID}", ID, "CB100.jsonl.gzip:1"),
        (f"{PAGE}{OTHER}", f"yt{OTHER}", "CB100.jsonl.gzip:2"),
        (f"{PAGE}{ID}", ID, "CB100.jsonl.gzip:3"),
    ]
    assert [(slice_.annotation, slice_.origin) for source in sources for slice_ in source.slices] == [
        ("trackverse", "CB100.jsonl.gzip")
    ] * 3
    assert misfits == []


def test_in_a_folder_each_file_is_named_after_its_video_and_is_taken_as_it_is(tmp_path: Path) -> None:
    lines = json_lines(FIRST, FIRST | {"track_id": 8})
    written(tmp_path / f"meta/Cm/{ID}-meta.jsonl.gzip", gzip.compress(lines.encode()))
    written(tmp_path / f"meta/Cm/{ID}-progress.json", "{}")
    written(tmp_path / f"meta/-h/{OTHER}-meta.jsonl", "no json, as only rows will tell\n")
    assert FORMAT.recognises(tmp_path / "meta")
    [other, one], misfits = found(FORMAT, tmp_path / "meta")
    assert (other.uri, one.uri) == (f"{PAGE}{OTHER}", f"{PAGE}{ID}")
    slice_, progress = one.slices
    assert (slice_.origin, progress.origin) == (f"meta/Cm/{ID}-meta.jsonl.gzip", f"meta/Cm/{ID}-progress.json")
    assert [number for number, _ in slice_.lines] == [1, 2]
    assert "".join(text + "\n" for _, text in slice_.lines) == lines
    assert misfits == []


def test_one_video_s_file_alone_is_named_after_it_too(tmp_path: Path) -> None:
    path = written(tmp_path / f"{ID}-meta.jsonl.gzip", gzip.compress(json_lines(FIRST).encode()))
    assert FORMAT.recognises(path)
    [source], _ = found(FORMAT, path)
    assert source.video_id == ID


def test_a_video_without_tracks_is_a_video_without_lines(tmp_path: Path) -> None:
    [source], _ = found(FORMAT, written(tmp_path / f"{ID}-meta.jsonl.gzip", gzip.compress(b"")))
    assert (source.video_id, source.slices) == (ID, ())


def test_of_a_damaged_file_what_can_be_read_is_kept_and_its_end_is_a_misfit(tmp_path: Path) -> None:
    whole, broken = gzip.compress(json_lines(FIRST).encode()), gzip.compress(json_lines(FIRST).encode())[:-5]
    written(tmp_path / f"meta/Cm/{ID}-meta.jsonl.gzip", whole + broken)
    written(tmp_path / f"meta/-h/{OTHER}-meta.jsonl.gzip", whole)
    [_, damaged], [misfit] = found(FORMAT, tmp_path / "meta")
    assert json.loads(damaged.slices[0].lines[0][1]) == FIRST
    assert misfit.reason == Reason.BAD_LINE
    assert "damaged gzip" in misfit.detail
    assert misfit.place.startswith(f"meta/Cm/{ID}-meta.jsonl.gzip:")


def test_videos_that_lie_in_media_are_taken_from_there(tmp_path: Path) -> None:
    here = written(tmp_path / f"videos_mp4/Cm/{ID}.mp4", b"")
    [source], _ = found(FORMAT, written(tmp_path / "CB100.jsonl", json_lines(RELEASED)), tmp_path / "videos_mp4")
    assert (source.uri, source.within) == (str(here), str(tmp_path / "videos_mp4"))


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        json.dumps(FIRST),
        json.dumps(without(RELEASED, "yid", "track_mp4_filename")),
        json.dumps(RELEASED | {"yid": "../../etc", "track_mp4_filename": "x"}),
        json.dumps({"note": f'"yid": "{ID}"'}),
    ],
)
def test_a_line_that_names_no_video_is_a_misfit(tmp_path: Path, line: str) -> None:
    sources, [misfit] = found(FORMAT, written(tmp_path / "CB100.jsonl", json_lines(RELEASED) + line))
    assert len(sources) == 1
    assert (misfit.place, misfit.reason) == ("CB100.jsonl:2", Reason.BAD_LINE)


# What becomes of a track.


def test_a_track_s_boxes_are_in_the_frames_nearest_to_their_times_and_of_the_video_s_size() -> None:
    rows = of_text(FORMAT, json.dumps(FIRST), of=footage(size=SIZE))
    wanted = ("frame", "object_id", "class_id", "class_name", "x", "y", "w", "h", "score")
    assert columns(rows.boxes, *wanted) == [
        (10, "7", 3, "cat (also kitten)", 21.0, 40.5, 60.0, 80.0, 0.9),
        (13, "7", 3, "cat (also kitten)", 22.0, 42.0, 60.0, 80.0, 0.8),
        (15, "7", 1, "dog", 24.0, 44.0, 60.0, 80.0, 0.7),
    ]
    assert attributes(rows.boxes)[1] == {"t": 1.26, "frame_cls": 0.6, "frame_wcls": 0.48}
    assert rows.rejects == ()


def test_a_track_is_a_segment_with_all_that_is_said_of_it_as_a_whole() -> None:
    rows = of_text(FORMAT, json.dumps(FIRST), of=footage(size=SIZE))
    wanted = ("kind", "segment_id", "class_id", "label", "start_s", "end_s", "start_frame", "end_frame")
    assert columns(rows.segments, *wanted) == [("track", "7", 3, "cat (also kitten)", 1.0, 1.5, 10, 16)]
    frames = [key for key in FIRST if key.startswith("frame_")]
    assert attributes(rows.segments) == [without(FIRST, *frames)]


@pytest.mark.parametrize("record", [SECOND, RELEASED])
def test_where_frames_have_no_class_their_boxes_are_of_the_track_s(record: dict[str, Any]) -> None:
    rows = of_text(FORMAT, json.dumps(record), of=footage(size=SIZE))
    name = record.get("tid") or record["track_id"]
    wanted = ("frame", "object_id", "class_id", "class_name", "x", "score")
    assert columns(rows.boxes, *wanted) == [
        (f, name, 3, "cat", x, None) for f, x in [(10, 10.5), (13, 11.0), (15, 12.0)]
    ]
    assert columns(rows.segments, "segment_id", "label", "start_s", "end_s") == [(name, "cat", 1.0, 1.5)]


def test_two_boxes_of_one_frame_both_stay_with_their_times() -> None:
    rows = of_text(FORMAT, json.dumps(RELEASED | {"frame_ts": [1.0, 1.01, 1.5]}))
    assert columns(rows.boxes, "frame") == [(10,), (10,), (15,)]
    assert [one["t"] for one in attributes(rows.boxes)] == [1.0, 1.01, 1.5]


def test_a_track_of_one_box_is_a_segment_of_one_frame() -> None:
    rows = of_text(FORMAT, json.dumps(RELEASED | {"track_ts": [2, 2], "frame_ts": [2], "frame_bboxes": [[0, 0, 5, 5]]}))
    assert columns(rows.segments, "start_s", "end_s", "start_frame", "end_frame") == [(2.0, 2.0, 20, 21)]
    assert rows.rejects == ()


def test_a_track_that_outlasts_the_video_keeps_what_fits() -> None:
    rows = of_text(FORMAT, json.dumps(RELEASED), of=footage(1.3))
    assert columns(rows.boxes, "frame") == [(10,), (12,)]
    assert columns(rows.segments, "end_s", "end_frame") == [(1.5, 13)]
    [reject] = rows.rejects
    assert reject.reason == Reason.OUTSIDE_VIDEO
    assert "a box at 1.5 s: the video has 13 frames" in reject.detail


def test_a_track_outside_the_video_is_rejected_whole() -> None:
    rows = of_text(FORMAT, json.dumps(RELEASED), of=footage(0.5))
    assert (len(rows.boxes), len(rows.segments)) == (0, 0)
    assert [reject.reason for reject in rows.rejects] == [Reason.OUTSIDE_VIDEO] * 4


def test_tracks_of_one_video_with_the_same_id_stay_apart() -> None:
    rows = of_text(FORMAT, *[json.dumps(FIRST)] * 2)
    assert columns(rows.segments, "segment_id") == [("7",), ("7 (line 2)",)]
    assert columns(rows.boxes, "object_id") == [("7",)] * 3 + [("7 (line 2)",)] * 3


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (FIRST | {"frame_obj": [0.5]}, "frame_bboxes 3, frame_obj 1"),
        (FIRST | {"frame_ts": [1.0]}, "frame_ts 1, frame_bboxes 3"),
        (SECOND | {"track_ts": [1.0, 1.5]}, "track_ts 2, track_bbox 3"),
        (without(FIRST, "frame_ts"), "frame_ts: no list"),
        (FIRST | {"frame_bboxes": None}, "frame_bboxes: no list"),
        (SECOND | {"track_ts": [], "track_bbox": []}, "no begin and end"),
        (FIRST | {"track_ts": ["a", "b"]}, "no begin and end"),
        (FIRST | {"video_size": [0, 5]}, "no [height, width]"),
        (FIRST | {"video_size": "large"}, "no [height, width]"),
        ({"note": 1}, "no track"),
    ],
)
def test_a_line_that_does_not_fit_together_is_a_reject_that_says_so(record: dict[str, Any], told: str) -> None:
    rows = of_text(FORMAT, json.dumps(record), json.dumps(RELEASED))
    assert len(rows.segments) == 1
    [reject] = rows.rejects
    assert reject.reason == Reason.BAD_LINE
    assert told in reject.detail


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 3, "4"], None, [1, 2, -3, 4], [1, 2, math.inf, 4]])
def test_a_box_that_is_none_is_a_reject_and_the_others_stay(box: Any) -> None:
    rows = of_text(FORMAT, json.dumps(RELEASED | {"frame_bboxes": [[1, 2, 3, 4], box, [1, 2, 3, 4]]}))
    assert columns(rows.boxes, "frame") == [(10,), (15,)]
    assert [reject.reason for reject in rows.rejects] == [Reason.BAD_BOX]


def test_scores_and_classes_of_other_kinds_are_kept_as_they_are() -> None:
    odd = {"frame_obj": [None, "high", math.nan], "frame_lbl": [2**40, None, "3"], "frame_desc": [5, None, "cat"]}
    rows = of_text(FORMAT, json.dumps(FIRST | odd))
    assert columns(rows.boxes, "score", "class_id", "class_name") == [
        (None, 3, "cat (also kitten)"),
        (None, 3, "cat (also kitten)"),
        (None, 3, "cat"),
    ]
    assert again(rows, FIRST, 2.0, 2.0)[0] == FIRST | odd | {"frame_obj": [None, "high", "NaN"]}


# The way there and back.


def again(rows: Annotated, like: dict[str, Any], width: float, height: float) -> list[dict[str, Any]]:
    """Make the lines again that rows were made of, of the schema of ``like``.

    ``width`` and ``height``: by how much the video is wider and higher than the frames that the boxes were found in.
    """
    segments = rows.segments.to_pylist()
    boxes = rows.boxes.to_pylist()
    return [
        track_again(one, [box for box in boxes if box["line"] == one["line"]], like, width, height) for one in segments
    ]


def track_again(
    segment: dict[str, Any], boxes: list[dict[str, Any]], like: dict[str, Any], width: float, height: float
) -> dict[str, Any]:
    told = [json.loads(box["attributes"]) for box in boxes]
    times_in, boxes_in = ("track_ts", "track_bbox") if "track_bbox" in like else ("frame_ts", "frame_bboxes")
    record = json.loads(segment["attributes"]) | {
        times_in: [one["t"] for one in told],
        boxes_in: [[box["x"] / width, box["y"] / height, box["w"] / width, box["h"] / height] for box in boxes],
    }
    columns_of = {"frame_obj": "score", "frame_lbl": "class_id", "frame_desc": "class_name"}
    for key in like:
        if key.startswith("frame_") and key not in (times_in, boxes_in):
            column = columns_of.get(key, "")
            record[key] = [one[key] if key in one else box[column] for one, box in zip(told, boxes, strict=True)]
    return record


numbers = st.floats(-1e6, 1e6)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def tracks(draw: st.DrawFn, schema: str) -> dict[str, Any]:
    """A line of a schema: any lists that fit together, of a video of a minute."""
    n = draw(st.integers(1, 5))
    like = SCHEMAS[schema]
    times = sorted(draw(st.lists(st.floats(0, 60), min_size=n, max_size=n)))
    record = {key: draw(numbers | words | st.lists(words, max_size=2)) for key in like if key not in ("video_size",)}
    kinds = {"frame_lbl": st.integers(-(2**31) + 1, 2**31 - 1), "frame_desc": words}
    for key in like:
        if key.startswith("frame_"):
            record[key] = draw(st.lists(kinds.get(key, numbers), min_size=n, max_size=n))
        if key.startswith("top10_lbl") or key == "top10_label_ids":
            record[key] = draw(st.lists(st.integers(0, 1202), max_size=10))
    box = st.tuples(numbers, numbers, st.floats(0, 1e6), st.floats(0, 1e6)).map(list)
    boxes = draw(st.lists(box, min_size=n, max_size=n))
    if schema == "second":
        record |= {"track_ts": times, "track_bbox": boxes}
    else:
        record |= {"track_ts": [times[0], times[-1]], "frame_ts": times, "frame_bboxes": boxes}
    if "video_size" in like:
        record["video_size"] = [draw(st.integers(1, 4000)), draw(st.integers(1, 4000))]
    return record


@sampled(st.data(), st.sampled_from(list(SCHEMAS)))
def test_from_the_rows_every_line_can_be_made_again(data: st.DataObject, schema: str) -> None:
    record = data.draw(tracks(schema))
    rows = of_text(FORMAT, json.dumps(record), of=footage(size=SIZE))
    assert rows.rejects == ()
    height, width = record.get("video_size", SIZE[::-1])
    [made] = again(rows, SCHEMAS[schema], SIZE[0] / width, SIZE[1] / height)
    boxes_in = "track_bbox" if schema == "second" else "frame_bboxes"
    for one, other in zip(made.pop(boxes_in), record.pop(boxes_in), strict=True):
        assert one == pytest.approx(other, rel=1e-12)
    assert made == record


@sampled(st.data(), st.sampled_from(list(SCHEMAS)))
def test_a_video_of_the_size_that_was_seen_gives_the_very_boxes(data: st.DataObject, schema: str) -> None:
    record = data.draw(tracks(schema)) | ({"video_size": [240, 320]} if schema != "released" else {})
    rows = of_text(FORMAT, json.dumps(record), of=footage(size=SIZE))
    assert again(rows, SCHEMAS[schema], 1.0, 1.0) == [record]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=8,
)


@sampled(st.sampled_from(list(SCHEMAS)), st.data())
def test_every_track_is_a_segment_or_a_reject_and_so_is_every_box(schema: str, data: st.DataObject) -> None:
    record = dict(SCHEMAS[schema])
    for key in data.draw(st.lists(st.sampled_from(list(record)), max_size=3)):
        record[key] = data.draw(anything)
    rows = of_text(FORMAT, json.dumps(record))
    assert len(rows.segments) + len(rows.rejects) >= 1
    boxes = record.get("frame_bboxes", record.get("track_bbox"))
    if not any(reject.reason == Reason.BAD_LINE for reject in rows.rejects):
        assert len(rows.segments) + len(rows.boxes) + len(rows.rejects) == 1 + len(boxes)
    for one in [*attributes(rows.segments), *attributes(rows.boxes)]:
        json.dumps(one, allow_nan=False)


@sampled(st.lists(st.sampled_from([json.dumps(RELEASED), json.dumps(SECOND), '"yid": "no"']) | words, max_size=6))
def test_every_line_is_one_video_or_one_misfit(texts: list[str]) -> None:
    text = "\n".join(texts)
    with tempfile.TemporaryDirectory() as folder:
        sources, misfits = found(FORMAT, written(Path(folder) / "CB100.jsonl", text))
    assert lines_of(sources, misfits) == [n for n, line in enumerate(text.split("\n"), 1) if line.strip()]


@sampled(st.binary(max_size=200))
def test_no_bytes_crash_it(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "CB100.jsonl", b'{"yid": "Cmlo7hH5wZg", "frame_bboxes": ' + data)
        FORMAT.recognises(path)
        sources, _ = found(FORMAT, path)
    for source in sources:
        assert len(annotated(FORMAT, source).rejects) >= 1


def test_tracks_of_a_video_that_is_not_youtubes_go_to_the_video_of_that_name(store: Objects, tmp_path: Path) -> None:
    video = tmp_path / "bikes.mp4"
    video.write_bytes(b"")
    register(store, [str(video)], "street")
    folder = tmp_path / "meta/bi"
    folder.mkdir(parents=True)
    line = {"track_id": 1, "yid": "bikes", "track_ts": [0, 1], "frame_ts": [0], "frame_bboxes": [[1, 2, 3, 4]]}
    (folder / "bikes-meta.jsonl.gzip").write_bytes(gzip.compress(json.dumps(line).encode() + b"\n"))
    done = register(store, [str(tmp_path / "meta")], "tracks")
    assert (done.new, done.annotated, done.formats) == (0, ("bikes",), ("trackverse-tracks",))


def test_what_was_searched_comes_from_the_file_beside_the_tracks(tmp_path: Path) -> None:
    folder = tmp_path / "ab"
    folder.mkdir()
    (folder / "abcdefghijk-meta.jsonl.gzip").write_bytes(gzip.compress(b""))
    progress = {"segments_complete": [[0.0, 1.0], [1.5, 2.0], ["x"], [90, 95]], "num_tracks": 3}
    (folder / "abcdefghijk-progress.json").write_text(json.dumps(progress, indent=1))
    [source] = FORMAT.sources(Given(tmp_path, str(tmp_path)))
    assert isinstance(source, Source)
    [kept] = source.slices
    assert (kept.annotation, kept.origin) == ("trackverse-progress", f"{folder}/abcdefghijk-progress.json")
    assert FORMAT.annotations is not None
    done = FORMAT.annotations(kept, footage())
    assert [(s["kind"], s["label"], s["start_s"], s["end_s"], s["attributes"]) for s in done.segments.to_pylist()] == [
        ("label", "segments_complete", 0.0, 1.0, '{"num_tracks": 3}'),
        ("label", "segments_complete", 1.5, 2.0, '{"num_tracks": 3}'),
    ]
    assert [reject.reason for reject in done.rejects] == [Reason.BAD_SPAN, Reason.OUTSIDE_VIDEO]
