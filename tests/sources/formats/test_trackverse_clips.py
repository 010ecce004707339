"""TrackVerse's clip lines: each names a span of a YouTube video."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import annotated, attributes, columns, found, lines_of, of_text, written

from rushes.sources.formats.trackverse_clips import FORMAT
from rushes.store.rejects import Reason

LINES = """{"clip_id": "Cmlo7hH5wZg.6.mp4", "duration": ["0:00:08.160", "0:00:13.080"]}
{"clip_id": "Cmlo7hH5wZg.7.mp4", "duration": [20, 21.5], "split": "train"}
{"clip_id": "-hYBs0-_x5s.1.mp4", "duration": ["1", "2"]}
"""


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return written(tmp_path / "clips.jsonl", LINES)


def test_each_line_names_a_video_by_the_id_that_its_clip_begins_with(clips: Path) -> None:
    assert FORMAT.recognises(clips)
    sources, misfits = found(FORMAT, clips)
    page = "https://www.youtube.com/watch?v="
    assert [(source.uri, source.video_id, source.place) for source in sources] == [
        (f"{page}Cmlo7hH5wZg", "Cmlo7hH5wZg", "clips.jsonl:1"),
        (f"{page}Cmlo7hH5wZg", "Cmlo7hH5wZg", "clips.jsonl:2"),
        (f"{page}-hYBs0-_x5s", "yt-hYBs0-_x5s", "clips.jsonl:3"),
    ]
    assert misfits == []


def test_a_clip_is_a_span_to_be_cut(clips: Path) -> None:
    sources, _ = found(FORMAT, clips)
    [first, second] = [annotated(FORMAT, source).segments for source in sources[:2]]
    wanted = ("kind", "segment_id", "start_s", "end_s", "line")
    assert columns(first, *wanted) == [("span", "Cmlo7hH5wZg.6.mp4", 8.16, 13.08, 1)]
    assert columns(second, *wanted) == [("span", "Cmlo7hH5wZg.7.mp4", 20.0, 21.5, 2)]
    assert attributes(second) == [{"split": "train"}]


def test_videos_that_lie_in_media_are_taken_from_there(clips: Path, tmp_path: Path) -> None:
    here = written(tmp_path / "media/Cm/Cmlo7hH5wZg.mp4", b"")
    sources, _ = found(FORMAT, clips, tmp_path / "media")
    assert [source.uri for source in sources] == [str(here), str(here), str(tmp_path / "media/-hYBs0-_x5s.mp4")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"duration": [1, 2]}', Reason.BAD_ID),
        ('{"clip_id": "short.1.mp4", "duration": [1, 2]}', Reason.BAD_ID),
        ('{"clip_id": "Cmlo7hH5wZgX.1.mp4", "duration": [1, 2]}', Reason.BAD_ID),
        ('{"clip_id": "../../etc/x.1.mp4", "duration": [1, 2]}', Reason.BAD_ID),
        ('{"clip_id": 5, "duration": [1, 2]}', Reason.BAD_ID),
        ('{"clip_id"', Reason.BAD_LINE),
    ],
)
def test_a_line_that_names_no_video_is_a_misfit(tmp_path: Path, line: str, reason: Reason) -> None:
    sources, misfits = found(FORMAT, written(tmp_path / "clips.jsonl", f"{line}\n{LINES}"))
    assert len(sources) == 3
    assert [(misfit.place, misfit.reason, misfit.text) for misfit in misfits] == [("clips.jsonl:1", reason, line)]


@pytest.mark.parametrize("duration", [None, "1", [1], [1, 2, 3], ["a", "b"], [2, 1], [1, 1], [70, 80]])
def test_a_duration_that_cannot_be_cut_is_a_reject(duration: Any) -> None:
    rows = of_text(FORMAT, json.dumps({"clip_id": "Cmlo7hH5wZg.6.mp4", "duration": duration}))
    assert (len(rows.segments), len(rows.rejects)) == (0, 1)


@sampled(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "clip_id": st.sampled_from(["Cmlo7hH5wZg.6.mp4", "no"]) | st.text() | st.integers(),
                "duration": st.lists(st.integers(0, 70) | st.text(max_size=3), max_size=3) | st.none(),
            },
        )
        | st.integers(),
        max_size=6,
    )
)
def test_every_line_is_one_video_or_one_misfit_and_every_clip_one_row_or_reject(records: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(json.dumps(record) + "\n" for record in records)
        sources, misfits = found(FORMAT, written(Path(folder) / "clips.jsonl", text))
    assert lines_of(sources, misfits) == list(range(1, len(records) + 1))
    for source in sources:
        rows = annotated(FORMAT, source)
        assert len(rows.segments) + len(rows.rejects) == 1
