"""Kinetics: clips of YouTube's videos, or files that were cut out of them."""

from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, footage, found, lines_of, of_text, written

from rushes.sources.formats.kinetics import FORMAT
from rushes.store.rejects import Reason

TABLE = """label,youtube_id,time_start,time_end,split,is_cc
testifying,---QUuC4vJs,84,94,validate,0
"eating, spaghetti",1K1uq3xgcyU,20,30,train,1
testifying,1K1uq3xgcyU,40.5,50.5,train,1
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "train.csv", TABLE)


def test_a_clip_names_the_page_of_its_video(table: Path) -> None:
    sources, misfits = found(FORMAT, table)
    assert [source.uri for source in sources] == [
        f"https://www.youtube.com/watch?v={name}" for name in ("---QUuC4vJs", "1K1uq3xgcyU", "1K1uq3xgcyU")
    ]
    assert [source.video_id for source in sources] == ["yt---QUuC4vJs", "1K1uq3xgcyU", "1K1uq3xgcyU"]
    assert misfits == []


def test_a_clip_is_a_span_to_be_kept_with_its_label(table: Path) -> None:
    rows = annotated(FORMAT, found(FORMAT, table)[0][1])
    assert columns(rows.segments, "kind", "segment_id", "label", "start_s", "end_s") == [
        ("span", "1K1uq3xgcyU_000020_000030", "eating, spaghetti", 20.0, 30.0)
    ]
    assert attributes(rows.segments) == [{"split": "train", "is_cc": "1"}]


def test_a_whole_video_in_media_is_cut_where_the_row_says(table: Path, tmp_path: Path) -> None:
    here = written(tmp_path / "videos/1K1uq3xgcyU.webm", b"")
    sources, _ = found(FORMAT, table, tmp_path / "videos")
    assert [s.uri for s in sources] == [str(tmp_path / "videos/---QUuC4vJs.mp4"), str(here), str(here)]
    assert sources[1].within == str(tmp_path / "videos")
    assert columns(annotated(FORMAT, sources[1]).segments, "start_s", "end_s") == [(20.0, 30.0)]


def test_a_clip_that_was_cut_out_is_kept_whole_and_tells_where_it_was(table: Path, tmp_path: Path) -> None:
    here = written(tmp_path / "videos/eating/1K1uq3xgcyU_000020_000030.mp4", b"")
    sources, _ = found(FORMAT, table, tmp_path / "videos")
    assert (sources[1].uri, sources[1].video_id) == (str(here), "1K1uq3xgcyU_000020_000030")
    rows = annotated(FORMAT, sources[1], footage(9.9))
    assert columns(rows.segments, "kind", "label", "start_s", "end_s") == [("span", "eating, spaghetti", 0.0, 9.9)]
    assert attributes(rows.segments) == [
        {"youtube_id": "1K1uq3xgcyU", "time_start": "20", "time_end": "30", "split": "train", "is_cc": "1"}
    ]


def test_media_at_an_address_hold_whole_videos(table: Path) -> None:
    assert found(FORMAT, table, "s3://bucket/k700/")[0][1].uri == "s3://bucket/k700/1K1uq3xgcyU.mp4"


@pytest.mark.parametrize(
    "text",
    ["1K1uq3xgcyU,20,30,train\n---QUuC4vJs,84,94,validate\n", "x,1K1uq3xgcyU,20,30,train\ny,---QUuC4vJs,84,94,val\n",
     "label_name,video,start,end,split\nx,1K1uq3xgcyU,20,30,train\n",
     "video,start,end,split\n1K1uq3xgcyU,20,30,train\n",
     "youtube_id,time_start,time_end,split\n1K1uq3xgcyU,20,30,test\n"],
)  # fmt: skip
def test_it_comes_with_a_header_or_without_and_with_labels_or_without(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "t.csv", text)
    assert FORMAT.recognises(path)
    source = found(FORMAT, path)[0][0]
    rows = annotated(FORMAT, source).segments
    label = "x" if "x,1K" in text else None
    assert columns(rows, "segment_id", "label", "start_s") == [("1K1uq3xgcyU_000020_000030", label, 20.0)]


def test_names_of_ones_own_videos_need_a_folder(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "video,start,end,split\nmine,1,2,custom\n")
    sources, [misfit] = found(FORMAT, path)
    assert (sources, misfit.reason) == ([], Reason.BAD_ID)
    assert "--media FOLDER" in misfit.detail
    here = written(tmp_path / "videos/mine.mov", b"")
    assert found(FORMAT, path, tmp_path / "videos")[0][0].uri == str(here)


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [("30", "20", Reason.BAD_SPAN), ("soon", "20", Reason.BAD_SPAN), ("", "", Reason.BAD_SPAN),
     ("70", "80", Reason.OUTSIDE_VIDEO)],
)  # fmt: skip
def test_a_time_that_makes_no_sense_is_a_reject(tmp_path: Path, start: str, end: str, reason: Reason) -> None:
    path = written(tmp_path / "t.csv", f"label,youtube_id,time_start,time_end,split\nx,1K1uq3xgcyU,{start},{end},val\n")
    rows = annotated(FORMAT, found(FORMAT, path)[0][0])
    assert rows.segments.num_rows == 0
    assert [reject.reason for reject in rows.rejects] == [reason]


def test_a_name_that_leads_out_of_media_is_a_misfit(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "video,start,end,split\n../../x,1,2,val\n")
    (tmp_path / "videos").mkdir()
    for media in (tmp_path / "videos", "s3://bucket/k/", "https://host.example/k/"):
        sources, [misfit] = found(FORMAT, path, media)
        assert (sources, misfit.reason) == ([], Reason.FORBIDDEN)


@sampled(st.lists(st.tuples(*[st.text('a1.,"/:\n', max_size=9)] * 5), max_size=5), st.booleans())
def test_every_row_ends_once_and_its_span_too(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], local: bool
) -> None:
    quoted = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    folder = tmp_path_factory.mktemp("t")
    path = written(folder / "t.csv", "\n".join(["label,youtube_id,time_start,time_end,split", *quoted]))
    sources, misfits = found(FORMAT, path, folder if local else None)
    assert len(lines_of(sources, misfits)) == len(rows)
    for source in sources:
        out = annotated(FORMAT, source)
        assert out.segments.num_rows + len(out.rejects) == 1


@sampled(st.text(max_size=80))
def test_no_text_stops_the_annotations(text: str) -> None:
    assert len(of_text(FORMAT, text).rejects) == 1
