"""Videos that are none: each is a reject that says why, and none keeps the others from being built."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from real_clips import cut


def _tone(target: Path) -> Path:
    """An mp4 of half a second of sound and no picture."""
    with av.open(str(target), "w") as writing:
        stream = writing.add_stream("aac", rate=44100, layout="mono")
        samples = np.sin(np.arange(22050) / 16).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        writing.mux(stream.encode(frame))
        writing.mux(stream.encode())
    return target


def _first_part(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes()[: source.stat().st_size * 6 // 10])
    return target


@pytest.fixture(scope="module")
def rejects(
    new_shell: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, dict[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "other").mkdir()
    (folder / "copy").mkdir()
    good = cut("carphone", folder / "good.mp4", 0, 30)
    # With its index in front an mp4 opens and is found to be short; with its index last it does not open at all.
    whole = cut("carphone", folder / "whole.mp4", 0, 30, movflags="faststart")
    given = [
        good,
        folder / "missing.mp4",
        folder / "empty.mp4",
        folder / "text.mp4",
        _first_part(whole, folder / "short.mp4"),
        _first_part(good, folder / "no-index.mp4"),
        _tone(folder / "sound.mp4"),
        cut("carphone", folder / "other" / "good.mp4", 30, 60),
        Path(shutil.copy(good, folder / "copy" / "good.mp4")),
    ]
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    shell = new_shell()
    shell.ok("add", *given)
    done = shell("build", "--asset", "raw_videos")
    assert done.returncode == 0, done.stderr
    return shell, {row["item_id"]: row for row in shell.rows("SELECT * FROM rejects")}


def test_the_good_one_is_in(rejects: tuple[Any, Any]) -> None:
    shell, _ = rejects
    assert shell.rows("SELECT video_id, n_frames, collection FROM videos") == [
        {"video_id": "good", "n_frames": 30, "collection": "main"}
    ]
    assert shell.rows("SELECT count(*) AS n FROM packets") == [{"n": 30}]


@pytest.mark.parametrize(
    ("item", "reason", "words"),
    [
        ("missing", "missing_file", ["missing.mp4", "no such file"]),
        ("empty", "empty_file", ["empty.mp4", "empty"]),
        ("text", "not_video", ["text.mp4", "not a video"]),
        ("short", "truncated", ["short.mp4", "of 30 frames"]),
        ("no-index", "truncated", ["no-index.mp4", "cut off"]),
        ("sound", "no_video_stream", ["sound.mp4", "no video stream"]),
        ("good~2", "id_conflict", ["other/good.mp4", "'good'", "--id"]),
        ("good~3", "duplicate", ["copy/good.mp4", "the same bytes"]),
    ],
)
def test_each_bad_one_is_a_reject(rejects: tuple[Any, Any], item: str, reason: str, words: list[str]) -> None:
    row = rejects[1][item]
    assert (row["asset"], row["item_kind"], row["reason"]) == ("raw_videos", "video", reason)
    for word in words:
        assert word in row["detail"]
    assert "\n" not in row["detail"]


def test_there_is_no_other_reject(rejects: tuple[Any, Any]) -> None:
    shell, rows = rejects
    assert len(rows) == 8
    status = shell.states()["main-0000", "raw_videos"]
    assert (status["state"], status["rows"], status["rejects"]) == ("built", 1, 8)


def test_why_tells_what_became_of_it(rejects: tuple[Any, Any]) -> None:
    shell, rows = rejects
    assert rows["short"]["detail"] in shell.ok("why", "short")
    assert "id_conflict" in shell.ok("why", "good")


def test_too_many_rejects_fail_the_batch_as_long_as_they_are_there(shell: Any, tmp_path: Path) -> None:
    good = cut("carphone", tmp_path / "good.mp4", 0, 30)
    (tmp_path / "bad.mp4").touch()
    shell.ok("add", good, tmp_path / "bad.mp4")
    shell.set(tmp_path, "build: {max_reject_share: 0.4}\n")
    line = shell.refused("build", "--asset", "raw_videos")
    assert "raw_videos of main-0000: 1 of 2 videos rejected" in line
    assert "build.max_reject_share = 0.4" in line

    again = shell("--debug", "build", "--asset", "raw_videos")
    assert again.returncode == 1
    assert line.removeprefix("rushes: ") in again.stderr
    assert "Traceback" in again.stderr
    assert "_judge" in again.stderr, "--debug shows where in the library it went wrong"
    assert "1 of 2 videos rejected" in shell.states()["main-0000", "raw_videos"]["failure"]
    shell.set(tmp_path, "build: {max_reject_share: 0.5}\n")
    shell.ok("build", "--asset", "raw_videos")
    assert shell.states()["main-0000", "raw_videos"]["failure"] is None
