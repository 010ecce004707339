"""HD-VILA-100M: pages of videos, and the spans of them that are to be cut."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, found, lines_of, of_text, written

from rushes.sources.formats.hdvila import FORMAT, seconds
from rushes.store.rejects import Reason

VIDEO = {
    "video_id": "-RE2OzGmt6E",
    "url": "https://www.youtube.com/watch?v=-RE2OzGmt6E",
    "clip": [
        {"clip_id": "-RE2OzGmt6E.0.mp4", "span": ["0:00:08.160", "0:00:13.080"]},
        {"clip_id": "-RE2OzGmt6E.1.mp4", "span": ["00:00:30", 41.5], "score": 0.5},
    ],
}
OTHER = {"video_id": "other", "url": "http://example.org/films/one.webm", "clip": []}


def json_lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("layout", ["lines", "array", "pretty"])
def test_a_video_is_named_by_its_page_and_keeps_its_line(tmp_path: Path, layout: str) -> None:
    text = (
        json_lines(VIDEO, OTHER) if layout == "lines" else json.dumps([VIDEO, OTHER], indent=2 * (layout == "pretty"))
    )
    path = written(tmp_path / "part0.jsonl", text)
    assert FORMAT.recognises(path)
    sources, misfits = found(FORMAT, path)
    assert [(source.uri, source.video_id, source.place) for source in sources] == [
        ("https://www.youtube.com/watch?v=-RE2OzGmt6E", "yt-RE2OzGmt6E", "part0.jsonl:1"),
        ("http://example.org/films/one.webm", "other", "part0.jsonl:2"),
    ]
    [lines] = sources[0].slices
    assert (lines.annotation, lines.origin) == ("hdvila", "part0.jsonl")
    assert [(number, json.loads(line)) for number, line in lines.lines] == [(1, VIDEO)]
    assert misfits == []


def test_each_clip_is_a_span_to_be_cut(tmp_path: Path) -> None:
    [source], _ = found(FORMAT, written(tmp_path / "part0.jsonl", json_lines({**VIDEO, "title": "a film"})))
    rows = annotated(FORMAT, source)
    assert columns(rows.segments, "kind", "segment_id", "start_s", "end_s", "start_frame", "end_frame", "item") == [
        ("span", "-RE2OzGmt6E.0.mp4", 8.16, 13.08, 82, 131, 0),
        ("span", "-RE2OzGmt6E.1.mp4", 30.0, 41.5, 300, 415, 1),
    ]
    assert attributes(rows.segments) == [{"title": "a film"}, {"title": "a film", "score": 0.5}]
    assert (len(rows.boxes), rows.rejects) == (0, ())


def test_in_media_a_video_is_found_by_its_id(tmp_path: Path) -> None:
    here = written(tmp_path / "media/-R/-RE2OzGmt6E.mkv", b"")
    [one, two], _ = found(FORMAT, written(tmp_path / "part0.jsonl", json_lines(VIDEO, OTHER)), tmp_path / "media")
    assert (one.uri, one.video_id, one.within) == (str(here), "yt-RE2OzGmt6E", str(tmp_path / "media"))
    assert (two.uri, two.video_id) == (str(tmp_path / "media/other.mp4"), "other")
    [one, _], _ = found(FORMAT, tmp_path / "part0.jsonl", "s3://bucket/videos/")
    assert (one.uri, one.within) == ("s3://bucket/videos/-RE2OzGmt6E.mp4", None)


def test_a_video_without_an_address_is_one_of_youtube(tmp_path: Path) -> None:
    text = json_lines({"video_id": "-RE2OzGmt6E", "clip": []}, {"url": "https://youtu.be/-RE2OzGmt6E", "clip": []})
    sources, _ = found(FORMAT, written(tmp_path / "part0.jsonl", text))
    page = ("https://www.youtube.com/watch?v=-RE2OzGmt6E", "yt-RE2OzGmt6E")
    assert [(source.uri, source.video_id) for source in sources] == [page, page]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no json", Reason.BAD_LINE),
        ("[1, 2]", Reason.BAD_LINE),
        ('{"clip": []}', Reason.BAD_LINE),
        ('{"video_id": 12, "clip": []}', Reason.BAD_LINE),
        ('{"video_id": "abc", "clip": []}', Reason.BAD_ID),
        ('{"video_id": "../abc", "url": "https://example.org/a.mp4"}', Reason.BAD_ID),
        ('{"video_id": "abc", "url": "file:///etc/passwd"}', Reason.FORBIDDEN),
        ('{"video_id": "abc", "url": "../../etc/passwd"}', Reason.FORBIDDEN),
    ],
)
def test_a_line_that_names_no_video_is_a_misfit_and_the_others_stay(tmp_path: Path, line: str, reason: Reason) -> None:
    sources, misfits = found(
        FORMAT, written(tmp_path / "part0.jsonl", json_lines(VIDEO) + line + "\n" + json_lines(OTHER))
    )
    assert len(sources) == 2
    assert [(misfit.place, misfit.reason, misfit.text) for misfit in misfits] == [("part0.jsonl:2", reason, line)]


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        ({"clip_id": "a", "span": ["0:00:08", "8 s"]}, Reason.BAD_SPAN),
        ({"clip_id": "a", "span": ["0:00:08"]}, Reason.BAD_SPAN),
        ({"clip_id": "a"}, Reason.BAD_SPAN),
        ({"clip_id": "a", "span": ["0:00:09", "0:00:08"]}, Reason.BAD_SPAN),
        ({"clip_id": "a", "span": ["0:02:00", "0:03:00"]}, Reason.OUTSIDE_VIDEO),
        ("a", Reason.BAD_LINE),
    ],
)
def test_a_clip_that_cannot_be_cut_is_a_reject_and_the_others_stay(clip: Any, reason: Reason) -> None:
    rows = of_text(FORMAT, json.dumps({**VIDEO, "clip": [*VIDEO["clip"], clip]}))
    assert len(rows.segments) == 2
    assert [reject.reason for reject in rows.rejects] == [reason]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("0:00:08.160", 8.16),
        ("00:01:02", 62.0),
        ("1:02", 62.0),
        ("62.5", 62.5),
        (" 10:00:00.001 ", 36000.001),
        (3, 3.0),
        (2.5, 2.5),
        ("75:00", 4500.0),
        ("0:75:00", None),
        ("0:00:60", None),
        ("-1", None),
        (-1, None),
        ("1e3", None),
        ("8,160", None),
        ("", None),
        (":08", None),
        ("٣", None),
        (True, None),
        (None, None),
        (math.nan, None),
        (10**400, None),
    ],
)
def test_times_are_read_in_all_their_ways_of_writing(value: Any, wanted: float | None) -> None:
    assert seconds(value) == wanted


@sampled(st.integers(0, 100 * 3600 * 1000 - 1))
def test_times_of_day_come_back_to_the_millisecond(ms: int) -> None:
    text = f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
    assert round(seconds(text) * 1000) == ms
    assert abs(seconds(text) - ms / 1000) < 1e-9


values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["0:00:01", "0:00:02"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["video_id", "url", "clip", "clip_id", "span", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@sampled(st.lists(values, max_size=5))
def test_every_line_is_one_video_or_one_misfit_and_every_clip_one_row_or_reject(records: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sources, misfits = found(FORMAT, written(Path(folder) / "part0.jsonl", "{}\n" + json_lines(*records)))
    assert lines_of(sources, misfits) == list(range(1, len(records) + 2))
    for source in sources:
        record = json.loads(source.slices[0].lines[0][1])
        rows = annotated(FORMAT, source)
        clips = record.get("clip", [])
        assert len(rows.segments) + len(rows.rejects) == (len(clips) if isinstance(clips, list) else 1)


@sampled(st.binary(max_size=200))
def test_no_bytes_crash_it(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "part0.jsonl", b'{"video_id": "' + data)
        FORMAT.recognises(path)
        found(FORMAT, path)
