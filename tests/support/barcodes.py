"""Made videos whose every frame carries its number, for tests of which frame comes and whether it is whole.

The number stands in sixteen big black and white cells, four of them a check, on a coloured texture that moves: coding
and scaling leave it readable, and a frame decoded from the wrong references does not look right. Here: painting and
reading such frames, writing videos of them with any codec and in any container that PyAV writes, and changing written
files in ways that no encoder offers. Not here: the plain videos that most rooms' tests use (``videos``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import av
import numpy as np

_SIDE = 4  # cells a side
_NUMBER_BITS = 12
_BLACK, _WHITE = 16, 235
_SURE = 40  # how far from the middle grey a cell must be to count as black or white
_MIDDLE = (_BLACK + _WHITE) // 2


def paint(number: int, size: tuple[int, int] = (128, 96), *, fields: bool = False) -> np.ndarray:
    """Return the frame of a number, uint8 (height, width, 3) RGB. ``fields``: every other line is shown later."""
    width, height = size
    picture = _texture(number, size)
    if fields:
        picture[1::2] = np.roll(picture, 1, axis=1)[1::2]
    for bit, (rows, columns) in enumerate(_cells(width, height)):
        picture[rows, columns] = _WHITE if _code(number) >> bit & 1 else _BLACK
    return picture


def read(picture: np.ndarray) -> int:
    """Return the number that a picture at least 64 pixels wide carries. Raises ``ValueError`` if it cannot be told."""
    code = 0
    for bit, (rows, columns) in enumerate(_cells(picture.shape[1], picture.shape[0])):
        cell = picture[rows, columns]
        h, w = cell.shape[0] // 4, cell.shape[1] // 4
        level = float(cell[h : cell.shape[0] - h, w : cell.shape[1] - w].mean())
        if abs(level - _MIDDLE) < _SURE:
            raise ValueError(f"cell {bit} is neither black nor white: {level:.0f}")
        code |= int(level > _MIDDLE) << bit
    number = code & (1 << _NUMBER_BITS) - 1
    if _code(number) != code:
        raise ValueError(f"the cells {code:016b} are no frame's")
    return number


def write(
    path: Path,
    *,
    codec: str = "libx264",
    container: str = "mp4",
    frames: int = 40,
    size: tuple[int, int] = (128, 96),
    pixel_format: str = "yuv420p",
    fps: Fraction | int = 25,
    gop: int = 12,
    b_frames: int = 2,
    open_gop: bool = False,
    steps: Sequence[int] | None = None,
    first: int = 0,
    turned: int = 0,
    interlaced: bool = False,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> np.ndarray:
    """Write a video of the frames 0, 1, 2 … and return their times, float64 seconds.

    ``first``: time of the first frame, and ``steps``: time from each frame to the next, in frames of ``fps`` or, when
    ``steps`` are given, in milliseconds. Frames before time 0 are left out of the picture by an mp4's edit list.
    ``turned``: degrees clockwise by which a player has to turn the frames; they are painted so that it has to.
    ``options``: of the encoder, ``container_options``: of the muxer.
    """
    tick = Fraction(1, 1000) if steps is not None else 1 / Fraction(fps)
    times = list(accumulate([1] * (frames - 1) if steps is None else steps[: frames - 1], initial=first))
    upright = size if turned % 180 == 0 else (size[1], size[0])
    with av.open(str(path), "w", format=container, options=dict(container_options or {})) as output:
        stream = output.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        context = stream.codec_context
        context.time_base, context.gop_size, context.thread_count = tick, gop, 1
        if codec in ("libx264", "mpeg4", "mpeg2video", "mpeg1video"):
            context.max_b_frames = b_frames
        stream.options = {**_encoder(codec, gop, b_frames, open_gop, interlaced), **(options or {})}
        if turned:
            stream.set_display_rotation(-turned)
        for number, time in enumerate(times):
            picture = np.ascontiguousarray(np.rot90(paint(number, upright, fields=interlaced), turned // 90))
            frame = _with_alpha(picture) if "a" in pixel_format.replace("gray", "") else picture
            video_frame = av.VideoFrame.from_ndarray(frame, format="rgba" if frame.shape[2] == 4 else "rgb24")
            video_frame.pts, video_frame.time_base = time, tick
            output.mux(stream.encode(video_frame))
        output.mux(stream.encode(None))
    return np.array([float(time * tick) for time in times])


def packets_of(path: Path) -> Iterator[av.Packet]:
    """Yield a file's packets in their order."""
    with av.open(str(path)) as container:
        yield from (packet for packet in container.demux(video=0) if packet.size)


def copy(
    source: Path,
    target: Path,
    container: str,
    change: Callable[[int, bytes], bytes | None],
) -> Path:
    """Copy packets into a new file. ``change`` is given each one's place and bytes, and leaves it out by ``None``."""
    with av.open(str(source)) as read_from, av.open(str(target), "w", format=container) as output:
        stream = output.add_stream_from_template(read_from.streams.video[0])
        for number, packet in enumerate(p for p in read_from.demux(video=0) if p.size):
            data = change(number, bytes(packet))
            if data is not None:
                changed = av.Packet(data)
                changed.pts, changed.dts, changed.time_base = packet.pts, packet.dts, packet.time_base
                changed.duration, changed.is_keyframe, changed.stream = packet.duration, packet.is_keyframe, stream
                output.mux(changed)
    return target


