"""The frame that is asked for is the frame that comes, whatever the container, the codec and the way there."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from videos import barcode, make_video, read_barcode, trim, turn

from rushes.errors import VideoError
from rushes.video.probe import probe
from rushes.video.reader import VideoReader
from rushes.video.video import open_file

COUNT = 70
H264: dict[str, dict[str, Any]] = {
    "short groups": {"gop": 7, "b_frames": 2},
    "intra only": {"gop": 1, "b_frames": 0},
    "usual groups": {"gop": 30, "b_frames": 3},
    "one group": {"gop": 250, "b_frames": 3},
    "no B-frames": {"gop": 30, "b_frames": 0},
    "open groups": {"gop": 12, "b_frames": 3, "options": {"x264-params": "open-gop=1:scenecut=0"}},
    "uneven": {"steps": [20, 100, 33, 33, 250] * 14},
    "late": {"start": 100, "gop": 20},
}
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"H.264, {name}, {suffix}": (f"v.{suffix}", how) for name, how in H264.items() for suffix in ("mp4", "mkv")},
    "H.264, ts": ("v.ts", {"gop": 20}),
    "H.264, late, ts": ("v.ts", {"gop": 20, "start": 100}),
    "H.264, mov": ("v.mov", {"gop": 20}),
    "H.264, avi": ("v.avi", {"gop": 20, "b_frames": 0}),
    "H.264, fragmented": ("v.mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
    "HEVC, mp4": ("v.mp4", {"codec": "libx265", "gop": 20, "options": {"x265-params": "log-level=none"}}),
    "H.264, odd size": ("v.mp4", {"size": (83, 61), "pix_fmt": "yuv444p"}),
    "H.264, with sound": ("v.mp4", {"audio": True}),
    "MPEG-4, avi": ("v.avi", {"codec": "mpeg4", "gop": 12, "b_frames": 0}),
    "MPEG-4 with B-frames, mp4": ("v.mp4", {"codec": "mpeg4", "gop": 12, "b_frames": 2}),
    "MPEG-4, odd size, mkv": ("v.mkv", {"codec": "mpeg4", "size": (83, 61)}),
    "MPEG-4 with B-frames, avi": ("v.avi", {"codec": "mpeg4", "gop": 12, "b_frames": 2}),
    "MPEG-2, program stream": ("v.mpg", {"codec": "mpeg2video", "gop": 12, "b_frames": 2}),
    "MPEG-2, ts": ("v.ts", {"codec": "mpeg2video", "gop": 12, "b_frames": 2}),
    "Motion JPEG, avi": ("v.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "Motion JPEG, mov": ("v.mov", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "VP9, webm": ("v.webm", {"codec": "libvpx-vp9", "gop": 20, "options": {"cpu-used": "8", "deadline": "realtime"}}),
    "VP9 with hidden frames, webm": (
        "v.webm",
        {"codec": "libvpx-vp9", "gop": 30, "options": {"cpu-used": "8", "lag-in-frames": "16", "auto-alt-ref": "1"}},
    ),
}


def opened(path: Path) -> VideoReader:
    return open_file(path).reader()


@pytest.fixture(scope="module", params=FILES, ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, how = FILES[request.param]
    return make_video(tmp_path_factory.mktemp("made") / name, COUNT, **how)


def test_every_frame_comes_once_and_in_order(made: Path) -> None:
    with opened(made) as reader:
        seen = [(number, read_barcode(picture)) for number, picture in reader.frames(range(COUNT))]
    assert seen == [(n, n) for n in range(COUNT)]


def test_every_frame_can_be_had_alone(made: Path) -> None:
    for backwards in range(COUNT - 1, -1, -9):
        with opened(made) as reader:
            assert [(n, read_barcode(p)) for n, p in reader.frames([backwards])] == [(backwards, backwards)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, COUNT - 1), max_size=12), min_size=1, max_size=4))
def test_any_frames_asked_for_come_in_order_again_and_again(made: Path, requests: list[list[int]]) -> None:
    with opened(made) as reader:
        for wanted in requests:
            seen = [(number, read_barcode(picture)) for number, picture in reader.frames(wanted)]
            assert seen == [(n, n) for n in sorted(set(wanted))]


def test_what_was_not_read_to_its_end_does_no_harm(made: Path) -> None:
    with opened(made) as reader:
        assert next(reader.frames(range(20, 60)))[0] == 20
        assert [(n, read_barcode(p)) for n, p in reader.frames([3, 21, 22, 41])] == [(n, n) for n in (3, 21, 22, 41)]


@pytest.mark.parametrize("how", [H264["usual groups"], H264["open groups"]], ids=["closed groups", "open groups"])
def test_skipping_packets_leaves_frames_the_same_to_the_bit(tmp_path: Path, how: dict[str, Any]) -> None:
    path = make_video(tmp_path / "v.mp4", COUNT, size=(160, 120), **how)
    assert probe(str(path)).index.droppable.any()
    with opened(path) as reader:
        whole = dict(reader.frames(range(COUNT)))
    for step in (2, 3, 5, 13):
        with opened(path) as reader:
            for number, picture in reader.frames(range(1, COUNT, step)):
                np.testing.assert_array_equal(picture, whole[number])


def test_pictures_are_those_of_a_plain_decoder(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 12, size=(160, 120), picture=lambda n: gradient(n, 160, 120))
    with av.open(str(path)) as container:
        plain = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    with opened(path) as reader:
        for number, picture in reader.frames(range(12)):
            assert (picture.dtype, picture.shape) == (np.uint8, (120, 160, 3))
            assert np.abs(picture - plain[number]).max() <= 4


@pytest.mark.parametrize("wanted", [[70], [-1], [3, 200], [0, -5]])
def test_a_frame_that_is_not_there_is_named_with_the_length(tmp_path: Path, wanted: list[int]) -> None:
    with opened(make_video(tmp_path / "v.mp4", COUNT)) as reader, pytest.raises(IndexError) as caught:
        list(reader.frames(wanted))
    outside = next(n for n in wanted if not 0 <= n < COUNT)
    assert str(caught.value) == f"frame {outside} of a video of 70 frames"


def test_no_frames_asked_for_are_none(tmp_path: Path) -> None:
    with opened(make_video(tmp_path / "v.mp4", 5)) as reader:
        assert list(reader.frames([])) == []


@pytest.mark.parametrize("size", [(64, 48), (100, 75), (31, 23), (640, 90), (1, 1)])
def test_pictures_are_scaled_to_the_size_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    with opened(make_video(tmp_path / "v.mp4", 5, size=(128, 96))) as reader:
        for number, picture in reader.frames(range(5), size):
            assert picture.shape == (size[1], size[0], 3)
            assert min(size) < 9 or read_barcode(picture) == number


def test_scaling_down_takes_the_mean_brightness_of_what_a_pixel_covers(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 2, size=(256, 192), picture=lambda n: gradient(n, 256, 192))
    with opened(path) as reader:
        whole = dict(reader.frames(range(2)))
        for number, small in reader.frames(range(2), (32, 24)):
            means = whole[number].reshape(24, 8, 32, 8, 3).mean(axis=(1, 3))
            assert np.abs((small - means) @ [0.299, 0.587, 0.114]).max() < 4


@pytest.mark.parametrize("clockwise", [90, 180, 270])
@pytest.mark.parametrize("asked", [None, (36, 32)])
def test_pictures_come_upright(tmp_path: Path, clockwise: int, asked: tuple[int, int] | None) -> None:
    lying = [np.ascontiguousarray(np.rot90(barcode(n, *shown(clockwise)), clockwise // 90)) for n in range(20)]
    path = turn(make_video(tmp_path / "v.mp4", 20, size=(96, 64), picture=lying.__getitem__), clockwise)
    info = probe(str(path))
    with opened(path) as reader:
        for number, picture in reader.frames(range(20), asked):
            assert (picture.shape[1], picture.shape[0]) == (asked or (info.width, info.height))
            assert read_barcode(picture) == number


@pytest.mark.parametrize("gop", [1, 10, 250])
def test_frames_are_counted_from_the_first_that_is_shown(tmp_path: Path, gop: int) -> None:
    path = trim(make_video(tmp_path / "v.mp4", 60, gop=gop, b_frames=2 if gop > 1 else 0), 13)
    for wanted in (range(47), [0], [1, 2], [5, 20, 46], [30]):
        with opened(path) as reader:
            assert [(n, read_barcode(p)) for n, p in reader.frames(wanted)] == [(n, n + 13) for n in wanted]


def test_a_reader_knows_its_length_and_times(tmp_path: Path) -> None:
    with opened(make_video(tmp_path / "v.mkv", 4, steps=[100, 40, 500], start=300)) as reader:
        assert len(reader) == 4
        np.testing.assert_allclose(reader.times_s, [0.3, 0.4, 0.44, 0.94])


def test_a_cover_that_stands_before_the_video_is_passed_over(tmp_path: Path) -> None:
    path = with_cover_first(make_video(tmp_path / "v.mp4", 20, cover=True))
    with av.open(str(path)) as container:
        assert [stream.codec_context.name for stream in container.streams.video] == ["mjpeg", "h264"]
    assert probe(str(path)).codec == "h264"
    with opened(path) as reader:
        assert [read_barcode(picture) for _, picture in reader.frames(range(20))] == list(range(20))


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_a_file_that_is_gone_or_another_says_so(tmp_path: Path, suffix: str) -> None:
    path = make_video(tmp_path / f"v.{suffix}", 30)
    video = open_file(path)
    path.write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"v\.(mp4|ts): changed since it was indexed"):
        video[3].numpy()
    path.unlink()
    with pytest.raises(VideoError, match="no such file"):
        video[3].numpy()


def test_overwritten_frames_cannot_be_decoded_and_the_groups_around_them_can(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 30, gop=10)
    video = open_file(path)
    data = bytearray(path.read_bytes())
    data[video.index.pos[10] : video.index.pos[20]] = bytes(int(video.index.pos[20] - video.index.pos[10]))
    path.write_bytes(data)
    with video.reader() as reader:
        assert [read_barcode(p) for _, p in reader.frames([3, 25])] == [3, 25]
        with pytest.raises(VideoError) as caught:
            list(reader.frames([15]))
    assert caught.value.reason == "undecodable"


def shown(clockwise: int) -> tuple[int, int]:
    return (96, 64) if clockwise == 180 else (64, 96)


def with_cover_first(path: Path) -> Path:
    """Move an mp4's last box of metadata, which holds the cover, to the front of its header; return the path."""
    data = path.read_bytes()
    start = data.index(b"moov") - 4
    udta = data.rindex(b"udta") - 4
    assert udta + int.from_bytes(data[udta : udta + 4], "big") == len(data)
    path.write_bytes(data[: start + 8] + data[udta:] + data[start + 8 : udta])
    return path


def gradient(number: int, width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    waves = [128 + 90 * np.sin(x / 40 + number / 5), 128 + 90 * np.cos(y / 30), 128 + 90 * np.sin((x + y) / 50)]
    return np.stack(waves, axis=-1).astype(np.uint8)
