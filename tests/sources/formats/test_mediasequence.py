"""MediaSequence's demo CSV: clips of ten seconds, each with the video's label."""

from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.sources.formats.mediasequence import FORMAT
from rushes.store.rejects import Reason

TRAIN = """url,label index,label string,duration,credits
https://cdn.example.org/videos/heic1608c.mp4,0,nebula,50,"ESA/Hubble; Music: Johan B. Monell"
https://cdn.example.org/videos/heic1301b.m4v,1,galaxy,56,"NASA, ESA, Digitized Sky Survey"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "train.csv", TRAIN)


def test_each_row_names_a_video_by_the_name_of_its_file(table: Path) -> None:
    sources, misfits = found(FORMAT, table)
    assert [(s.uri, s.video_id, s.place, s.within) for s in sources] == [
        ("https://cdn.example.org/videos/heic1608c.mp4", "heic1608c", "train.csv:2", None),
        ("https://cdn.example.org/videos/heic1301b.m4v", "heic1301b", "train.csv:3", None),
    ]
    assert misfits == []


def test_a_path_is_one_below_the_table(tmp_path: Path) -> None:
    path = written(tmp_path / "train.csv", TRAIN.replace("https://cdn.example.org/", ""))
    sources, _ = found(FORMAT, path)
    assert (sources[0].uri, sources[0].video_id) == (str(tmp_path / "videos/heic1608c.mp4"), "heic1608c")
    assert sources[0].within == str(tmp_path)


def test_media_that_were_fetched_already_are_taken_from_their_folder(table: Path, tmp_path: Path) -> None:
    here = written(tmp_path / "fetched/heic1608c.mp4", b"")
    sources, _ = found(FORMAT, table, tmp_path / "fetched")
    assert [s.uri for s in sources] == [str(here), "https://cdn.example.org/videos/heic1301b.m4v"]
    assert sources[0].within == str(tmp_path / "fetched")


def test_clips_are_spans_and_labels_of_ten_seconds_named_as_there(table: Path) -> None:
    source = found(FORMAT, table)[0][1]
    rows = annotated(FORMAT, source, footage(60)).segments
    told = columns(rows, "kind", "segment_id", "class_id", "label", "start_s", "end_s")
    spans = [row for row in told if row[0] == "span"]
    assert spans == [
        ("span", f"heic1301b.m4v_{start}", 1, "galaxy", float(start), float(min(start + 10, 56)))
        for start in range(0, 56, 10)
    ]
    labels = [row[1:] for row in columns(rows, "kind", "segment_id", "start_s", "end_s") if row[0] == "label"]
    assert labels == [(name, start, end) for _, name, _, _, start, end in spans]
    assert attributes(rows)[0]["credits"] == "NASA, ESA, Digitized Sky Survey"


def test_the_last_clip_ends_with_the_video(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][0], footage(34.5))
    assert columns(rows.segments, "start_s", "end_s")[-1] == (30.0, 34.5)
    assert rows.rejects == ()


@pytest.mark.parametrize(("duration", "rejects"), [("", []), ("soon", [Reason.BAD_SPAN]), ("-3", [Reason.BAD_SPAN])])
def test_without_a_duration_the_whole_video_is_cut(tmp_path: Path, duration: str, rejects: list[Reason]) -> None:
    path = written(tmp_path / "t.csv", f"url,label index,label string,duration,credits\na.mp4,0,x,{duration},\n")
    rows = annotated(FORMAT, found(FORMAT, path)[0][0], footage(25))
    assert rows.segments.num_rows == 6
    assert [reject.reason for reject in rows.rejects] == rejects


def test_an_index_that_is_no_number_is_a_reject_and_the_label_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "url,label index,label string,duration,credits\na.mp4,many,x,5,\n")
    rows = annotated(FORMAT, found(FORMAT, path)[0][0])
    assert columns(rows.segments, "class_id", "label") == [(None, "x")] * 2
    assert [reject.reason for reject in rows.rejects] == [Reason.BAD_LINE]


@pytest.mark.parametrize(
    ("url", "reason"),
    [("", Reason.BAD_LINE), ("../../etc/passwd", Reason.FORBIDDEN), ("/etc/passwd", Reason.FORBIDDEN),
     ("file:///etc/passwd", Reason.FORBIDDEN), ("ftp://host/a.mp4", Reason.FORBIDDEN)],
)  # fmt: skip
def test_what_must_not_be_named_is_a_misfit(tmp_path: Path, url: str, reason: Reason) -> None:
    path = written(tmp_path / "t.csv", f"url,label index,label string,duration,credits\n{url},0,x,5,\n")
    sources, [misfit] = found(FORMAT, path)
    assert (sources, misfit.reason, misfit.place) == ([], reason, "t.csv:2")


@sampled(st.lists(st.tuples(*[st.text('a1.,"/:\n', max_size=9)] * 5), max_size=5))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    header = TRAIN.partition("\n")[0]
    quoted = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    path = written(tmp_path_factory.mktemp("t") / "t.csv", "\n".join([header, *quoted]))
    assert len(lines_of(*found(FORMAT, path))) == len(rows)


@sampled(st.text(max_size=80))
def test_no_text_stops_the_annotations(text: str) -> None:
    assert of_text(FORMAT, text).segments.num_rows > 0
