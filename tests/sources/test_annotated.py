"""Rows of annotations: what does not fit the video, or a table, becomes a reject; everything else a row."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.store.rejects import Reason
from rushes.store.schemas import REJECTS
from rushes.store.validation import problems

FOOTAGE = Footage("v", 640, 360, np.arange(50) / 25, 2.0)


def boxes(*given: dict[str, Any]) -> Annotated:
    rows = Rows("set", FOOTAGE)
    for one in given:
        rows.box(**{"line": 1, "frame": 0, "ltwh": (0.0, 0.0, 1.0, 1.0), **one})
    return rows.done()


def test_boxes_of_a_line_are_counted_and_keep_their_exact_values() -> None:
    done = boxes({"ltwh": (0.1, -2.0, 1e3, 0.0)}, {"line": 2}, {"line": 1, "flags": ("b", "a")})
    rows = done.boxes.to_pylist()
    assert [(r["line"], r["item"]) for r in rows] == [(1, 0), (2, 0), (1, 1)]
    assert [rows[0][side] for side in "xywh"] == [0.1, -2.0, 1e3, 0.0]
    assert rows[2]["flags"] == ["a", "b"]
    assert done.rejects == ()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"frame": 50}, Reason.OUTSIDE_VIDEO),
        ({"frame": None, "where": "9 s"}, Reason.OUTSIDE_VIDEO),
        ({"frame": -1}, Reason.OUTSIDE_VIDEO),
        ({"ltwh": (0.0, 0.0, -1.0, 1.0)}, Reason.BAD_BOX),
        ({"ltwh": (float("nan"), 0.0, 1.0, 1.0)}, Reason.BAD_BOX),
        ({"ltwh": (0.0, 0.0, float("inf"), 1.0)}, Reason.BAD_BOX),
        ({"class_id": 1 << 31}, Reason.BAD_LINE),
        ({"class_name": "\ud800"}, Reason.BAD_LINE),
    ],
)
def test_a_box_that_cannot_be_is_a_reject_that_says_where(wrong: dict[str, Any], reason: Reason) -> None:
    done = boxes({"line": 7, **wrong}, {"line": 8})
    assert len(done.boxes) == 1
    [reject] = done.rejects
    assert (reject.item_kind, reject.item_id, reject.reason) == ("annotation", "v.set.7", reason)
    assert reject.detail.startswith("line 7: ")


def test_two_rejects_of_one_thing_are_two_rows_that_a_table_takes() -> None:
    rows = Rows("set", FOOTAGE)
    for _ in range(3):
        rows.reject(1, Reason.BAD_LINE, "no \ud800")
    rejects = REJECTS.from_rows([reject.row() for reject in rows.done().rejects])
    assert len(rejects) == 3
    assert problems("rejects", rejects) == []


def test_a_segment_has_the_frames_that_the_video_has_of_it() -> None:
    rows = Rows("set", FOOTAGE)
    for line, (start, end) in enumerate([(0.0, 1.0), (1.0, 99.0), (-5.0, 0.04), (2.5, 3.0), (1.0, 1.0)], 1):
        rows.segment(line, "label", start, end)
    done = rows.done()
    assert [(s["start_s"], s["end_s"], s["start_frame"], s["end_frame"]) for s in done.segments.to_pylist()] == [
        (0.0, 1.0, 0, 25),
        (1.0, 99.0, 25, 50),
        (-5.0, 0.04, 0, 1),
    ]
    assert [reject.reason for reject in done.rejects] == [Reason.OUTSIDE_VIDEO, Reason.BAD_SPAN]


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans())))
def test_attributes_are_json_whatever_they_hold(attributes: dict[str, Any]) -> None:
    [row] = boxes({"attributes": attributes}).boxes.to_pylist()
    assert len(json.loads(row["attributes"] or "{}")) <= len(attributes)


@given(st.floats(-1, 3))
def test_the_nearest_frame_is_the_one_a_search_of_all_finds(time_s: float) -> None:
    if 0 <= time_s <= 2:
        assert FOOTAGE.nearest(time_s) == int(np.abs(FOOTAGE.times_s - time_s).argmin())
    elif not -1e-6 <= time_s <= 2 + 1e-6:
        assert FOOTAGE.nearest(time_s) is None


@given(st.floats(-1, 3), st.floats(-1, 3))
def test_frames_between_are_those_a_search_of_all_finds(start: float, end: float) -> None:
    first, last = FOOTAGE.between(start, end)
    inside = [n for n, t in enumerate(FOOTAGE.times_s) if start - 1e-6 <= t < end - 1e-6]
    assert list(range(first, last)) == inside


def test_pictures_are_told_by_their_numbers_and_gaps_are_no_frames() -> None:
    footage = Footage("v", 8, 8, np.arange(3) / 25, 0.2, numbers=np.array([10, 11, 14]))
    assert [footage.numbered(n) for n in (9, 10, 11, 12, 14, 15)] == [None, 0, 1, None, 2, None]
    assert [FOOTAGE.numbered(n) for n in (0, 1, 50, 51)] == [None, 0, 49, None]
