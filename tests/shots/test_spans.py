"""Where people marked spans of a video, only these are cut, and nothing else of it is read."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tasks import ingested
from videos import make_video

from rushes.settings import Shots
from rushes.shots.cut import CutVideo
from rushes.shots.spans import Span, spans_of, stretches
from rushes.sources.annotated import Rows
from rushes.sources.footage import Footage
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS
from rushes.store.validation import problems
from rushes.work.step import Task

FPS = 25
LENGTHS = (40, 30, 50)
CUTS = (40, 70)


def shot_picture(number: int) -> np.ndarray:
    """Return a frame of a film whose shots are of unlike places, each seen by a camera that turns slowly."""
    shot = int(np.searchsorted(CUTS, number, side="right"))
    coarse = np.random.default_rng(shot).integers(0, 256, (8, 40, 3)).astype(np.uint8)
    wide = coarse.repeat(8, axis=0).repeat(8, axis=1)
    at = number - (0, *CUTS)[shot]
    return np.ascontiguousarray(wide[:, at : at + 96])


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_video(tmp_path / "v.mp4", sum(LENGTHS), FPS, (96, 64), gop=10, picture=shot_picture)


def segments(*spans: tuple[str | None, int, int], kind: str = "span") -> pa.Table:
    """Return rows of ``annotation_segments``: (name, first frame, one past the last), a line each."""
    n = sum(LENGTHS)
    rows = Rows("set", Footage("v", 96, 64, np.arange(n) / FPS, n / FPS))
    for line, (name, start, end) in enumerate(spans, 1):
        rows.segment(line, kind, start / FPS, end / FPS, segment_id=name)
    found = rows.done()
    assert not found.rejects
    return found.segments


def cut(store: Objects, film: Path, *spans: tuple[str | None, int, int], **settings: Any) -> list[dict[str, Any]]:
    return cut_task(ingested(store, film, "v", {"annotation_segments": segments(*spans)}), **settings)


def cut_task(task: Task, **settings: Any) -> list[dict[str, Any]]:
    rows = CutVideo(Shots(**settings))(task).rows["clips"]
    assert isinstance(rows, list)
    assert problems("clips", CLIPS.from_rows(rows)) == []
    return rows


def told(rows: Sequence[dict[str, Any]]) -> list[tuple[int, int, str | None]]:
    return [(row["start_frame"], row["end_frame"], row["span"]) for row in rows]


@pytest.mark.parametrize("method", ["adaptive", "transnet"])
def test_only_spans_become_clips_cut_where_shots_change_in_them(store: Objects, film: Path, method: str) -> None:
    rows = cut(store, film, ("late", 52, 110), ("early", 5, 30), method=method)
    assert told(rows) == [(5, 30, "early"), (52, 70, "late"), (70, 110, "late")]
    assert [row["score"] is None for row in rows] == [True, True, False]
    assert rows[0]["clip_id"] == "v.000005-000030"
    assert (rows[0]["start_s"], rows[-1]["end_s"]) == pytest.approx((0.2, 4.4))


def test_a_video_without_spans_is_cut_whole(store: Objects, film: Path) -> None:
    borders = [0, *CUTS, sum(LENGTHS)]
    whole = [(start, end, None) for start, end in pairwise(borders)]
    assert told(cut(store, film)) == whole
    labels = {"annotation_segments": segments(("a", 0, 20), kind="label")}
    assert told(cut_task(ingested(store, film, "v", labels))) == whole


def test_spans_that_overlap_give_clips_of_their_own(store: Objects, film: Path) -> None:
    rows = cut(store, film, ("one", 20, 60), ("two", 30, 100))
    assert told(rows) == [(20, 40, "one"), (30, 40, "two"), (40, 60, "one"), (40, 70, "two"), (70, 100, "two")]


def test_clips_of_the_same_frames_are_one_under_the_name_given_first(store: Objects, film: Path) -> None:
    rows = cut(store, film, ("first", 10, 60), ("again", 10, 60), ("part", 40, 60))
    assert told(rows) == [(10, 40, "first"), (40, 60, "first")]


def test_a_span_without_a_name_is_named_by_its_line(store: Objects, film: Path) -> None:
    assert told(cut(store, film, (None, 0, 20), (None, 80, 100))) == [(0, 20, "set.1.0"), (80, 100, "set.2.0")]


def test_spans_that_follow_one_another_are_cut_at_their_border_and_at_shots(store: Objects, film: Path) -> None:
    rows = cut(store, film, ("a", 20, 50), ("b", 50, 90))
    assert told(rows) == [(20, 40, "a"), (40, 50, "a"), (50, 70, "b"), (70, 90, "b")]


def test_what_lies_outside_of_spans_is_not_even_read(store: Objects, film: Path) -> None:
    task = ingested(store, film, "v", {"annotation_segments": segments(("late", 80, 120))})
    media = Path(store.full_uri(task.video["media_uri"]))
    data = bytearray(media.read_bytes())
    for packet in task.rows["packets"].to_pylist():
        if packet["frame"] < 70:
            data[packet["pos"] : packet["pos"] + packet["size"]] = bytes(packet["size"])
    media.write_bytes(data)
    assert told(cut_task(task)) == [(80, 120, "late")]


def test_spans_left_whole_are_the_clips(store: Objects, film: Path) -> None:
    rows = cut(store, film, ("a", 10, 60), ("b", 50, 90), method="whole")
    assert told(rows) == [(10, 60, "a"), (50, 90, "b")]


def test_strides_are_counted_from_each_span_s_beginning(store: Objects, film: Path) -> None:
    rows = cut(store, film, ("a", 10, 70), ("b", 50, 90), method="stride", stride_s=1)
    assert told(rows) == [(10, 35, "a"), (35, 60, "a"), (50, 75, "b"), (60, 70, "a"), (75, 90, "b")]


some_spans = st.lists(
    st.tuples(st.integers(0, 119), st.integers(1, 60)).map(lambda s: (s[0], min(s[0] + s[1], 120))), max_size=8
)


@given(some_spans)
def test_stretches_cover_what_spans_cover_each_frame_once(ranges: list[tuple[int, int]]) -> None:
    found = stretches(ranges)
    assert sorted({n for start, end in ranges for n in range(start, end)}) == [n for s, e in found for n in range(s, e)]
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(some_spans)
def test_spans_come_in_order_of_lines_and_none_is_lost(ranges: list[tuple[int, int]]) -> None:
    table = segments(*((f"s{at}", *one) for at, one in enumerate(ranges)))
    expected = [Span(f"s{at}", *one) for at, one in enumerate(ranges)] or [Span(None, 0, 120)]
    shuffled = table.take(np.random.default_rng(len(ranges)).permutation(len(table)))
    assert spans_of(shuffled, 120) == expected
