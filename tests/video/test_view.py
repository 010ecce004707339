"""A video is held like an array of its frames: what selects from ``np.arange(n)`` selects from it, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import barcodes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.errors import VideoError
from rushes.video.video import Frames, Video, open_file

COUNT, WIDTH, HEIGHT = 23, 96, 64
STEPS = [40, 20, 100, 33, 33] * 5


@pytest.fixture(scope="module", params=["mp4", "mpegts"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose packets are read from their places in the file, and one that is read through its container."""
    made: Path = tmp_path_factory.mktemp("view") / "video"
    barcodes.write(
        made, container=request.param, frames=COUNT, size=(WIDTH, HEIGHT), gop=7, b_frames=2, steps=STEPS, first=300
    )
    return made


@pytest.fixture(scope="module")
def video(path: Path) -> Video:
    return open_file(path)


@pytest.fixture(scope="module")
def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.fixture(scope="module")
def pictures(decoded: list[av.VideoFrame]) -> np.ndarray:
    return np.stack([frame.to_ndarray(format="rgb24") for frame in decoded])


@pytest.fixture(scope="module")
def times(decoded: list[av.VideoFrame]) -> np.ndarray:
    return np.array([frame.time for frame in decoded])


NUMBERS = st.integers(-COUNT, COUNT - 1)
SLICES = st.slices(COUNT) | st.builds(
    slice, *[st.none() | st.integers(-2 * COUNT, 2 * COUNT)] * 2, st.none() | st.integers(-9, 9).filter(bool)
)
KEYS = st.one_of(
    NUMBERS,
    NUMBERS.map(np.int64),
    NUMBERS.map(np.int8),
    SLICES,
    st.lists(NUMBERS, min_size=1, max_size=12),
    st.lists(NUMBERS, max_size=12).map(lambda numbers: np.array(numbers, np.int64)),
    st.lists(NUMBERS, max_size=12).map(lambda numbers: np.array(numbers, np.int16)),
    st.lists(st.integers(0, COUNT - 1), max_size=12).map(lambda numbers: np.array(numbers, np.uint32)),
)


@settings(max_examples=60, deadline=None)
@given(KEYS)
def test_a_key_selects_the_frames_that_it_selects_from_an_array(
    video: Video, pictures: np.ndarray, times: np.ndarray, key: Any
) -> None:
    chosen = np.arange(COUNT)[key]
    frames = video[key]
    assert frames.shape == (*chosen.shape, HEIGHT, WIDTH, 3)
    got = frames.numpy()
    assert (got.dtype, got.shape) == (np.uint8, frames.shape)
    np.testing.assert_array_equal(got, pictures[chosen])
    assert frames.timestamps.dtype == np.float64
    np.testing.assert_array_equal(frames.timestamps, times[chosen])
    np.testing.assert_array_equal(frames.timestamp, times[chosen])


@pytest.mark.parametrize("key", [[], slice(5, 5), slice(9, 2), slice(COUNT, None), np.array([], np.int64)])
def test_no_frames_are_an_empty_array(video: Video, key: Any) -> None:
    assert video[key].shape == (0, HEIGHT, WIDTH, 3)
    assert video[key].numpy().shape == (0, HEIGHT, WIDTH, 3)
    assert video[key].timestamps.shape == (0,)


@pytest.mark.parametrize("number", [COUNT, COUNT + 500, -COUNT - 1, 1 << 31, 1 << 80, -(1 << 80)])
def test_a_frame_past_either_end_is_an_error_that_names_the_length(video: Video, number: int) -> None:
    for key in (number, [0, number]) if abs(number) < 1 << 63 else (number,):
        with pytest.raises(IndexError, match=f"frame {number} of a video of {COUNT} frames"):
            video[key]


@pytest.mark.parametrize(
    "key",
    [
        *(np.array([3, COUNT]), np.array([-COUNT - 1], np.int8), np.array([1 << 63], np.uint64)),
        *(np.array([(1 << 64) - 1], np.uint64), np.uint64((1 << 64) - 1)),
    ],
    ids=repr,
)
def test_a_frame_past_the_end_in_an_array_is_an_error_too(video: Video, key: Any) -> None:
    with pytest.raises(IndexError, match=f"of a video of {COUNT} frames"):
        video[key]


@pytest.mark.parametrize(
    "key",
    [
        *(1.0, np.float32(2), True, np.bool_(False), "3", None, ..., slice(0.0, 5.0), [1.5], [1, 2.0], [True, False]),
        *(["1"], [None], [[1, 2]], {1: 2}, np.array([1.0]), np.array([True] * COUNT), np.array([[1]])),
    ],
    ids=repr,
)
def test_whatever_is_no_number_is_refused(video: Video, key: Any) -> None:
    with pytest.raises(TypeError):
        video[key]


def test_a_slice_of_step_nought_is_refused(video: Video) -> None:
    with pytest.raises(ValueError, match="zero"):
        video[::0]