def strip_headers(path: Path) -> None:
    """Have a Matroska file say once what all its packets begin with, as mkvmerge did."""
    packets = [bytes(packet) for packet in packets_of(path)]
    same = [len(set(column)) == 1 for column in zip(*packets, strict=False)]
    header = packets[0][: [*same, False].index(False)]
    compression = _element(0x4254, b"\3") + _element(0x4255, header)
    _encode_packets(path, compression, lambda data: data.removeprefix(header))


def deflate(path: Path) -> None:
    """Have a Matroska file hold its packets deflated."""
    _encode_packets(path, _element(0x4254, b"\0"), zlib.compress)


def _encode_packets(path: Path, compression: bytes, encode: Callable[[bytes], bytes]) -> None:
    """Rewrite a Matroska file of one track with a ContentCompression (RFC 9559, 5.1.4.1.31)."""
    encodings = _element(0x6D80, _element(0x6240, _element(0x5034, compression)))

    def rewritten(data: bytes) -> bytes:
        parts = []
        for kind, content in _elements(data):
            if kind in (0x114D9B74, 0x1C53BB6B, 0xBF, 0xEC):  # what tells of places and sums that are no longer so
                continue
            if kind in (0x18538067, 0x1654AE6B, 0x1F43B675, 0xA0):  # Segment, Tracks, Cluster, BlockGroup
                content = rewritten(content)
            elif kind == 0xAE:  # TrackEntry
                content += encodings
            elif kind in (0xA3, 0xA1):  # SimpleBlock, Block: four bytes of track, time and flags come first
                content = content[:4] + encode(content[4:])
            parts.append(_element(kind, content))
        return b"".join(parts)

    path.write_bytes(rewritten(path.read_bytes()))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of each EBML element (RFC 8794, 4 to 6); all sizes are known."""
    at = 0
    while at < len(data):
        kind_length = 9 - data[at].bit_length()
        size_at = at + kind_length
        size_length = 9 - data[size_at].bit_length()
        start = size_at + size_length
        size = int.from_bytes(data[size_at:start], "big") & (1 << 7 * size_length) - 1
        yield int.from_bytes(data[at:size_at], "big"), data[start : start + size]
        at = start + size


def _element(kind: int, content: bytes) -> bytes:
    size = (len(content) | 1 << 56).to_bytes(8, "big")
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + content


def _code(number: int) -> int:
    """Return a number's cells: its bits, and above them a check that makes an all black frame no number."""
    check = (number ^ number >> 4 ^ number >> 8 ^ 0b0101) & 0b1111
    return number | check << _NUMBER_BITS


def _cells(width: int, height: int) -> Iterator[tuple[slice, slice]]:
    """Yield each cell's place: three quarters of each square of a grid, itself nine tenths of the picture."""
    for place in range(_SIDE * _SIDE):
        row, column = divmod(place, _SIDE)
        yield _span(height, row), _span(width, column)


def _span(length: int, place: int) -> slice:
    square = 0.9 * length / _SIDE
    start = 0.05 * length + place * square
    return slice(round(start + square / 8), round(start + square * 7 / 8))


def _texture(number: int, size: tuple[int, int]) -> np.ndarray:
    return np.roll(_wallpaper(size), (-number, 2 * number), axis=(0, 1))


@lru_cache
def _wallpaper(size: tuple[int, int]) -> np.ndarray:
    """Return coloured noise, smoothed a little so that it can be coded."""
    noise = np.random.default_rng(7).uniform(0, 255, (size[1], size[0], 3))
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(-2, 3)) / 5
    return np.clip((noise - 127.5) * 2.5 + 127.5, 0, 255).astype(np.uint8)


def _with_alpha(picture: np.ndarray) -> np.ndarray:
    """Return the picture as RGBA, clear at the left and solid at the right."""
    alpha = np.broadcast_to(np.linspace(0, 255, picture.shape[1]).astype(np.uint8), picture.shape[:2])
    return np.concatenate([picture, alpha[..., None]], axis=2)


def _encoder(codec: str, gop: int, b_frames: int, open_gop: bool, interlaced: bool) -> dict[str, str]:
    """Return an encoder's options: quick, and with as many B-frames and keyframes as it is told."""
    x26x = f"open-gop={int(open_gop)}:scenecut=0:min-keyint=1:keyint={gop}"
    flags = ("+ildct+ilme" if interlaced else "") + ("" if open_gop else "+cgop")
    mpeg = {"qmax": "4", "sc_threshold": "1000000000", **({"flags": flags} if flags else {})}
    return {
        "libx264": {
            "preset": "veryfast",
            "b_strategy": "0",
            "refs": "4",
            "x264-params": x26x + (":tff=1" if interlaced else ""),
        },
        "libx265": {
            "preset": "ultrafast",
            "x265-params": f"{x26x}:bframes={b_frames}:b-adapt=0:log-level=none:pools=none:frame-threads=1",
        },
        "libvpx": {"cpu-used": "8", "deadline": "realtime", "b": "1M"},
        "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime", "crf": "20", "b": "0"},
        "libsvtav1": {"preset": "12", "crf": "25", "svtav1-params": "lp=1"},
        "mpeg4": mpeg,
        "mpeg1video": mpeg,
        "mpeg2video": mpeg,
        "mjpeg": {"qmax": "3"},
    }.get(codec, {})
