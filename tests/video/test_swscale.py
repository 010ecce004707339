"""What is converted straight into an array is what PyAV converts, to the bit, and nothing beside it is touched."""

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from rushes.video.swscale import StraightToRgb

STRAIGHT = ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p"]
GUARD = 77


def noise(pixels: str, width: int, height: int, seed: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, pixels)
    for at, plane in enumerate(frame.planes):
        memory = np.frombuffer(plane, np.uint8)
        memory[:] = np.random.default_rng([seed, at]).integers(0, 256, memory.size)
    return frame


@pytest.mark.parametrize("pixels", STRAIGHT)
def test_it_gives_what_pyav_gives_and_stays_within_the_picture(pixels: str) -> None:
    with StraightToRgb() as straight:
        for width in (16, 48, 64, 176, 640, 1280):
            for height in (2, 17, 90):
                frame = noise(pixels, width, height, width + height)
                for matrix, color_range in ((2, 0), (1, 1), (1, 2), (6, 1), (5, 2), (9, 1), (9, 2)):
                    frame.colorspace, frame.color_range = matrix, color_range
                    wanted = VideoReformatter().reformat(frame, format="rgb24", threads=1).to_ndarray()
                    memory = np.full(height * width * 3 + 256, GUARD, np.uint8)
                    picture = memory[128:-128].reshape(height, width, 3)
                    assert straight.write(frame, picture)
                    np.testing.assert_array_equal(picture, wanted)
                    assert (memory[:128] == GUARD).all()
                    assert (memory[-128:] == GUARD).all()


@pytest.mark.parametrize(
    ("pixels", "width"),
    [("yuv420p", 66), ("yuv420p", 65), ("yuv420p10le", 64), ("rgb24", 64), ("gray", 64), ("nv12", 64)],
)
def test_what_it_cannot_do_safely_it_leaves_alone(pixels: str, width: int) -> None:
    picture = np.full((32, width, 3), GUARD, np.uint8)
    with StraightToRgb() as straight:
        assert not straight.write(noise(pixels, width, 32, 0), picture)
        assert not straight.write(noise("yuv420p", 64, 32, 0), np.zeros((32, 128, 3), np.uint8)[:, :64])
    assert (picture == GUARD).all()


def test_it_may_be_used_again_after_it_was_closed() -> None:
    straight, picture = StraightToRgb(), np.zeros((32, 64, 3), np.uint8)
    for _ in range(3):
        assert straight.write(noise("yuv420p", 64, 32, 1), picture)
        straight.close()