def test_a_video_has_the_shape_length_and_times_of_its_frames(
    video: Video, pictures: np.ndarray, times: np.ndarray
) -> None:
    assert video.shape == pictures.shape
    assert len(video) == COUNT
    assert video.timestamps.dtype == np.float64
    np.testing.assert_array_equal(video.timestamps, times)
    np.testing.assert_array_equal(video.timestamp, times)
    np.testing.assert_array_equal(video.numpy(), pictures)
    assert video.sample_info["shape"] == [COUNT, HEIGHT, WIDTH, 3]
    assert video.sample_info["filename"].endswith("video")


@pytest.mark.parametrize("key", [4, [3, 3, 22, 0], slice(None, None, -5)])
def test_frames_are_written_into_an_array_that_is_given(video: Video, pictures: np.ndarray, key: Any) -> None:
    expected = pictures[key]
    out = np.full(expected.shape, 7, np.uint8)
    assert video[key].numpy(out=out) is out
    np.testing.assert_array_equal(out, expected)
    every_other = np.full((*expected.shape[:-1], 6), 7, np.uint8)
    video[key].numpy(out=every_other[..., ::2])
    np.testing.assert_array_equal(every_other[..., ::2], expected)
    assert (every_other[..., 1::2] == 7).all()


@pytest.mark.parametrize(
    "out",
    [
        np.empty((3, HEIGHT, WIDTH, 3), np.uint8),
        np.empty((2, WIDTH, HEIGHT, 3), np.uint8),
        np.empty((2, HEIGHT, WIDTH), np.uint8),
        np.empty((2, HEIGHT, WIDTH, 3), np.int8),
        np.empty((2, HEIGHT, WIDTH, 3), np.float32),
    ],
    ids=lambda out: f"{out.dtype}{out.shape}",
)
def test_an_array_of_another_shape_or_type_is_refused(video: Video, out: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(2, 64, 96, 3\)"):
        video[:2].numpy(out=out)


def test_arrays_are_ones_own_to_write_on(video: Video, pictures: np.ndarray) -> None:
    twice = video[[5, 5]].numpy()
    twice[0] = 0
    np.testing.assert_array_equal(twice[1], pictures[5])
    np.testing.assert_array_equal(video[5].numpy(), pictures[5])
    moments = video.timestamps
    with_others = moments.copy()
    if moments.flags.writeable:
        moments[:] = -1
    np.testing.assert_array_equal(video.timestamps, with_others)


def test_data_are_frames_and_their_times(video: Video, pictures: np.ndarray, times: np.ndarray) -> None:
    for source, key in [(video[7:2:-2], slice(7, 2, -2)), (video[3], 3), (video, slice(None))]:
        data = source.data()
        assert sorted(data) == ["frames", "timestamps"]
        np.testing.assert_array_equal(data["frames"], pictures[key])
        np.testing.assert_array_equal(data["timestamps"], times[key])


@pytest.mark.parametrize("size", [1, 5, COUNT, COUNT + 10])
def test_batches_hold_every_frame_once_and_in_order(video: Video, pictures: np.ndarray, size: int) -> None:
    batches = list(video.batches(size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size
    np.testing.assert_array_equal(np.concatenate(batches), pictures)


@pytest.mark.parametrize("size", [0, -3])
def test_batches_of_no_frames_are_refused(video: Video, size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        list(video.batches(size))


def test_going_through_a_video_gives_every_frame(video: Video, pictures: np.ndarray) -> None:
    np.testing.assert_array_equal(np.stack(list(video)), pictures)


@pytest.mark.parametrize("size", [None, (48, 32)])
def test_what_is_kept_of_a_picture_stays_as_it_is(video: Video, size: tuple[int, int] | None) -> None:
    with video.reader(size=size) as reader:
        parts = [(picture[3:7], picture[3:7].copy()) for _, picture in reader.frames(range(COUNT))]
        bytes_of_it = [(memoryview(picture), picture.tobytes()) for _, picture in reader.frames(range(COUNT))]
    for part, copy in parts:
        np.testing.assert_array_equal(part, copy)
    assert all(kept.tobytes() == copy for kept, copy in bytes_of_it)


@pytest.mark.parametrize("pixel_format", ["rgb24", "gray", "yuv420p"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_reader_gives_frames_in_the_wanted_format(
    video: Video, decoded: list[av.VideoFrame], pixel_format: str, threads: int
) -> None:
    with video.reader(pixel_format=pixel_format, threads=threads) as reader:
        for wanted in ([2, 3, 11], [12, 13], [1], range(COUNT)):
            came = list(reader.frames(wanted))
            assert [number for number, _ in came] == list(wanted)
            for number, picture in came:
                np.testing.assert_array_equal(picture, decoded[number].to_ndarray(format=pixel_format))


@pytest.mark.parametrize(
    ("pixel_format", "shape"),
    [("rgb24", (24, 48, 3)), ("gray", (24, 48)), ("yuv420p", (36, 48)), ("yuv444p", (3, 24, 48))],
)
def test_a_reader_scales(video: Video, pixel_format: str, shape: tuple[int, ...]) -> None:
    with video.reader(size=(48, 24), pixel_format=pixel_format) as reader:
        for number, picture in reader.frames([0, 9, 22]):
            assert (picture.shape, picture.dtype) == (shape, np.uint8)
            whole = video[number].numpy() @ [0.299, 0.587, 0.114]
            assert abs(picture[:24].mean() - whole.mean()) < 25 or pixel_format == "yuv444p"


@pytest.mark.parametrize("turned", [90, 180, 270])
@pytest.mark.parametrize("size", [None, (48, 80)])
def test_planes_are_turned_like_pictures(tmp_path: Path, turned: int, size: tuple[int, int] | None) -> None:
    barcodes.write(tmp_path / "video", frames=3, size=(128, 96), turned=turned)
    video = open_file(tmp_path / "video")
    width, height = size or (video.shape[2], video.shape[1])
    assert size or (width, height) == ((128, 96) if turned == 180 else (96, 128))
    read = {}
    for pixel_format in ("rgb24", "gray", "yuv420p", "yuv444p"):
        with video.reader(size=size, pixel_format=pixel_format) as reader:
            [(_, read[pixel_format])] = reader.frames([2])
    assert barcodes.read(upscaled(read["rgb24"])) == barcodes.read(upscaled(read["gray"])) == 2
    planes = av.VideoFrame.from_ndarray(read["yuv420p"], format="yuv420p")
    assert (planes.width, planes.height) == (width, height)
    for picture in (planes.to_ndarray(format="rgb24"), np.moveaxis(read["yuv444p"], 0, -1)[..., :1]):
        assert barcodes.read(upscaled(picture)) == 2
    if size is None:
        assert np.abs(planes.to_ndarray(format="rgb24").astype(int) - read["rgb24"]).mean() < 3


def test_planes_of_half_the_width_of_an_odd_size_are_refused(tmp_path: Path) -> None:
    barcodes.write(tmp_path / "video", codec="ffv1", container="matroska", frames=3, size=(65, 49))
    video = open_file(tmp_path / "video")
    for size in (None, (48, 33), (47, 32)):
        with pytest.raises(ValueError, match="even"), video.reader(size=size, pixel_format="yuv420p") as reader:
            next(reader.frames([2]))
    for size in (None, (47, 33)):
        with video.reader(size=size, pixel_format="gray") as reader:
            [(_, gray)] = reader.frames([2])
        assert gray.shape == ((49, 65) if size is None else (33, 47))
        assert barcodes.read(upscaled(gray)) == 2


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-4, 4)])
def test_a_size_of_no_pixels_is_refused(video: Video, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"{size[0]}"), video.reader(size=size) as reader:
        next(reader.frames([2]))


def test_a_pixel_format_that_is_not_known_is_refused(video: Video) -> None:
    with pytest.raises(ValueError, match="yuv999"):
        video.reader(pixel_format="yuv999")


def test_a_video_and_a_selection_can_be_pickled(video: Video, pictures: np.ndarray, times: np.ndarray) -> None:
    video[3].numpy()
    again = pickle.loads(pickle.dumps(video))
    assert again.shape == video.shape
    assert again.sample_info == video.sample_info
    np.testing.assert_array_equal(again.timestamps, times)
    np.testing.assert_array_equal(again[[20, 1]].numpy(), pictures[[20, 1]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(video[::-6])).numpy(), pictures[::-6])


def test_a_video_is_read_by_many_threads_at_once(video: Video, pictures: np.ndarray) -> None:
    keys = [[n % COUNT, (n * 7) % COUNT, (n * 5) % COUNT] for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        for key, came in zip(keys, pool.map(lambda key: video[key].numpy(), keys), strict=True):
            np.testing.assert_array_equal(came, pictures[key])


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_video_is_read_in_other_processes(video: Video, pictures: np.ndarray, way: str) -> None:
    video[10].numpy()
    keys = [[n, COUNT - 1 - n] for n in range(8)]
    with multiprocessing.get_context(way).Pool(2) as pool:
        for key, came in zip(keys, pool.map(Frames.numpy, [video[key] for key in keys]), strict=True):
            np.testing.assert_array_equal(came, pictures[key])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which files a process has open")
def test_no_file_stays_open(path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    videos = [open_file(path) for _ in range(20)]
    for video in videos:
        video[[3, 17]].numpy()
        next(video.batches(2))
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("change", ["longer", "another", "gone"])
def test_a_file_that_has_changed_says_so(path: Path, tmp_path: Path, change: str) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(path.read_bytes())
    video = open_file(mine)
    if change == "longer":
        mine.write_bytes(path.read_bytes() + b"more")
    elif change == "another":
        barcodes.write(mine, frames=COUNT, gop=5)
    else:
        mine.unlink()
    with pytest.raises(VideoError, match="mine"):
        video[20].numpy()


def upscaled(picture: np.ndarray) -> np.ndarray:
    """Return a picture large enough to be read."""
    return picture.repeat(2, axis=0).repeat(2, axis=1)
