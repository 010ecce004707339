"""Borders are those of the truth to the frame, whatever the video's times, references and rotation are."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import place
from tasks import ingested
from videos import make_video, turn

from rushes.settings import Shots
from rushes.shots.cut import CutVideo
from rushes.store.objects import Objects

LENGTHS = (33, 20, 47)
BORDERS = (0, 33, 53, 100)
SIZE = (96, 64)


def picture(number: int) -> np.ndarray:
    """Return a frame of a film of three places, each seen by a camera that turns slowly."""
    shot = int(np.searchsorted(BORDERS, number, side="right"))
    return place(shot, 0.2 * (number - BORDERS[shot - 1]), *SIZE).round().astype(np.uint8)


def steps() -> list[int]:
    """Milliseconds from each frame to the next, as a telephone's camera has them."""
    return np.random.default_rng(3).integers(20, 90, sum(LENGTHS)).tolist()


VIDEOS: dict[str, dict[str, Any]] = {
    "one keyframe, many B-frames": {"gop": 250, "b_frames": 7},
    "keyframes elsewhere": {"gop": 7, "b_frames": 3},
    "an open end of each group": {"gop": 12, "options": {"x264-params": "open-gop=1:scenecut=0"}},
    "23.976 frames a second": {"fps": Fraction(24000, 1001)},
    "frames at uneven times": {"steps": steps()},
    "times that do not begin at 0": {"start": 50},
    "ten bits": {"pix_fmt": "yuv420p10le"},
    "another codec": {"codec": "mpeg4"},
}


@pytest.mark.parametrize("method", ["adaptive", "content", "hash"])
@pytest.mark.parametrize("made", VIDEOS.values(), ids=VIDEOS)
def test_borders_are_exact(store: Objects, tmp_path: Path, made: dict[str, Any], method: str) -> None:
    path = make_video(tmp_path / "v.mp4", sum(LENGTHS), size=SIZE, picture=picture, **made)
    check(store, path, method)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_borders_of_a_turned_video_are_exact(store: Objects, tmp_path: Path, degrees: int) -> None:
    path = turn(make_video(tmp_path / "v.mp4", sum(LENGTHS), size=SIZE, picture=picture), degrees)
    check(store, path, "adaptive")


@pytest.mark.parametrize("made", ["frames at uneven times", "23.976 frames a second"])
def test_transnet_s_borders_are_exact(store: Objects, tmp_path: Path, made: str) -> None:
    check(store, make_video(tmp_path / "v.mp4", sum(LENGTHS), size=SIZE, picture=picture, **VIDEOS[made]), "transnet")


def check(store: Objects, path: Path, method: str) -> None:
    task = ingested(store, path, "v")
    clips = CutVideo(Shots(method=method))(task).rows["clips"]  # type: ignore[arg-type]
    assert isinstance(clips, list)
    assert [clip["start_frame"] for clip in clips] == list(BORDERS[:-1])
    assert clips[-1]["end_frame"] == BORDERS[-1]
    packets = task.rows["packets"].sort_by("frame")
    times = (packets["pts"].to_numpy() - packets["pts"][0].as_py()) * float(Fraction(task.video["time_base"]))
    offset = clips[0]["start_s"]
    np.testing.assert_allclose([clip["start_s"] - offset for clip in clips], times[list(BORDERS[:-1])], atol=1e-9)
