"""Made videos: every frame carries its number in big black and white cells, which coding and scaling leave readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np

_ROWS, _COLUMNS = 3, 4


def barcode(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Return uint8 (height, width, 3): twelve cells, one a bit of the number, the lowest at the top left."""
    picture = np.zeros((height, width, 3), np.uint8)
    for bit, (rows, columns) in enumerate(_cells(width, height)):
        picture[rows, columns] = 235 if number >> bit & 1 else 20
    return picture


def read_barcode(picture: np.ndarray) -> int:
    """Return the number that a picture carries, judging the middle of each cell."""
    number = 0
    for bit, (rows, columns) in enumerate(_cells(picture.shape[1], picture.shape[0])):
        cell = picture[rows, columns]
        h, w = cell.shape[0] // 4, cell.shape[1] // 4
        number |= int(cell[h : cell.shape[0] - h, w : cell.shape[1] - w].mean() > 127) << bit
    return number


def make_video(
    path: Path,
    n_frames: int = 30,
    fps: int = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    *,
    gop: int = 12,
    b_frames: int = 2,
    pix_fmt: str = "yuv420p",
    start: int = 0,
    steps: Sequence[int] | None = None,
    audio: bool = False,
    cover: bool = False,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    picture: Callable[[int], np.ndarray] | None = None,
) -> Path:
    """Write a video of ``n_frames`` and return its path, whose suffix says the container.

    ``start``: time of the first frame, and ``steps``: time from each frame to the next, in frames of ``fps`` or, when
    ``steps`` are given, in milliseconds. ``cover`` attaches a picture to an mp4. ``picture`` gives the frames, uint8
    (h, w, 3) RGB; default: their barcodes.
    """
    tick = Fraction(1, 1000) if steps is not None else Fraction(1, fps)
    steps = [1] * n_frames if steps is None else steps
    times = accumulate(steps[: n_frames - 1], initial=start)
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = tick
        stream.codec_context.gop_size = gop
        if codec != "mjpeg":
            stream.codec_context.max_b_frames = b_frames
        stream.codec_context.thread_count = 1
        # As many B-frames as are allowed, wherever the encoder would choose for itself.
        stream.options = {"threads": "1", "b_strategy": "0", **(options or {})}
        sound = container.add_stream("aac", rate=16000, layout="mono") if audio else None
        front = _add_cover_stream(container, size) if cover else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number) if picture else barcode(number, *size), format="rgb24")
            frame.pts, frame.time_base = time, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _add_sound(container, sound, n_frames / fps)
        if front is not None:
            _add_cover(container, front)
    return path


def make_sound(path: Path, seconds: float = 0.5, *, cover: bool = False) -> Path:
    """Write a file that holds sound and no video; ``cover`` attaches a picture."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=16000, layout="mono")
        front = _add_cover_stream(container, (64, 48)) if cover else None
        _add_sound(container, sound, seconds)
        if front is not None:
            _add_cover(container, front)
    return path


def turn(path: Path, degrees: int) -> Path:
    """Have an mp4 say that it is to be shown turned clockwise, as a telephone held upright does; return its path."""
    one = 1 << 16
    matrix = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value.to_bytes(4, "big", signed=True) for value in matrix)
    zero = bytes(4)
    data[at : at + 36] = a + b + zero + c + d + zero + zero + zero + (1 << 30).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def trim(path: Path, frames: int) -> Path:
    """Have an mp4 say that its first frames are not to be shown, as trimming without coding anew does; return it."""
    with av.open(str(path), "r") as container:
        stream = container.streams.video[0]
        ticks = round(frames / stream.average_rate / stream.time_base)
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 4 + 12
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + ticks).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def _add_sound(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for at in range(0, int(16000 * seconds), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, at, Fraction(1, 16000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _add_cover_stream(container: av.container.OutputContainer, size: tuple[int, int]) -> av.VideoStream:
    stream = container.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p"
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


def _add_cover(container: av.container.OutputContainer, stream: av.VideoStream) -> None:
    picture = av.VideoFrame.from_ndarray(barcode(4000, stream.width, stream.height), format="rgb24")
    container.mux(stream.encode(picture.reformat(format="yuvj420p")))
    container.mux(stream.encode(None))


def _cells(width: int, height: int) -> list[tuple[slice, slice]]:
    rows = np.linspace(0, height, _ROWS + 1).round().astype(int)
    columns = np.linspace(0, width, _COLUMNS + 1).round().astype(int)
    return [
        (slice(rows[r], rows[r + 1]), slice(columns[c], columns[c + 1])) for r in range(_ROWS) for c in range(_COLUMNS)
    ]
