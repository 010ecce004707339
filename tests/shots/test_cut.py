"""Clips cover a video without gaps and begin where its shots do."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tasks import ingested
from videos import make_video

from rushes.settings import Shots
from rushes.shots.adaptive import AdaptiveCuts
from rushes.shots.cut import CutVideo, clip_rows
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


@pytest.mark.parametrize("method", ["adaptive", "transnet"])
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


@pytest.mark.parametrize("method", ["adaptive", "transnet"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_video_of_few_frames_is_one_clip(store: Objects, tmp_path: Path, method: str, count: int) -> None:
    rows = cut(ingested(store, make_video(tmp_path / "v.mp4", count), "v"), method=method)
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
    rows = clip_rows(video, times[:-1], [(at, at / 2) for at in cuts], "made", Span(None, 0, count))
    borders = [0, *sorted(cuts), count]
    assert ranges(rows) == list(pairwise(borders))
    assert [row["start_s"] for row in rows] == times[borders[:-1]].tolist()
    np.testing.assert_allclose([row["end_s"] for row in rows], times[borders[1:]])
    assert [row["score"] for row in rows] == [None, *(at / 2 for at in sorted(cuts))]


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((1920, 1080), (256, 144)), ((256, 100), (256, 100)), ((96, 64), (96, 64)), ((10000, 2), (256, 1))],
)
def test_frames_are_looked_at_no_wider_than_needed(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert AdaptiveCuts.fit(*size) == fitted
