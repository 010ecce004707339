"""Pieces hold exactly their frames, at the index's times, and decode without one another."""

import io
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import barcodes
import cv2
import numpy as np
import pytest

from rushes.errors import VideoError
from rushes.playback import segments
from rushes.playback.segments import Pieces, Remuxed, Transcoded, clean_keyframes, codecs_of, cuts_between_packets
from rushes.video.video import Video, open_file

UNEVEN = [40, 20, 80, 33, 33, 100] * 10


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_PIECE_S", 0.4)


def made(folder: Path, suffix: str, **how: Any) -> Video:
    path = folder / f"made.{suffix}"
    barcodes.write(path, **{"frames": 40, **how})
    return open_file(path)


def remuxed(video: Video) -> Remuxed:
    cuts = cuts_between_packets(video.index)
    assert cuts is not None
    return Remuxed(video, cuts)


def frames_in(mp4: bytes) -> list[tuple[float, int]]:
    """Return time and number of each frame of an mp4."""
    with av.open(io.BytesIO(mp4)) as container:
        stream = container.streams.video[0]
        return [
            (float(frame.pts * stream.time_base), barcodes.read(upright(frame))) for frame in container.decode(stream)
        ]


def upright(frame: av.VideoFrame) -> np.ndarray:
    return np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)


def lengths_in(mp4: bytes) -> list[float]:
    """Return how long each frame but the last lasts, in order of time: in mp4, up to the decoding of the next."""
    with av.open(io.BytesIO(mp4)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        lengths = {a.pts: float((b.dts - a.dts) * a.time_base) for a, b in pairwise(packets)}
    return [lengths.get(packet.pts, math.nan) for packet in sorted(packets, key=lambda packet: packet.pts)]


def check(video: Video, pieces: Pieces) -> None:
    times = video.timestamps - video.timestamps[0]
    lengths = np.append(np.diff(times), math.nan)
    first = frames_in(pieces.piece(0))[0][1]  # where an edit list leaves frames out, the painted numbers begin later
    assert len(pieces.starts) > 1
    for number, (start, end) in enumerate(zip(pieces.starts, [*pieces.starts[1:], len(video)], strict=True)):
        piece = pieces.piece(number)
        found, painted = zip(*frames_in(piece), strict=True)
        assert [n - first for n in painted] == list(range(start, end))
        assert np.subtract(found, pieces.delay_s) == pytest.approx(times[start:end], abs=1e-6)
        wrong = np.abs(np.array(lengths_in(piece)) - lengths[start:end]) > 1e-6
        assert not wrong.any()


REMUXED = {
    "matroska": ("mkv", {"container": "matroska"}),
    "uneven times": ("mkv", {"container": "matroska", "steps": UNEVEN, "first": 3}),
    "quicktime": ("mov", {"container": "mov"}),
    "turned": ("mov", {"container": "mov", "turned": 90}),
    "avi": ("avi", {"container": "avi"}),
    "transport stream": ("ts", {"container": "mpegts"}),
    "vp9": ("mkv", {"container": "matroska", "codec": "libvpx-vp9"}),
}
TRANSCODED = {
    "hevc": ("mp4", {"codec": "libx265"}),
    "mpeg-4 in avi": ("avi", {"codec": "mpeg4", "container": "avi"}),
    "prores": ("mov", {"codec": "prores_ks", "container": "mov", "pixel_format": "yuv422p10le"}),
    "uneven times": ("mp4", {"codec": "mpeg4", "steps": UNEVEN}),
    "edit list": ("mp4", {"first": -5}),
    "turned": ("mp4", {"turned": 90}),
    "open groups of pictures": ("mkv", {"container": "matroska", "open_gop": True}),
}


@pytest.mark.parametrize("name", REMUXED)
def test_transmuxed_pieces_hold_their_frames_at_the_index_s_times(tmp_path: Path, name: str) -> None:
    suffix, how = REMUXED[name]
    video = made(tmp_path, suffix, **how)
    check(video, remuxed(video))


@pytest.mark.parametrize("name", TRANSCODED)
def test_transcoded_pieces_hold_their_frames_at_the_index_s_times(tmp_path: Path, name: str) -> None:
    suffix, how = TRANSCODED[name]
    video = made(tmp_path, suffix, **how)
    check(video, Transcoded(video))


def test_a_folder_of_pictures_is_transcoded_at_the_times_of_its_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 3, 5, 6, *range(8, 40)):
        cv2.imwrite(str(tmp_path / f"{number:04}.png"), barcodes.paint(number)[:, :, ::-1])
    pieces = Transcoded(open_file(tmp_path))
    found = [frame for number in range(len(pieces.starts)) for frame in frames_in(pieces.piece(number))]
    assert [painted for _, painted in found] == [1, 2, 3, 5, 6, *range(8, 40)]
    assert [time for time, _ in found] == pytest.approx([(painted - 1) / 30 for _, painted in found], abs=1e-4)


