"""LaSOT comes in: a box for each picture, and what is known of whether the object can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from picture_trees import given, pictured, write_lasot, write_mot

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.sources.formats.lasot import FORMAT
from rushes.sources.source import Slice, Source
from rushes.video.images import probe_images

THREE = "11,21,5,6\n12,22,5,6\n13,23,5,6\n"


def sources(path: Path) -> list[Source]:
    found = list(FORMAT.sources(given(path)))
    assert all(isinstance(one, Source) for one in found)
    return [one for one in found if isinstance(one, Source)]


def annotated(folder: Path) -> Annotated:
    [source] = sources(folder)
    [lines] = source.slices
    assert FORMAT.annotations
    return FORMAT.annotations(lines, Footage.of(source.video_id, probe_images(source.uri)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_lasot(tmp_path / "LaSOT" / "airplane" / "airplane-1", 3, THREE, full_occlusion="0,1,0", out_of_view="0,0,1\n")
    write_lasot(tmp_path / "LaSOT" / "airplane" / "airplane-9", 1, "1,1,5,5\n")
    write_lasot(tmp_path / "LaSOT" / "license-plate" / "license-plate-2", 1, "1,1,5,5\n")
    return tmp_path / "LaSOT"


def test_a_root_gives_each_sequence_by_the_folder_of_its_pictures(root: Path) -> None:
    assert FORMAT.recognises(root)
    assert [(one.video_id, one.uri) for one in sources(root)] == [
        ("airplane-airplane-1", str(root / "airplane/airplane-1/img")),
        ("airplane-airplane-9", str(root / "airplane/airplane-9/img")),
        ("license-plate-license-plate-2", str(root / "license-plate/license-plate-2/img")),
    ]


def test_a_category_or_one_sequence_can_be_given(root: Path) -> None:
    category, one = root / "airplane", root / "airplane" / "airplane-9"
    assert FORMAT.recognises(category)
    assert FORMAT.recognises(one)
    assert [source.video_id for source in sources(category)] == ["airplane-1", "airplane-9"]
    assert [source.video_id for source in sources(one)] == ["airplane-9"]


def test_other_trees_are_not_its_own(root: Path, tmp_path: Path) -> None:
    assert not FORMAT.recognises(write_mot(tmp_path / "mot", [1]))
    (root / "film.mp4").write_bytes(b"x")
    assert not FORMAT.recognises(root)
    with pytest.raises(SettingsError, match=r"no LaSOT sequence in it: folders with img and groundtruth\.txt"):
        list(FORMAT.sources(given(tmp_path / "mot")))


def test_a_line_joins_a_picture_s_box_and_its_flags(root: Path) -> None:
    [source] = sources(root / "airplane" / "airplane-1")
    lines = [(1, "11,21,5,6|0|0"), (2, "12,22,5,6|1|0"), (3, "13,23,5,6|0|1")]
    assert source.slices == [Slice("lasot", str(root / "airplane/airplane-1/groundtruth.txt"), lines)]


def test_boxes_count_from_0_and_belong_to_one_object_of_the_category(root: Path) -> None:
    done = annotated(root / "airplane" / "airplane-1")
    assert done.rejects == ()
    rows = done.boxes.to_pylist()
    assert [(row["frame"], row["x"], row["y"], row["w"], row["h"]) for row in rows] == [
        (0, 10, 20, 5, 6), (1, 11, 21, 5, 6), (2, 12, 22, 5, 6),
    ]  # fmt: skip
    assert {(row["object_id"], row["class_name"]) for row in rows} == {("1", "airplane")}
    assert annotated(root / "license-plate").boxes["class_name"].to_pylist() == ["license-plate"]


def test_where_it_cannot_be_seen_the_box_is_marked_and_not_considered(root: Path) -> None:
    rows = annotated(root / "airplane" / "airplane-1").boxes.to_pylist()
    assert [row["flags"] for row in rows] == [[], ["occluded"], ["out_of_view"]]
    assert [row["considered"] for row in rows] == [True, False, False]


def test_flags_may_stand_one_in_a_line(tmp_path: Path) -> None:
    folder = write_lasot(tmp_path / "cat-1", 3, THREE, full_occlusion="0\n1\n1\n", out_of_view="0,\n0,\n1,\n")
    done = annotated(folder)
    assert done.rejects == ()
    assert done.boxes["flags"].to_pylist() == [[], ["occluded"], ["occluded", "out_of_view"]]


def test_an_object_out_of_view_has_a_row_without_a_size(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 2, "5,5,5,5\n0,0,0,0\n", out_of_view="0,1"))
    assert done.rejects == ()
    assert done.boxes["w"].to_pylist() == [5, 0]
    assert done.boxes["flags"].to_pylist() == [[], ["out_of_view"]]


def test_lines_beyond_the_last_picture_are_rejects(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 2, THREE))
    assert [(reject.reason.value, reject.item_id) for reject in done.rejects] == [("outside_video", "cat-1.lasot.3")]


def test_pictures_without_a_line_are_told_of_once_and_are_not_known(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 6, "1,1,5,5\n\n1,1,5,5\n1,1,5,5\n"))
    [reject] = done.rejects
    assert reject.detail == "line 2: 3 frames have no line in groundtruth.txt, the first of them is frame 1"
    known = [(row["kind"], row["start_frame"], row["end_frame"]) for row in done.segments.to_pylist()]
    assert known == [("annotated", 0, 1), ("annotated", 2, 4)]


def test_flags_that_are_missing_or_none_are_told_of_once(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 3, THREE, full_occlusion="0,x"))
    [reject] = done.rejects
    assert reject.detail.startswith(
        "line 2: 2 lines, of which this is the first, have neither 0 nor 1 in full_occlusion"
    )
    assert done.boxes.num_rows == 3


def test_flags_of_pictures_that_are_not_there_are_rejects(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 3, THREE, full_occlusion="0,0,0,1"))
    assert [reject.item_id for reject in done.rejects] == ["cat-1.lasot.4"]
    assert done.boxes.num_rows == 3


def test_a_box_of_a_picture_that_is_missing_is_a_reject(tmp_path: Path) -> None:
    folder = write_lasot(tmp_path / "cat-1", 3, THREE)
    (folder / "img" / "00000002.jpg").unlink()
    done = annotated(folder)
    assert [(reject.reason.value, reject.item_id) for reject in done.rejects] == [("no_image", "cat-1.lasot.2")]
    assert done.boxes["y"].to_pylist() == [20, 22]


@pytest.mark.parametrize("text", ["1,1,5", "1,1,5,5,5", "1,1,x,5", "nan,1,5,5"])
def test_a_line_that_is_no_box_is_a_reject(tmp_path: Path, text: str) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 2, f"1,1,5,5\n{text}\n"))
    assert [(reject.reason.value, reject.item_id) for reject in done.rejects] == [("bad_line", "cat-1.lasot.2")]


def test_a_box_of_negative_size_is_a_reject(tmp_path: Path) -> None:
    done = annotated(write_lasot(tmp_path / "cat-1", 2, "1,1,5,5\n613,731,247,-11\n"))
    assert [reject.reason.value for reject in done.rejects] == ["bad_box"]


_NUMBERS = st.one_of(st.integers(-3, 99).map(str), st.floats().map(str), st.text(max_size=3))
_LINES = st.one_of(
    st.text(),
    st.tuples(st.lists(_NUMBERS, min_size=3, max_size=5).map(",".join), *[st.sampled_from("01?-")] * 2).map("|".join),
)


@settings(deadline=None)
@drawn(st.lists(_LINES, max_size=9))
def test_every_line_with_a_box_is_exactly_one_row_or_one_reject(texts: list[str]) -> None:
    assert FORMAT.annotations
    lines = [(number, text.replace("\n", " ")) for number, text in enumerate(texts, start=1)]
    done = FORMAT.annotations(Slice("lasot", "cat/cat-1/groundtruth.txt", lines), pictured(range(1, 6)))
    told_once = ("frames have no line", "have neither 0 nor 1")
    named = [
        int(reject.item_id.split(".")[2])
        for reject in done.rejects
        if not any(words in reject.detail for words in told_once)
    ]
    empty = {number for number, text in lines if not text.rsplit("|", 2)[0].strip() and number <= 5}
    assert sorted([*done.boxes["line"].to_pylist(), *named]) == [n for n, _ in lines if n not in empty]
