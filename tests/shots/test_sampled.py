"""Small frames show what frames show, however these are coded."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from barcodes import write
from real_clips import demo_files

from rushes.shots.sampled import Sampler, fit


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((1920, 1080), (256, 144)),
        ((1080, 1920), (144, 256)),
        ((256, 100), (256, 100)),
        ((175, 143), (176, 144)),
        ((10000, 2), (256, 2)),
        ((1, 1), (2, 2)),
    ],
)
def test_frames_are_looked_at_no_larger_than_needed(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert fit(*size) == fitted


@pytest.mark.parametrize("clip", ["bikes", "carphone", "bigbuckbunny"])
def test_small_frames_are_nearly_those_that_pyscenedetect_makes(clip: str) -> None:
    file = str(demo_files()[clip])
    sample, capture = Sampler(), cv2.VideoCapture(file)
    differences = []
    with av.open(file) as container:
        for number, frame in enumerate(container.decode(video=0)):
            ours = sample(frame)
            _, full = capture.read()
            if number % 10 == 0:
                theirs = cv2.cvtColor(cv2.resize(full, ours.shape[1::-1]), cv2.COLOR_BGR2RGB)
                differences.append(np.abs(ours.astype(int) - theirs).mean())
    assert max(differences) < 4


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv444p"),
        ("libx264", "yuv420p10le"),
        ("mjpeg", "yuvj420p"),
        ("libx264rgb", "rgb24"),
        ("ffv1", "gray"),
    ],
)
def test_frames_of_any_kind_are_made_small(tmp_path: Path, codec: str, pixel_format: str) -> None:
    path = tmp_path / "v.mkv"
    write(path, codec=codec, container="matroska", pixel_format=pixel_format, frames=3, size=(512, 384))
    sample = Sampler()
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            small = sample(frame)
            assert (small.shape, small.dtype) == ((192, 256, 3), np.uint8)
            luma = cv2.cvtColor(frame.to_ndarray(format="rgb24"), cv2.COLOR_RGB2GRAY)
            expected = cv2.resize(luma, (256, 192), interpolation=cv2.INTER_AREA).astype(int)
            assert np.abs(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) - expected).mean() < 8
