"""AVA: boxes of people at one moment of a second, one row for each thing that they do."""

import json
from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.sources.formats.ava import FORMAT
from rushes.store.rejects import Reason

TABLE = """-5KQ66BBWC4,0002,0.077,0.151,0.283,0.811,80,1
-5KQ66BBWC4,0002,0.077,0.151,0.283,0.811,9,1
-5KQ66BBWC4,0003,0.1,0.2,0.5,0.6,12,0
1j20qq1JyX4,0002,0.25,0.5,0.75,1.0,12,0
1j20qq1JyX4,0003,,,,,,
-5KQ66BBWC4,0004,0.1,0.2,0.5,0.6,12,0
"""
ACTIONS = """label {
  name: "stand"
  label_id: 12
  label_type: PERSON_MOVEMENT
}
label {
  name: "watch"
  label_id: 80
}
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "ava_train_v2.2.csv", TABLE)


def test_rows_that_follow_each_other_come_with_their_video_at_once(table: Path) -> None:
    sources, misfits = found(FORMAT, table)
    assert [(s.video_id, [number for number, _ in s.slices[0].lines]) for s in sources] == [
        ("yt-5KQ66BBWC4", [1, 2, 3]),
        ("1j20qq1JyX4", [4, 5]),
        ("yt-5KQ66BBWC4", [6]),
    ]
    assert sources[1].uri == "https://www.youtube.com/watch?v=1j20qq1JyX4"
    assert misfits == []


def test_films_that_are_here_are_taken_from_their_folder(table: Path, tmp_path: Path) -> None:
    here = written(tmp_path / "films/1j20qq1JyX4.mkv", b"")
    sources, _ = found(FORMAT, table, tmp_path / "films")
    assert (sources[1].uri, sources[1].video_id, sources[1].within) == (
        str(here), "1j20qq1JyX4", str(tmp_path / "films"),
    )  # fmt: skip


def test_boxes_are_pixels_at_the_frame_nearest_to_the_moment(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][1], footage(fps=25, size=(640, 360)))
    assert columns(rows.boxes, "frame", "x", "y", "w", "h", "object_id", "class_id", "class_name") == [
        (50, 160.0, 180.0, 320.0, 180.0, "0", 12, None)
    ]
    assert attributes(rows.boxes) == [{"timestamp": "0002"}]


def test_one_row_is_one_action_of_one_person(table: Path) -> None:
    written(table.parent / "ava_action_list_v2.2.pbtxt", ACTIONS)
    rows = annotated(FORMAT, found(FORMAT, table)[0][0])
    assert columns(rows.boxes, "line", "object_id", "class_id", "class_name") == [
        (1, "1", 80, "watch"),
        (2, "1", 9, None),
        (3, "0", 12, "stand"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [("ava_action_list_v2.1_for_activitynet_2018.pbtxt", 'item {\n  name: "stand"\n  id: 12\n}\n'),
     ("ava_action_list_v2.2.csv", "label_id,label_name,label_type\n12,stand,PERSON_MOVEMENT\n")],
)  # fmt: skip
def test_names_of_actions_are_read_from_every_kind_of_list(table: Path, name: str, text: str) -> None:
    written(table.parent / name, text)
    rows = annotated(FORMAT, found(FORMAT, table)[0][1])
    assert columns(rows.boxes, "class_name") == [("stand",)]


def test_a_moment_without_anybody_is_a_frame_that_was_looked_at(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][1], footage(fps=10))
    assert columns(rows.segments, "line", "kind", "start_frame", "end_frame") == [(5, "annotated", 30, 31)]
    assert attributes(rows.segments) == [{"timestamp": "0003"}]
    last = annotated(FORMAT, found(FORMAT, table)[0][1], footage(3.1, fps=10))
    assert columns(last.segments, "start_frame", "end_frame") == [(30, 31)]


def test_version_one_does_not_tell_persons_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "ava_v1.csv", "1j20qq1JyX4,2.5,0.25,0.5,0.75,1.0,12\n")
    assert FORMAT.recognises(path)
    assert columns(annotated(FORMAT, found(FORMAT, path)[0][0]).boxes, "object_id", "frame") == [(None, 25)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [("2,0.5,0.5,0.4,0.6,12,0", Reason.BAD_BOX), ("2,0.5,x,0.6,0.6,12,0", Reason.BAD_BOX),
     ("2,0.5,,0.6,0.6,12,0", Reason.BAD_BOX), ("2,0.1,0.1,0.6,0.6,run,0", Reason.BAD_LINE),
     ("902,0.1,0.1,0.6,0.6,12,0", Reason.OUTSIDE_VIDEO), ("then,0.1,0.1,0.6,0.6,12,0", Reason.OUTSIDE_VIDEO),
     ("902,,,,,,", Reason.OUTSIDE_VIDEO), ("2,,,,,12,0", Reason.BAD_BOX), ("2,1e308,0,1e309,1,12,0", Reason.BAD_BOX)],
)  # fmt: skip
def test_what_does_not_fit_is_a_reject(tmp_path: Path, row: str, reason: Reason) -> None:
    path = written(tmp_path / "t.csv", f"1j20qq1JyX4,{row}\n1j20qq1JyX4,3,0.1,0.1,0.6,0.6,12,0\n")
    rows = annotated(FORMAT, found(FORMAT, path)[0][0])
    assert columns(rows.boxes, "line") == [(2,)]
    assert [reject.reason for reject in rows.rejects] == [reason]


def test_rows_of_another_shape_and_names_of_no_video_are_misfits(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", TABLE + "1j20qq1JyX4,0900\nnobody,2,0.1,0.1,0.6,0.6,12,0\n,,,,,,,\n")
    sources, misfits = found(FORMAT, path)
    assert [(m.place, m.reason) for m in misfits] == [
        ("t.csv:7", Reason.BAD_LINE),
        ("t.csv:8", Reason.BAD_ID),
        ("t.csv:9", Reason.BAD_ID),
    ]
    assert len(sources) == 3


def test_a_list_of_excluded_moments_is_not_taken_for_it(tmp_path: Path) -> None:
    assert not FORMAT.recognises(written(tmp_path / "excluded.csv", "1j20qq1JyX4,0902\n1j20qq1JyX4,0903\n"))


FIELD = st.sampled_from(["1", "0.5", "", "x", "nan", "1e999", "-0.2", "61", " 3 "])
ROW = st.tuples(st.sampled_from(["1j20qq1JyX4", "-5KQ66BBWC4", "", "../x"]), *[FIELD] * 7)


@sampled(st.lists(st.one_of(ROW, st.lists(FIELD, min_size=1, max_size=9)), max_size=8))
def test_every_row_ends_once_and_its_box_too(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = written(tmp_path_factory.mktemp("t") / "t.csv", "\n".join(",".join(row) for row in rows))
    sources, misfits = found(FORMAT, path)
    assert lines_of(sources, misfits) == [n for n, row in enumerate(rows, 1) if ",".join(row).strip()]
    for source in sources:
        out = annotated(FORMAT, source)
        n_lines = len(source.slices[0].lines)
        assert out.boxes.num_rows + out.segments.num_rows + len(out.rejects) == n_lines


@sampled(st.one_of(st.text(max_size=60), st.lists(st.text(max_size=4), min_size=9, max_size=9).map(json.dumps)))
def test_no_text_stops_the_annotations(text: str) -> None:
    out = of_text(FORMAT, text)
    assert out.boxes.num_rows + out.segments.num_rows + len(out.rejects) == 1
