"""A file's properties and packets are told as they are, and a file that is no usable video says why."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from videos import make_sound, make_video, trim, turn

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.pictures import encode
from rushes.video.probe import check_file, probe


def checked(path: str) -> None:
    check_file(path)
    probe(path)


def reason(path: Path) -> str:
    with pytest.raises(VideoError) as caught:
        checked(str(path))
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("v.mp4", "libx264", "mov"),
        ("v.mov", "mjpeg", "mov"),
        ("v.mkv", "libx264", "matroska"),
        ("v.webm", "libvpx-vp9", "matroska"),
        ("v.avi", "mpeg4", "avi"),
        ("v.ts", "libx264", "mpegts"),
    ],
)
def test_properties_of_evenly_spaced_videos(tmp_path: Path, name: str, codec: str, container: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    info = probe(str(make_video(tmp_path / name, 25, 10, (80, 60), codec, pix_fmt=pix_fmt)))
    assert len(info.index) == 25
    assert (info.container, info.width, info.height, info.rotation) == (container, 80, 60, 0)
    assert info.codec == {"libx264": "h264", "libvpx-vp9": "vp9"}.get(codec, codec)
    assert info.fps == pytest.approx(10, rel=1e-3)
    assert info.duration_s == pytest.approx(2.5, abs=2e-3)
    assert not info.is_vfr
    assert not info.has_audio
    assert info.index.keyframe[0]
    assert (info.index.size > 0).all()
    np.testing.assert_allclose(np.diff(info.index.times_s), 0.1, atol=1.1e-3)  # Matroska keeps milliseconds


def test_packets_stand_in_the_order_in_which_frames_are_shown(tmp_path: Path) -> None:
    index = probe(str(make_video(tmp_path / "v.mp4", 30, gop=10, b_frames=2))).index
    assert (np.diff(index.pts) > 0).all()
    assert (np.diff(index.dts) < 0).any()  # there are B-frames, which come later than they are shown
    assert np.flatnonzero(index.keyframe).tolist() == [0, 10, 20]
    assert not (index.droppable & index.keyframe).any()
    assert index.droppable.any()
    assert len(set(index.pos.tolist())) == 30


@pytest.mark.parametrize("steps", [[100, 30, 30, 500, 100, 100], [40] * 20 + [90] + [40] * 20])
def test_unevenly_spaced_frames_are_told(tmp_path: Path, steps: list[int]) -> None:
    info = probe(str(make_video(tmp_path / "v.mkv", len(steps) + 1, steps=steps)))
    assert info.is_vfr
    np.testing.assert_allclose(np.diff(info.index.times_s), np.array(steps) / 1000)


def test_rounding_to_the_containers_ticks_is_not_uneven(tmp_path: Path) -> None:
    assert not probe(str(make_video(tmp_path / "v.mkv", 40, 30))).is_vfr  # 33 and 34 ms


@pytest.mark.parametrize("name", ["v.mkv", "v.ts"])
def test_a_video_may_begin_late(tmp_path: Path, name: str) -> None:
    late = probe(str(make_video(tmp_path / name, 10, 25, start=50)))
    soon = probe(str(make_video(tmp_path / f"soon-{name}", 10, 25)))
    assert late.index.times_s[0] - soon.index.times_s[0] == pytest.approx(2, abs=0.1)
    assert late.duration_s == pytest.approx(0.4, abs=2e-3)
    assert late.fps == pytest.approx(25, rel=1e-2)


def test_a_single_frame_has_a_duration(tmp_path: Path) -> None:
    info = probe(str(make_video(tmp_path / "v.mp4", 1, 10)))
    assert (len(info.index), info.is_vfr) == (1, False)
    assert info.duration_s == pytest.approx(0.1)


def test_sound_beside_the_pictures_is_told(tmp_path: Path) -> None:
    info = probe(str(make_video(tmp_path / "v.mp4", 10, audio=True)))
    assert info.has_audio
    assert len(info.index) == 10


@pytest.mark.parametrize(
    ("clockwise", "rotation", "size"), [(90, 270, (48, 64)), (180, 180, (64, 48)), (270, 90, (48, 64))]
)
def test_width_and_height_are_those_shown(tmp_path: Path, clockwise: int, rotation: int, size: tuple[int, int]) -> None:
    info = probe(str(turn(make_video(tmp_path / "v.mp4", 3, size=(64, 48)), clockwise)))
    assert (info.rotation, info.width, info.height) == (rotation, *size)


@pytest.mark.parametrize("gop", [1, 10, 250])
def test_frames_trimmed_away_by_the_header_are_not_counted(tmp_path: Path, gop: int) -> None:
    info = probe(str(trim(make_video(tmp_path / "v.mp4", 60, gop=gop, b_frames=2 if gop > 1 else 0), 13)))
    assert len(info.index) == 47
    assert info.index.times_s[0] == pytest.approx(0)


def test_an_open_file_can_be_probed_as_well_as_a_path(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 12)
    with path.open("rb") as handle:
        np.testing.assert_array_equal(probe(handle).index.pts, probe(str(path)).index.pts)


def test_times_are_exact_fractions_of_the_time_base(tmp_path: Path) -> None:
    index = probe(str(make_video(tmp_path / "v.mp4", 5, 30))).index
    assert index.times_s.tolist() == [float(int(pts) * Fraction(index.time_base)) for pts in index.pts]


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    assert reason(make_sound(tmp_path / "v.mp4", cover=True)) == Reason.NO_VIDEO_STREAM


def test_a_missing_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "v.mp4") == Reason.MISSING_FILE


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").touch()
    assert reason(tmp_path / "v.mp4") == Reason.EMPTY_FILE


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").mkdir()
    assert reason(tmp_path / "v.mp4") == Reason.NOT_VIDEO


@pytest.mark.parametrize("content", [b"these are words, not pictures\n" * 50, bytes(5000), b"\0"])
def test_something_else_under_a_videos_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    assert reason(tmp_path / "v.mp4") == Reason.NOT_VIDEO


@pytest.mark.parametrize("name", ["v.mp4", "v.jpg"])
def test_a_single_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encode(np.zeros((48, 64, 3), np.uint8), 90))
    assert reason(tmp_path / name) == Reason.NOT_VIDEO


def test_sound_alone(tmp_path: Path) -> None:
    assert reason(make_sound(tmp_path / "v.mp4")) == Reason.NO_VIDEO_STREAM


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_a_file_cut_off_after_its_header(tmp_path: Path, share: float) -> None:
    path = make_video(tmp_path / "v.mp4", 60, container_options={"movflags": "faststart"})
    cut(path, share)
    assert reason(path) == Reason.TRUNCATED


@pytest.mark.parametrize("share", [0.1, 0.7, 0.95])
def test_a_file_cut_off_before_its_header(tmp_path: Path, share: float) -> None:
    path = make_video(tmp_path / "v.mp4", 60)
    cut(path, share)
    assert reason(path) == Reason.TRUNCATED


def test_a_file_whose_frames_are_overwritten(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 30)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 400] = b"\xff" * 400
    path.write_bytes(data)
    assert reason(path) == Reason.UNDECODABLE


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
