"""Clips cover a video without gaps and begin where its shots do."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tasks import ingested
from videos import make_video

from rushes.settings import Shots, parse
from rushes.shots.cut import CutVideo, clip_rows
from rushes.shots.detector import Cut
from rushes.shots.spans import Span
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS
from rushes.store.validation import problems
from rushes.work.step import Task

BIKES = [(0, 30), (30, 76), (76, 137), (137, 187), (187, 242), (242, 250)]


def shot_picture(shot: int, step: int, width: int = 96, height: int = 64) -> np.ndarray:
    """Return a picture of one of many places, seen by a camera that turns slowly."""
    place = np.random.default_rng(shot)
    coarse = place.integers(0, 256, (8, 30, 3)).astype(np.uint8)
    wide = coarse.repeat(height // 8, axis=0).repeat(height // 8, axis=1)
    return np.ascontiguousarray(wide[:, step : step + width])


def film(path: Path, lengths: Sequence[int]) -> Path:
    pictures = [shot_picture(shot, step) for shot, length in enumerate(lengths) for step in range(length)]
    return make_video(path, len(pictures), size=(96, 64), gop=250, picture=pictures.__getitem__)


def cut(task: Task, **settings: Any) -> list[dict[str, Any]]:
    rows = CutVideo(Shots(**settings))(task).rows["clips"]
    assert isinstance(rows, list)
    assert problems("clips", CLIPS.from_rows(rows)) == []
    return rows


def ranges(rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(row["start_frame"], row["end_frame"]) for row in rows]


@pytest.mark.parametrize("method", ["adaptive", "content", "histogram", "transnet"])
def test_the_shots_of_a_real_clip_are_found(store: Objects, bikes: Path, method: str) -> None:
    rows = cut(ingested(store, bikes, "bikes"), method=method)
    assert ranges(rows) == BIKES
    assert rows[0]["score"] is None
    assert all(row["score"] > 0 for row in rows[1:])
    assert {row["method"] for row in rows} == {method}
    assert [row["clip_id"] for row in rows[:2]] == ["bikes.000000-000030", "bikes.000030-000076"]
    assert rows[-1]["end_s"] == pytest.approx(10.0)


@pytest.mark.parametrize("lengths", [[30, 25, 40], [20, 20], [60]])
def test_hard_cuts_of_a_made_film_are_found(store: Objects, tmp_path: Path, lengths: list[int]) -> None:
    ends = np.cumsum(lengths).tolist()
    rows = cut(ingested(store, film(tmp_path / "v.mp4", lengths), "v"))
    assert ranges(rows) == list(pairwise([0, *ends]))


def test_shots_shorter_than_the_least_length_stay_with_their_neighbour(store: Objects, tmp_path: Path) -> None:
    task = ingested(store, film(tmp_path / "v.mp4", [30, 6, 30]), "v")
    assert ranges(cut(task, min_shot_frames=5)) == [(0, 30), (30, 36), (36, 66)]
    assert len(cut(task, min_shot_frames=20)) == 2


@pytest.mark.parametrize("gradual", [False, True])
@pytest.mark.parametrize("method", get_args(Shots.model_fields["method"].annotation))
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_video_of_few_frames_is_one_clip(
    store: Objects, tmp_path: Path, method: str, count: int, gradual: bool
) -> None:
    rows = cut(ingested(store, make_video(tmp_path / "v.mp4", count), "v"), method=method, gradual=gradual)
    assert ranges(rows) == [(0, count)]
    assert rows[0]["end_s"] == pytest.approx(count / 25)


def test_one_detector_serves_many_videos(store: Objects, tmp_path: Path) -> None:
    compute = CutVideo(Shots())
    one = ingested(store, film(tmp_path / "one.mp4", [30, 30]), "one")
    two = ingested(store, film(tmp_path / "two.mp4", [25, 40]), "two")
    first = compute(one).rows["clips"]
    assert compute(two).rows["clips"] == CutVideo(Shots())(two).rows["clips"]
    assert compute(one).rows["clips"] == first


@given(st.integers(1, 60), st.data())
def test_clips_follow_one_another_from_the_first_frame_to_the_last(count: int, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(1, count - 1), unique=True) if count > 1 else st.just([]))
    steps = data.draw(st.lists(st.integers(1, 90), min_size=count, max_size=count))
    times = np.cumsum([0, *steps]) / 1000 + 5
    video = {"video_id": "v", "duration_s": times[-1] - times[0]}
    rows = clip_rows(video, times[:-1], [Cut(at, at / 2) for at in cuts], "made", Span(None, 0, count))
    borders = [0, *sorted(cuts), count]
    assert ranges(rows) == list(pairwise(borders))
    assert [row["start_s"] for row in rows] == times[borders[:-1]].tolist()
    np.testing.assert_allclose([row["end_s"] for row in rows], times[borders[1:]])
    assert [row["score"] for row in rows] == [None, *(at / 2 for at in sorted(cuts))]


@pytest.mark.parametrize("method", ["adaptive", "content", "hash", "histogram"])
def test_every_detector_finds_the_hard_cuts_of_a_made_film(store: Objects, tmp_path: Path, method: str) -> None:
    rows = cut(ingested(store, film(tmp_path / "v.mp4", [30, 40, 30]), "v"), method=method)
    assert ranges(rows) == [(0, 30), (30, 70), (70, 100)]
    assert rows[0]["score"] is None
    assert all(row["score"] > 0 for row in rows[1:])


def test_a_video_left_whole_is_one_clip_and_no_frame_of_it_is_read(store: Objects, tmp_path: Path) -> None:
    task = ingested(store, film(tmp_path / "v.mp4", [30, 30]), "v")
    spoil(store, task)
    assert ranges(cut(task, method="whole")) == [(0, 60)]


def test_strides_are_of_equal_length_but_for_the_last_and_no_frame_is_read(store: Objects, tmp_path: Path) -> None:
    task = ingested(store, film(tmp_path / "v.mp4", [60]), "v")
    spoil(store, task)
    rows = cut(task, method="stride", stride_s=1)
    assert ranges(rows) == [(0, 25), (25, 50), (50, 60)]
    assert {row["method"] for row in rows} == {"stride"}


def spoil(store: Objects, task: Task) -> None:
    """Fill the video's packets with zeros."""
    media = Path(store.full_uri(task.video["media_uri"]))
    data = bytearray(media.read_bytes())
    for packet in task.rows["packets"].to_pylist():
        data[packet["pos"] : packet["pos"] + packet["size"]] = bytes(packet["size"])
    media.write_bytes(data)


def test_settings_of_one_collection_leave_the_others_alone() -> None:
    given = parse("collections: {street: {shots: {method: stride, stride_s: 4}}, films: {shots: {gradual: false}}}")
    street, films, others = given["street"].shots, given["films"].shots, given[None].shots
    assert (street.method, street.stride_s, street.gradual) == ("stride", 4, True)
    assert (films.method, films.gradual) == ("adaptive", False)
    assert others == Shots()
