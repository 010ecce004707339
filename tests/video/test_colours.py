"""Colours come out as they went in, by the matrix and the range that the stream or its container names.

The way into the file is worked out here, in floating point (ITU-T H.273, 8.3); the way back is the library's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import pytest

from rushes.video.video import open_file

# A matrix is its Kr and Kb.
Matrix: TypeAlias = tuple[float, float]
BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
# What H.273 calls it: matrix coefficients, colour primaries, transfer characteristics.
CODES: dict[Matrix, tuple[int, int, int]] = {BT601: (6, 6, 6), BT709: (1, 1, 1), BT2020: (9, 9, 14)}
NAMES = {BT601: "BT.601", BT709: "BT.709", BT2020: "BT.2020"}
LIMITED, FULL = 1, 2

COLOURS = np.array(
    [
        [(0, 0, 0), (255, 255, 255), (128, 128, 128), (60, 60, 60)],
        [(230, 20, 20), (20, 230, 20), (20, 20, 230), (224, 172, 105)],
        [(20, 220, 220), (220, 20, 220), (220, 220, 20), (90, 40, 150)],
    ],
    np.uint8,
)
PATCH = 32
PICTURE = COLOURS.repeat(PATCH, axis=0).repeat(PATCH, axis=1)

# Every encoder at the finest it has.
OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"qp": "0"},
    "libx265": {"x265-params": "lossless=1:log-level=none:pools=none"},
    "libvpx-vp9": {"lossless": "1", "cpu-used": "8"},
    "libsvtav1": {"crf": "1", "preset": "12", "svtav1-params": "lp=1"},
    "mpeg2video": {"qmin": "1", "qmax": "1"},
    "mpeg4": {"qmin": "1", "qmax": "1"},
    "mjpeg": {"qmin": "1", "qmax": "1"},
    "prores_ks": {"profile": "3", "bits_per_mb": "8000"},
}


@dataclass(frozen=True)
class Coded:
    """How colours are coded, and whether the file says so."""

    codec: str
    container: str
    pixels: str = "yuv420p"
    matrix: Matrix = BT601
    range: int = LIMITED
    named: bool = True

    def __str__(self) -> str:
        span = "full" if self.range == FULL else "limited"
        named = "" if self.named else ", unnamed"
        return f"{self.codec}, {self.pixels}, {self.container}, {NAMES[self.matrix]}, {span}{named}"


@dataclass(frozen=True)
class Plain:
    """Colours coded without a matrix, and how they come back."""

    codec: str
    container: str
    pixels: str
    comes_back: Callable[[np.ndarray], np.ndarray] = field(default=lambda rgb: rgb, repr=False)

    def __str__(self) -> str:
        return f"{self.codec}, {self.pixels}, {self.container}"


def named_in_the_stream() -> list[Coded]:
    """Give what the coded stream itself says, in containers that say nothing of colours, or the same."""
    return [
        Coded(codec, container, pixels, matrix, span)
        for codec, container, formats in [
            ("libx264", "mpegts", ("yuv420p", "yuv444p", "yuv420p10le")),
            ("libx264", "mp4", ("yuv420p", "yuv422p")),
            ("libx264", "avi", ("yuv420p",)),
            ("libx265", "mp4", ("yuv420p", "yuv420p10le")),
            ("libvpx-vp9", "webm", ("yuv420p",)),
            ("libsvtav1", "mp4", ("yuv420p", "yuv420p10le")),
        ]
        for pixels in formats
        for matrix in (BT601, BT709, BT2020)
        for span in (LIMITED, FULL)
    ]


CODED = [
    *named_in_the_stream(),
    # Only the container says it.
    *(Coded("ffv1", "matroska", p, m, r) for p in ("yuv420p", "yuv422p10le") for m in CODES for r in (LIMITED, FULL)),
    *(Coded("mpeg4", "mp4", "yuv420p", matrix) for matrix in (BT601, BT709)),
    *(Coded("mpeg4", "matroska", "yuv420p", matrix) for matrix in (BT601, BT709)),
    # Formats that know one range only.
    *(Coded("mpeg2video", "mpegts", "yuv420p", matrix) for matrix in (BT601, BT709)),
    *(Coded("prores_ks", "mov", "yuv422p10le", matrix) for matrix in (BT601, BT709, BT2020)),
    # The format of the pixels says the range.
    Coded("libx264", "mp4", "yuvj420p", BT709, FULL),
    Coded("mjpeg", "matroska", "yuvj420p", BT601, FULL),
    Coded("mjpeg", "avi", "yuvj420p", BT601, FULL, named=False),
    Coded("mjpeg", "mov", "yuvj444p", BT601, FULL, named=False),
    # Nothing says anything.
    Coded("libx264", "mp4", named=False),
    Coded("libx264", "mp4", "yuv420p10le", named=False),
    Coded("libx265", "matroska", named=False),
    Coded("mpeg4", "avi", named=False),
    Coded("mpeg2video", "mpegts", named=False),
    Coded("ffv1", "avi", "yuv444p", named=False),
    Coded("huffyuv", "avi", "yuv422p", named=False),
]
PLAIN = [
    Plain("png", "mov", "rgb24"),
    Plain("png", "avi", "rgba"),
    Plain("ffv1", "avi", "bgr0"),
    Plain("ffv1", "matroska", "bgr0"),
    Plain("qtrle", "mov", "rgb24"),
    Plain("huffyuv", "avi", "rgb24"),
    Plain("utvideo", "avi", "gbrp"),
    Plain("libx265", "mp4", "gbrp"),
    Plain("png", "mov", "gray", lambda rgb: rgb[..., 1:2].repeat(3, axis=2)),
    Plain("ffv1", "matroska", "gray", lambda rgb: rgb[..., 1:2].repeat(3, axis=2)),
]


@pytest.mark.parametrize("coded", CODED, ids=str)
def test_colours_are_those_that_were_coded(tmp_path: Path, coded: Coded) -> None:
    path = tmp_path / "video"
    frame = av.VideoFrame(PICTURE.shape[1], PICTURE.shape[0], coded.pixels)
    for plane, values in zip(frame.planes, ycbcr(PICTURE, coded), strict=True):
        fill(plane, values)
    write(path, coded.codec, coded.container, frame, coded if coded.named else None)
    assert worst(open_file(path)[0].numpy()) <= 3


@pytest.mark.parametrize("plain", PLAIN, ids=str)
def test_colours_coded_without_a_matrix_are_exact(tmp_path: Path, plain: Plain) -> None:
    path = tmp_path / "video"
    frame = av.VideoFrame.from_ndarray(PICTURE, format="rgb24").reformat(format=plain.pixels)
    if plain.pixels == "gray":
        fill(frame.planes[0], PICTURE[..., 1])
    write(path, plain.codec, plain.container, frame, None)
    np.testing.assert_array_equal(open_file(path)[1].numpy(), plain.comes_back(PICTURE))


@pytest.mark.parametrize("matrix", CODES, ids=NAMES.__getitem__)
@pytest.mark.parametrize("span", [LIMITED, FULL], ids=["limited", "full"])
@pytest.mark.parametrize("share", [2, 4])
def test_scaling_leaves_colours_as_they_are(tmp_path: Path, matrix: Matrix, span: int, share: int) -> None:
    path, coded = tmp_path / "video", Coded("libx264", "mp4", "yuv420p", matrix, span)
    frame = av.VideoFrame(PICTURE.shape[1], PICTURE.shape[0], coded.pixels)
    for plane, values in zip(frame.planes, ycbcr(PICTURE, coded), strict=True):
        fill(plane, values)
    write(path, coded.codec, coded.container, frame, coded)
    with open_file(path).reader(size=(PICTURE.shape[1] // share, PICTURE.shape[0] // share)) as reader:
        [(_, picture)] = reader.frames([1])
    assert worst(picture) <= 4


def ycbcr(rgb: np.ndarray, coded: Coded) -> list[np.ndarray]:
    """Return a picture's planes Y, Cb and Cr, rounded, in the format's bits; chroma is not yet made fewer."""
    kr, kb = coded.matrix
    r, g, b = np.moveaxis(rgb / 255, -1, 0)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    bits = 10 if "10" in coded.pixels else 8
    most, scale = (1 << bits) - 1, 1 << (bits - 8)
    if coded.range == FULL:
        planes = [most * y, most * cb + (1 << (bits - 1)), most * cr + (1 << (bits - 1))]
    else:
        planes = [scale * (219 * y + 16), scale * (224 * cb + 128), scale * (224 * cr + 128)]
    return [np.clip(plane.round(), 0, most).astype(np.uint8 if bits == 8 else np.uint16) for plane in planes]


def fill(plane: av.video.plane.VideoPlane, values: np.ndarray) -> None:
    """Write values into a plane, every other one where it has half as many."""
    lines = np.frombuffer(plane, values.dtype).reshape(plane.height, -1)
    lines[:, : plane.width] = values[:: values.shape[0] // plane.height, :: values.shape[1] // plane.width]


def write(path: Path, codec: str, container: str, frame: av.VideoFrame, named: Coded | None) -> None:
    """Write a video of frames all alike, and name its colours in all ways that the encoder and the container have."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        stream.options = OPTIONS.get(codec, {})
        if named is not None:
            for target in (stream.codec_context, frame):
                target.colorspace, target.color_primaries, target.color_trc = CODES[named.matrix]
                target.color_range = named.range
        for number in range(8):  # fewer are not seen to be a transport stream
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def worst(picture: np.ndarray) -> int:
    """Return how far the middle of any patch is from its colour."""
    side = picture.shape[0] // COLOURS.shape[0]
    middles = picture[side // 2 :: side, side // 2 :: side].astype(int)
    return int(np.abs(middles - COLOURS).max())
