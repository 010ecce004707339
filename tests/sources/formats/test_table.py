"""A plain table of videos, and which of the formats each file is taken for."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.errors import SettingsError
from rushes.sources.formats.ava import FORMAT as AVA
from rushes.sources.formats.charades import FORMAT as CHARADES
from rushes.sources.formats.hdvila import FORMAT as HDVILA
from rushes.sources.formats.kinetics import FORMAT as KINETICS
from rushes.sources.formats.known import FORMATS, recognise
from rushes.sources.formats.mediasequence import FORMAT as MEDIASEQUENCE
from rushes.sources.formats.table import FORMAT
from rushes.sources.formats.youtube import FORMAT as YOUTUBE
from rushes.sources.source import Format
from rushes.store.rejects import Reason


def test_addresses_and_paths_are_taken_and_named(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.csv",
        "uri,video_id\nhttps://host.example/a.mp4?x=1,first\ns3://bucket/deep/b.mov,\ntrain/c.mp4,\n"
        "https://youtu.be/-5KQ66BBWC4,\n",
    )
    sources, misfits = found(FORMAT, path)
    assert [(s.uri, s.video_id, s.within) for s in sources] == [
        ("https://host.example/a.mp4?x=1", "first", None),
        ("s3://bucket/deep/b.mov", "b", None),
        (str(tmp_path / "train/c.mp4"), "train-c", str(tmp_path)),
        ("https://www.youtube.com/watch?v=-5KQ66BBWC4", "yt-5KQ66BBWC4", None),
    ]
    assert misfits == []


@pytest.mark.parametrize("column", ["uri", "url", "path", "file", "video", "URI", " Url "])
@pytest.mark.parametrize("named", ["video_id", "id", "name"])
def test_columns_have_several_names(tmp_path: Path, column: str, named: str) -> None:
    path = written(tmp_path / "t.csv", f"{named},{column}\nmine,a.mp4\n")
    assert FORMAT.recognises(path)
    assert [(s.uri, s.video_id) for s in found(FORMAT, path)[0]] == [(str(tmp_path / "a.mp4"), "mine")]


def test_paths_are_below_the_media_a_person_names(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "uri\ntrain/c d.mp4\n")
    (tmp_path / "films").mkdir()
    assert found(FORMAT, path, tmp_path / "films")[0][0].uri == str(tmp_path / "films/train/c d.mp4")
    assert found(FORMAT, path, "s3://bucket/films/")[0][0].uri == "s3://bucket/films/train/c d.mp4"
    assert found(FORMAT, path, "https://h.example/f/")[0][0].uri == "https://h.example/f/train/c%20d.mp4"


def test_rows_with_times_are_spans_and_others_labels_of_the_whole_video(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.csv",
        "uri,start_s,end_s,label,weather\na.mp4,1.5,4,cats,\na.mp4,10,,,rain\na.mp4,,3,,\na.mp4,,,dogs,sun\na.mp4,,,,\n",
    )
    rows = [annotated(FORMAT, source, footage(20)) for source in found(FORMAT, path)[0]]
    assert [columns(r.segments, "kind", "start_s", "end_s", "label") for r in rows] == [
        [("span", 1.5, 4.0, "cats")],
        [("span", 10.0, 20.0, None)],
        [("span", 0.0, 3.0, None)],
        [("label", 0.0, 20.0, "dogs")],
        [],
    ]
    assert [attributes(r.segments) for r in rows[:4]] == [[{}], [{"weather": "rain"}], [{}], [{"weather": "sun"}]]
    assert all(r.rejects == () for r in rows)


@pytest.mark.parametrize(
    ("times", "reason"), [("4,2", Reason.BAD_SPAN), ("x,2", Reason.BAD_SPAN), ("90,99", Reason.OUTSIDE_VIDEO)]
)
def test_times_that_make_no_sense_are_rejects(tmp_path: Path, times: str, reason: Reason) -> None:
    path = written(tmp_path / "t.csv", f"uri,start_s,end_s\na.mp4,{times}\n")
    rows = annotated(FORMAT, found(FORMAT, path)[0][0])
    assert (rows.segments.num_rows, [reject.reason for reject in rows.rejects]) == (0, [reason])


@pytest.mark.parametrize(
    ("uri", "video_id", "reason"),
    [("a.mp4", "../x", Reason.BAD_ID), ("a.mp4", "x" * 200, Reason.BAD_ID), ("a.mp4", "a b", Reason.BAD_ID),
     ("../a.mp4", "", Reason.FORBIDDEN), ("/etc/passwd", "", Reason.FORBIDDEN), ("", "x", Reason.BAD_LINE),
     ("file:///etc/passwd", "", Reason.FORBIDDEN), ("gopher://h/x", "", Reason.FORBIDDEN),
     ("https://user:secret@h.example/a.mp4", "", Reason.FORBIDDEN), ("x\0y", "", Reason.FORBIDDEN)],
)  # fmt: skip
def test_what_must_not_be_named_is_a_misfit(tmp_path: Path, uri: str, video_id: str, reason: Reason) -> None:
    path = written(tmp_path / "t.csv", f"uri,video_id\n{uri},{video_id}\nb.mp4,b\n")
    [source], [misfit] = found(FORMAT, path)
    assert (source.video_id, misfit.reason, misfit.place) == ("b", reason, "t.csv:2")
    if reason is Reason.BAD_ID:
        assert "use letters, digits" in misfit.detail


def test_a_table_without_a_column_for_videos_stops_with_one_line(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "where,label\na.mp4,x\n")
    assert not FORMAT.recognises(path)
    with pytest.raises(SettingsError, match="call it one of uri, url, path"):
        found(FORMAT, path)


def test_parquet_is_a_table_and_its_values_stay_what_they_are(tmp_path: Path) -> None:
    table = pa.table(
        {
            "uri": ["a.mp4", "b.mp4", None],
            "start_s": [1.5, float("nan"), 0.0],
            "label": [3, None, 4],
            "views": [10, 20, 30],
            "day": [date(2024, 1, 2)] * 3,
            "raw": [b"\x01\xff"] * 3,
            "tags": [["x", None], [], []],
            "best": [float("inf")] * 3,
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1)
    assert FORMAT.recognises(tmp_path / "t.parquet")
    sources, [misfit] = found(FORMAT, tmp_path / "t.parquet")
    assert (misfit.place, misfit.reason) == ("t.parquet:3", Reason.BAD_LINE)
    first, second = (annotated(FORMAT, source, footage(20)).segments for source in sources)
    assert columns(first, "kind", "start_s", "end_s", "label") == [("span", 1.5, 20.0, "3")]
    assert columns(second, "kind", "start_s", "end_s", "label") == [("label", 0.0, 20.0, None)]
    assert attributes(first) == [{"views": 10, "day": "2024-01-02", "raw": "01ff", "tags": ["x", None], "best": "inf"}]


def test_damaged_parquet_stops_with_one_line(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", b"PAR1" + b"x" * 100 + b"PAR1")
    assert FORMAT.recognises(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        found(FORMAT, path)


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.jsonl",
        '{"uri": "a.mp4", "id": "x", "start_s": 1, "end_s": 2.5, "n": 3}\nnonsense\n{"n": 3}\n{"uri": 7}\n',
    )
    assert FORMAT.recognises(path)
    [source], misfits = found(FORMAT, path)
    rows = annotated(FORMAT, source)
    assert (source.video_id, columns(rows.segments, "kind", "start_s", "end_s")) == ("x", [("span", 1.0, 2.5)])
    assert attributes(rows.segments) == [{"n": 3}]
    assert [misfit.place for misfit in misfits] == ["t.jsonl:2", "t.jsonl:3", "t.jsonl:4"]


def test_json_lines_that_begin_badly_lose_that_line_only(tmp_path: Path) -> None:
    [source], [misfit] = found(FORMAT, written(tmp_path / "t.jsonl", '{"uri": \n{"uri": "a.mp4"}\n'))
    assert (source.place, misfit.place) == ("t.jsonl:2", "t.jsonl:1")


FILES = {
    MEDIASEQUENCE: "url,label index,label string,duration,credits\nhttps://h.example/a.mp4,0,nebula,50,x\n",
    CHARADES: "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
    "YSKX3,6RE8,Kitchen,6,7,Yes,Pours.,milk,Pours.,c092 1 2,32.5\n",
    KINETICS: "label,youtube_id,time_start,time_end,split\nx,---QUuC4vJs,84,94,validate\n",
    AVA: "-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1\n",
    FORMAT: "uri,label\nhttps://h.example/a.mp4,x\n",
    YOUTUBE: "---QUuC4vJs\nhttps://youtu.be/-5KQ66BBWC4\n",
    HDVILA: '{"video_id": "a", "url": "https://h.example/a.mp4", '
    '"clip": [{"clip_id": "a.0.mp4", "span": ["0:00:01", "0:00:02"]}]}\n',
}


@pytest.mark.parametrize("form", FILES, ids=lambda form: form.name)
def test_each_file_is_taken_for_its_own_format_only(tmp_path: Path, form: Format) -> None:
    path = written(tmp_path / "manifest.txt", FILES[form])
    assert [other.name for other in FORMATS.values() if other.recognises(path)] == [form.name]
    assert recognise(path) is form


@pytest.mark.parametrize(
    "text", ["video,start,end,split\nx,1,2,val\n", "label_name,video,start,end,split\ny,x,1,2,val"]
)
def test_mediasequences_own_kinetics_tables_are_no_plain_tables(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "t.csv", text)
    assert KINETICS.recognises(path)
    assert not FORMAT.recognises(path)


@sampled(st.one_of(st.binary(max_size=80), st.text('uri,l;\t"{}[]:\n1.', max_size=60).map(str.encode)))
def test_no_bytes_stop_the_telling_of_formats(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = written(tmp_path_factory.mktemp("t") / "t.csv", data)
    assert sum(form.recognises(path) for form in FORMATS.values()) <= 1


@sampled(st.lists(st.tuples(*[st.text('a1.,"/:\n', max_size=9)] * 5), max_size=5))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    quoted = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    path = written(tmp_path_factory.mktemp("t") / "t.csv", "\n".join(["uri,id,start_s,end_s,n", *quoted]))
    sources, misfits = found(FORMAT, path)
    assert len(lines_of(sources, misfits)) == len(rows)
    for source in sources:
        row = json.loads(source.slices[0].lines[0][1])
        out = annotated(FORMAT, source)
        says = any((row[name].strip() if name != "n" else row[name]) for name in ("start_s", "end_s", "n"))
        assert out.segments.num_rows + len(out.rejects) == says


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@sampled(st.dictionaries(st.sampled_from(["uri", "id", "start_s", "end_s", "label", "n"]), VALUE))
def test_every_json_object_that_says_something_ends_as_a_row_or_a_reject(row: dict[str, object]) -> None:
    out = of_text(FORMAT, json.dumps(row))
    said = [row.get(name) for name in ("start_s", "end_s", "label")]
    says = row.get("n") not in (None, "") or any(value is not None and str(value).strip() for value in said)
    assert out.segments.num_rows + len(out.rejects) == says


@sampled(st.text(max_size=80))
def test_no_text_stops_the_annotations(text: str) -> None:
    assert of_text(FORMAT, text).boxes.num_rows == 0
