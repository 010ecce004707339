"""Charades: actions become labels, the rest of a row stands on the whole video."""

import json
from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.errors import SettingsError
from rushes.sources.formats.charades import FORMAT
from rushes.store.rejects import Reason

HEADER = "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length"
TABLE = f"""{HEADER}
YSKX3,6RE8,Kitchen,6,7,Yes,"A person, in a kitchen
pours milk.",milk;glass,A person pours.,c092 11.90 21.20;c147 0.00 12.60,32.50
46GP8,HR43,Home Office,7,7,Yes,A person reads.,book,"Reads; leaves",,24.83
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    written(tmp_path / "Charades_v1_480/YSKX3.mp4", b"")
    return written(tmp_path / "Charades_v1_train.csv", TABLE)


def test_videos_are_found_in_the_folder_beside_the_table(table: Path) -> None:
    sources, misfits = found(FORMAT, table)
    folder = table.parent / "Charades_v1_480"
    assert [(s.video_id, s.uri, s.within, s.place) for s in sources] == [
        ("YSKX3", str(folder / "YSKX3.mp4"), str(folder), f"{table.name}:2"),
        ("46GP8", str(folder / "46GP8.mp4"), str(folder), f"{table.name}:4"),
    ]
    assert misfits == []


def test_a_table_whose_videos_lie_beside_it_needs_no_folder(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", TABLE)
    here = written(tmp_path / "46GP8.mp4", b"")
    assert found(FORMAT, table)[0][1].uri == str(here)


def test_videos_elsewhere_are_found_where_a_person_says(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", TABLE)
    here = written(tmp_path / "else/where/YSKX3.mp4", b"")
    assert [s.uri for s in found(FORMAT, table, tmp_path / "else")[0]] == [
        str(here),
        str(tmp_path / "else/46GP8.mp4"),
    ]
    assert found(FORMAT, table, "s3://bucket/charades/")[0][0].uri == "s3://bucket/charades/YSKX3.mp4"


def test_without_any_video_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"t\.csv: .*--media FOLDER"):
        found(FORMAT, written(tmp_path / "t.csv", TABLE))


def test_actions_are_labels_with_their_number_and_the_name_of_their_class(table: Path) -> None:
    written(table.parent / "Charades_v1_classes.txt", "c092 Watching a window\nc147 Someone is cooking\n")
    rows = annotated(FORMAT, found(FORMAT, table)[0][0])
    assert columns(rows.segments, "kind", "class_id", "label", "start_s", "end_s")[1:] == [
        ("label", 92, "c092", 11.9, 21.2),
        ("label", 147, "c147", 0.0, 12.6),
    ]
    assert attributes(rows.segments)[1:] == [{"name": "Watching a window"}, {"name": "Someone is cooking"}]


def test_the_rest_of_a_row_stands_on_the_whole_video(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][0], footage(30))
    assert columns(rows.segments, "kind", "label", "start_s", "end_s")[0] == ("label", None, 0.0, 30.0)
    told = attributes(rows.segments)[0]
    assert told.keys() == set(HEADER.split(",")) - {"id", "actions"}
    assert told["script"] == "A person, in a kitchen\npours milk."


def test_an_action_is_kept_as_given_when_it_ends_after_the_video(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][0], footage(15))
    assert columns(rows.segments, "start_s", "end_s", "start_frame", "end_frame")[1] == (11.9, 21.2, 119, 150)


@pytest.mark.parametrize(
    ("action", "reason"),
    [("c092 9 2", Reason.BAD_SPAN), ("c092 99 100", Reason.OUTSIDE_VIDEO), ("c092 2", Reason.BAD_LINE),
     ("092 2 3", Reason.BAD_LINE), ("c092 2 3 4", Reason.BAD_LINE), ("c092 two 3", Reason.BAD_LINE)],
)  # fmt: skip
def test_an_action_that_makes_no_sense_is_a_reject_others_stay(table: Path, action: str, reason: Reason) -> None:
    table.write_text(TABLE.replace("c092 11.90 21.20", action))
    rows = annotated(FORMAT, found(FORMAT, table)[0][0])
    assert columns(rows.segments, "label")[1:] == [("c147",)]
    assert [reject.reason for reject in rows.rejects] == [reason]


def test_the_same_nonsense_twice_makes_two_rejects_that_can_be_told_apart(table: Path) -> None:
    table.write_text(TABLE.replace("c092 11.90 21.20", "c092;c092"))
    rows = annotated(FORMAT, found(FORMAT, table)[0][0])
    assert len({(reject.item_id, reject.detail) for reject in rows.rejects}) == 2


@pytest.mark.parametrize(("video", "reason"), [("", Reason.BAD_LINE), ("../../x", Reason.FORBIDDEN)])
def test_an_id_that_names_no_file_of_the_folder_is_a_misfit(table: Path, video: str, reason: Reason) -> None:
    table.write_text(TABLE.replace("46GP8", video))
    sources, [misfit] = found(FORMAT, table)
    assert (len(sources), misfit.reason, misfit.place) == (1, reason, f"{table.name}:4")


def test_a_link_out_of_the_folder_is_a_misfit(table: Path) -> None:
    outside = written(table.parent.parent / "outside.mp4", b"")
    (table.parent / "Charades_v1_480/46GP8.mp4").symlink_to(outside)
    sources, [misfit] = found(FORMAT, table)
    assert (len(sources), misfit.reason) == (1, Reason.FORBIDDEN)


@sampled(st.lists(st.tuples(*[st.text('a1.,"/:\n', max_size=9)] * 11), max_size=5))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    quoted = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    folder = tmp_path_factory.mktemp("t")
    path = written(folder / "t.csv", "\n".join([HEADER, *quoted]))
    assert len(lines_of(*found(FORMAT, path, folder))) == len(rows)


ACTIONS = ["c001 1 2", "c002 9 3", "c003 70 80", "c004", "", " ", "x 1 2", "c9999999999 1 2", "c1 nan 2"]


@sampled(st.lists(st.sampled_from(ACTIONS), max_size=6))
def test_every_action_ends_as_a_row_or_a_reject(actions: list[str]) -> None:
    rows = of_text(FORMAT, json.dumps({"id": "v", "actions": ";".join(actions)}))
    assert rows.segments.num_rows + len(rows.rejects) == sum(bool(action.strip()) for action in actions)


@sampled(st.text(max_size=80))
def test_no_text_stops_the_annotations(text: str) -> None:
    assert of_text(FORMAT, text).boxes.num_rows == 0