def test_pieces_come_out_the_same_in_any_order(tmp_path: Path) -> None:
    video = made(tmp_path, "ts", container="mpegts")
    there, back = remuxed(video), remuxed(video)
    numbers = range(len(there.starts))
    assert [there.piece(n) for n in numbers] == [back.piece(n) for n in reversed(numbers)][::-1]


def test_transmuxing_changes_no_packet(tmp_path: Path) -> None:
    video = made(tmp_path, "mkv", container="matroska")
    pieces = remuxed(video)
    given = [bytes(p) for p in barcodes.packets_of(tmp_path / "made.mkv")]
    got = []
    for number in range(len(pieces.starts)):
        with av.open(io.BytesIO(pieces.piece(number))) as container:
            got += [bytes(p) for p in container.demux(video=0) if p.size]
    assert got == given


def test_cuts_are_where_nothing_refers_across(tmp_path: Path) -> None:
    closed = made(tmp_path, "mp4", gop=12).index
    assert clean_keyframes(closed).tolist() == [0, 12, 24, 36]
    assert cuts_between_packets(closed) == [0, 12, 24, 36]
    open_ = made(tmp_path, "mkv", container="matroska", gop=12, open_gop=True).index
    assert clean_keyframes(open_).tolist() == [0]


def test_a_piece_that_would_be_too_long_is_no_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_LONGEST_S", 1.0)
    assert cuts_between_packets(made(tmp_path, "mp4", gop=12).index)
    assert cuts_between_packets(made(tmp_path, "mp4", gop=40).index) is None


@pytest.mark.parametrize(("size", "coded"), [((129, 97), (128, 96)), ((2400, 1350), (1920, 1080)), ((2, 2), (2, 2))])
def test_transcoded_pictures_are_even_and_not_too_big(
    tmp_path: Path, size: tuple[int, int], coded: tuple[int, int]
) -> None:
    video = made(tmp_path, "mkv", codec="ffv1", container="matroska", frames=1, size=size)
    with av.open(io.BytesIO(Transcoded(video).piece(0))) as mp4:
        stream = mp4.streams.video[0]
        assert (stream.width, stream.height) == coded
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize(
    ("how", "name"), [({}, "avc1.64"), ({"codec": "libvpx-vp9"}, "vp09.00."), ({"codec": "libsvtav1"}, "av01.0.")]
)
def test_the_coding_is_named_as_browsers_want_it(tmp_path: Path, how: dict[str, Any], name: str) -> None:
    video = made(tmp_path, "mkv", container="matroska", **how)
    pieces = remuxed(video)
    assert pieces.codecs.startswith(name)
    assert codecs_of(pieces.piece(1)) == pieces.codecs


def test_a_file_that_went_away_is_an_error_and_no_empty_piece(tmp_path: Path) -> None:
    video = made(tmp_path, "mkv", container="matroska")
    pieces = remuxed(video)
    (tmp_path / "made.mkv").unlink()
    with pytest.raises(VideoError, match="no such file"):
        pieces.piece(0)
