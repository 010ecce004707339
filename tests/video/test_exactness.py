"""The frame that is asked for is the frame that comes, whole, with every codec and container that PyAV writes.

Each video's frames carry their numbers (``barcodes``); what comes is held against a plain decode of the whole file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import barcodes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import trim

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.video import open_file

FRAMES = 40
# Encoders that may be missing here; their videos are skipped. All others must be there.
MAY_BE_ABSENT: frozenset[str] = frozenset()


class Opened(NamedTuple):
    """A video as the library gives it: its frames' times, and the frames of a list."""

    times: np.ndarray
    frames: Callable[[Sequence[int]], np.ndarray]


def opened(path: Path) -> Opened:
    video = open_file(path)
    return Opened(video.timestamps, lambda wanted: video[list(wanted)].numpy())


def plain(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """Decode a file from its beginning to its end, and return its frames as RGB, upright, and their times."""
    pictures, times = [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            picture = frame.to_ndarray(format="rgb24")
            pictures.append(np.rot90(picture, frame.rotation // 90))
            times.append(float(frame.pts * stream.time_base))
    return pictures, times


@dataclass(frozen=True)
class Case:
    """How to make a video, which of its frames are shown, and whether its times begin where they were to begin."""

    how: Mapping[str, Any]
    shown: Sequence[int] = range(FRAMES)
    afterwards: Callable[[Path], object] = lambda path: None
    own_zero: bool = False
    tick: Fraction = Fraction(1, 90000)


# What each container counts time in, and whether it begins to count where it likes to.
_CONTAINERS: dict[str, dict[str, Any]] = {
    "mp4": {},
    "mov": {},
    "3gp": {},
    "matroska": {"tick": Fraction(1, 1000)},
    "webm": {"tick": Fraction(1, 1000)},
    "flv": {"tick": Fraction(1, 1000), "own_zero": True},
    "asf": {"tick": Fraction(1, 1000), "own_zero": True},
    "avi": {"own_zero": True},
    "mpegts": {"own_zero": True},
    "mpeg": {"own_zero": True},
    "mxf": {"own_zero": True},
    "nut": {"own_zero": True},
    "ogg": {"own_zero": True},
}


def case(
    container: str,
    codec: str = "libx264",
    *,
    shown: Sequence[int] = range(FRAMES),
    afterwards: Callable[[Path], object] = lambda path: None,
    own_zero: bool | None = None,
    **how: Any,
) -> Case:
    made = Case({"container": container, "codec": codec, **how}, shown, afterwards, **_CONTAINERS[container])
    return made if own_zero is None else Case(made.how, shown, afterwards, own_zero, made.tick)


def hide_vp8(path: Path) -> None:
    """Have every fifth packet of a VP8 video not be shown, as alternative references are (RFC 6386, 9.1)."""
    shown = path.rename(path.with_suffix(".shown"))
    barcodes.copy(shown, path, "webm", lambda n, data: bytes([data[0] & ~0x10]) + data[1:] if n % 5 == 4 else data)


def hide_vp9(path: Path) -> None:
    """Have each keyframe of a VP9 video be hidden, and shown by a second frame in its packet (VP9, 7.2, annex B)."""

    def hidden(number: int, data: bytes) -> bytes:
        if data[0] & 0x04:  # not a keyframe
            return data
        marker, show = b"\xd9", b"\x88"
        sizes = len(data).to_bytes(4, "little") + len(show).to_bytes(4, "little")
        return bytes([data[0] & ~0x02]) + data[1:] + show + marker + sizes + marker

    shown = path.rename(path.with_suffix(".shown"))
    barcodes.copy(shown, path, "webm", hidden)


H264: dict[str, dict[str, Any]] = {
    "a pyramid of B-frames": {"gop": 12, "b_frames": 3},
    "open groups": {"gop": 12, "b_frames": 3, "open_gop": True},
    "GOP 1": {"gop": 1, "b_frames": 0},
    "GOP 30": {"gop": 30, "b_frames": 5},
    "GOP 250": {"gop": 250, "b_frames": 3},
    "no B-frames": {"gop": 12, "b_frames": 0},
}
UNEVEN = [20, 100, 33, 33, 250, 40, 7] * 6
ODD = (65, 49)
FULL = "yuvj420p"
RESILIENT = {"deadline": "realtime", "cpu-used": "8", "error-resilient": "default"}
REFRESH = {"x264-params": "intra-refresh=1:keyint=12:scenecut=0:bframes=0"}
LAYERS = "temporal-layers=3:b-pyramid=1:bframes=3:b-adapt=0:keyint=12:min-keyint=1:scenecut=0:open-gop=1:log-level=none"
CASES: dict[str, Case] = {
    **{
        f"H.264, {structure}, {container}": case(container, **how)
        for structure, how in H264.items()
        for container in ("mp4", "mov", "matroska", "avi", "mpegts")
    },
    "H.264, fragmented at keyframes": case(
        "mp4", gop=10, own_zero=True, container_options={"movflags": "frag_keyframe+empty_moov"}
    ),
    "H.264, fragmented at every frame": case(
        "mp4", own_zero=True, container_options={"movflags": "frag_every_frame+empty_moov+default_base_moof"}
    ),
    "H.264, open groups, fragmented, delayed header": case(
        "mp4", open_gop=True, container_options={"movflags": "frag_keyframe+delay_moov"}
    ),
    "H.264, header first": case("mp4", container_options={"movflags": "faststart"}),
    "H.264, composition times below zero": case("mp4", container_options={"movflags": "negative_cts_offsets"}),
    "H.264, no edit list": case("mp4", own_zero=True, container_options={"use_editlist": "0"}),
    "H.264, first frames cut by edit list": case("mp4", first=-7, shown=range(7, FRAMES)),
    "H.264, first frames cut by edit list, mov, GOP 250": case(
        "mov", first=-13, gop=250, b_frames=3, shown=range(13, FRAMES)
    ),
    "H.264, edit list cuts a written file": case(
        "mp4", afterwards=lambda path: trim(path, 13), shown=range(13, FRAMES), own_zero=True
    ),
    "H.264, headers of packets stripped": case("matroska", afterwards=lambda p: barcodes.strip_headers(p), b_frames=3),
    "H.264, packets deflated": case("matroska", afterwards=lambda path: barcodes.deflate(path), b_frames=3),
    **{
        f"H.264, intra refresh, {container}": case(container, b_frames=0, options=REFRESH)
        for container in ("mp4", "matroska", "mpegts")
    },
    **{f"H.264, uneven, {container}": case(container, steps=UNEVEN) for container in ("mp4", "matroska", "mpegts")},
    "H.264, uneven, avi": case("avi", steps=UNEVEN, b_frames=0),
    **{f"H.264, late, {container}": case(container, first=100) for container in ("mp4", "mov", "matroska", "mpegts")},
    "H.264, a pause after the first frame, avi": case("avi", steps=[4000] + [40] * FRAMES, b_frames=0),
    "H.264, 29.97 fps, mp4": case("mp4", fps=Fraction(30000, 1001)),
    "H.264, 23.976 fps, mkv": case("matroska", fps=Fraction(24000, 1001)),
    **{f"H.264, turned by {degrees}, mp4": case("mp4", turned=degrees) for degrees in (90, 180, 270)},
    **{f"H.264, turned by {degrees}, mkv": case("matroska", turned=degrees) for degrees in (90, 180, 270)},
    "H.264, turned by 90, mov": case("mov", turned=90),
    **{f"H.264, {pixels}": case("mp4", pixel_format=pixels) for pixels in ("yuv420p10le", "yuv422p", "yuv444p", FULL)},
    "H.264, 4:2:2 in ten bits": case("matroska", pixel_format="yuv422p10le"),
    "H.264, gray": case("mp4", pixel_format="gray"),
    "H.264, odd size": case("mp4", pixel_format="yuv444p", size=ODD),
    "H.264, interlaced, mp4": case("mp4", interlaced=True),
    "H.264, interlaced, ts": case("mpegts", interlaced=True),
    "H.264, flv": case("flv"),
    "H.264, 3gp": case("3gp"),
    "H.264, nut": case("nut"),
    "H.264, m2ts": case("mpegts", container_options={"mpegts_m2ts_mode": "1"}),
    **{
        f"HEVC, {structure}, {container}": case(container, "libx265", **how)
        for structure, how in {
            "closed groups": {"b_frames": 3},
            "open groups": {"b_frames": 3, "open_gop": True, "gop": 10},
        }.items()
        for container in ("mp4", "matroska", "mpegts")
    },
    "HEVC, temporal layers, mp4": case("mp4", "libx265", options={"x265-params": LAYERS}),
    "HEVC, temporal layers, ts": case("mpegts", "libx265", options={"x265-params": LAYERS}),
    "HEVC, GOP 1": case("mp4", "libx265", gop=1, b_frames=0),
    "HEVC, uneven, late, mov": case("mov", "libx265", steps=UNEVEN, first=3000, open_gop=True, b_frames=3),
    "HEVC, turned": case("mp4", "libx265", turned=270),
    **{
        f"HEVC, {pixels}": case("mp4", "libx265", pixel_format=pixels)
        for pixels in ("yuv420p10le", "yuv422p", "yuv444p", "yuv420p12le", "gbrp")
    },
    "HEVC, odd size": case("matroska", "libx265", pixel_format="yuv444p", size=ODD),
    "VP8, webm": case("webm", "libvpx"),
    "VP8, hidden frames": case("webm", "libvpx", afterwards=hide_vp8, shown=[n for n in range(FRAMES) if n % 5 != 4]),
    "VP8, odd size, mkv": case("matroska", "libvpx", size=ODD),
    "VP8, ogg": case("ogg", "libvpx"),
    "VP8, alpha": case("webm", "libvpx", pixel_format="yuva420p", options={"auto-alt-ref": "0"}),
    "VP9, webm": case("webm", "libvpx-vp9"),
    "VP9, mp4": case("mp4", "libvpx-vp9", gop=30),
    "VP9, hidden frames": case("webm", "libvpx-vp9", gop=7, options=RESILIENT, afterwards=hide_vp9),
    "VP9, uneven, mkv": case("matroska", "libvpx-vp9", steps=UNEVEN),
    "VP9, odd size": case("webm", "libvpx-vp9", size=ODD),
    "VP9, 4:4:4": case("webm", "libvpx-vp9", pixel_format="yuv444p"),
    "VP9, alpha": case("webm", "libvpx-vp9", pixel_format="yuva420p", options={"auto-alt-ref": "0"}),
    **{f"AV1, {container}": case(container, "libsvtav1") for container in ("mp4", "matroska", "webm")},
    "AV1, GOP 250, uneven": case("mp4", "libsvtav1", gop=250, steps=UNEVEN),
    "AV1, ten bits": case("mp4", "libsvtav1", pixel_format="yuv420p10le"),
    "AV1, odd size": case("mp4", "libsvtav1", size=ODD),
    **{
        f"MPEG-4, {structure}, {container}": case(container, "mpeg4", **how)
        for structure, how in {
            "B-frames": {},
            "open groups": {"open_gop": True, "b_frames": 3},
            "no B-frames": {"b_frames": 0},
        }.items()
        for container in ("mp4", "avi", "matroska")
    },
    "MPEG-4, headers of packets stripped": case("matroska", "mpeg4", afterwards=lambda p: barcodes.strip_headers(p)),
    "MPEG-4, odd size, avi": case("avi", "mpeg4", size=ODD),
    "MPEG-4, interlaced": case("mp4", "mpeg4", interlaced=True),
    **{
        f"MPEG-2, {structure}, {container}": case(container, "mpeg2video", **how)
        for structure, how in {
            "closed groups": {},
            "open groups": {"open_gop": True, "b_frames": 3},
            "interlaced": {"interlaced": True},
        }.items()
        for container in ("mpegts", "mpeg", "matroska")
    },
    "MPEG-2, 4:2:2": case("mpegts", "mpeg2video", pixel_format="yuv422p"),
    "MPEG-2, odd size": case("mpegts", "mpeg2video", size=ODD),
    "MPEG-2, mxf": case("mxf", "mpeg2video"),
    "MPEG-1, mpg": case("mpeg", "mpeg1video"),
    **{
        f"Motion JPEG, {container}": case(container, "mjpeg", pixel_format=FULL)
        for container in ("avi", "mov", "matroska")
    },
    "Motion JPEG, 4:2:2, odd size": case("avi", "mjpeg", pixel_format="yuvj422p", size=ODD),
    "ProRes 422": case("mov", "prores_ks", pixel_format="yuv422p10le"),
    "ProRes 422, odd size, mkv": case("matroska", "prores_ks", pixel_format="yuv422p10le", size=ODD),
    "ProRes 4444, alpha": case(
        "mov", "prores_ks", pixel_format="yuva444p10le", options={"profile": "4444", "alpha_bits": "16"}
    ),
    "FFV1, mkv": case("matroska", "ffv1"),
    "FFV1, RGB, avi": case("avi", "ffv1", pixel_format="bgr0"),
    "FFV1, ten bits": case("matroska", "ffv1", pixel_format="yuv422p10le"),
    "FFV1, alpha, odd size": case("matroska", "ffv1", pixel_format="yuva420p", size=ODD),
    **{
        f"PNG, {pixels}, {container}": case(container, "png", pixel_format=pixels)
        for pixels in ("rgb24", "rgba", "gray")
        for container in ("mov", "avi")
    },
    "QuickTime Animation": case("mov", "qtrle", pixel_format="rgb24"),
    "Huffyuv": case("avi", "huffyuv", pixel_format="yuv422p"),
    "uncompressed": case("avi", "rawvideo"),
    "WMV": case("asf", "wmv2"),
}


@dataclass(frozen=True)
class Made:
    """A case's file, the frames it shows, when they were to be shown, and what a plain decode makes of it."""

    case: Case
    path: Path
    times: np.ndarray
    pictures: list[np.ndarray]
    plain_times: list[float] = field(repr=False)


@pytest.fixture(scope="module", params=CASES, ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    wanted = CASES[request.param]
    if not writable(wanted.how["codec"]):
        pytest.skip(f"no encoder {wanted.how['codec']} here")
    path = tmp_path_factory.mktemp("made") / "video"
    times = barcodes.write(path, frames=FRAMES, **wanted.how)
    wanted.afterwards(path)
    return Made(wanted, path, times[list(wanted.shown)], *plain(path))


def test_a_plain_decode_shows_what_was_written(made: Made) -> None:
    assert numbers(made.pictures) == list(made.case.shown)


def test_every_frame_asked_for_alone_is_itself(made: Made) -> None:
    video = opened(made.path)
    assert len(video.times) == len(made.case.shown)
    places = random.Random(3).sample(range(len(video.times)), len(video.times))
    assert [numbers(video.frames([place])) for place in places] == [[made.case.shown[place]] for place in places]


def test_frames_come_in_the_order_in_which_they_are_asked_for(made: Made) -> None:
    last = len(made.case.shown) - 1
    shuffled = random.Random(5).choices(range(last + 1), k=25)
    for wanted in (shuffled, range(0, last, 7), range(3, last, 2), range(last, -1, -1), range(last, 0, -4), [last]):
        assert numbers(opened(made.path).frames(list(wanted))) == [made.case.shown[place] for place in wanted]


def test_pictures_are_to_the_bit_those_of_a_plain_decode(made: Made) -> None:
    last = len(made.case.shown) - 1
    for wanted in (range(last + 1), range(last, 0, -3), random.Random(7).sample(range(last), 9), [last]):
        for place, picture in zip(wanted, opened(made.path).frames(list(wanted)), strict=True):
            np.testing.assert_array_equal(picture, made.pictures[place], f"frame {place}")


def test_times_are_those_at_which_the_frames_are_shown(made: Made) -> None:
    times = opened(made.path).times
    assert times.dtype == np.float64
    own = times[0] - made.times[0] if made.case.own_zero else 0
    np.testing.assert_allclose(times - own, made.times, rtol=0, atol=float(made.case.tick) / 2 + 1e-9)
    if made.case.how["container"] != "avi":  # for which FFmpeg guesses
        np.testing.assert_allclose(times, np.array(made.plain_times), rtol=0, atol=1e-9)


def test_no_encoder_is_missing_but_those_that_may_be() -> None:
    assert {codec for c in CASES.values() if not writable(codec := c.how["codec"])} <= MAY_BE_ABSENT


@pytest.mark.parametrize(
    "name", [name for name in CASES if "open groups" in name and "mpeg" not in name and "avi" not in name]
)
def test_open_groups_hold_frames_that_lean_on_the_group_before(tmp_path: Path, name: str) -> None:
    barcodes.write(tmp_path / "video", frames=FRAMES, **CASES[name].how)
    packets = list(barcodes.packets_of(tmp_path / "video"))
    keyframes = [at for at, packet in enumerate(packets) if packet.is_keyframe]
    assert len(keyframes) > 2
    assert all(packets[at + 1].pts < packets[at].pts for at in keyframes[1:])


def test_hidden_frames_of_av1_are_there(tmp_path: Path) -> None:
    barcodes.write(tmp_path / "video", frames=FRAMES, **CASES["AV1, mp4"].how)
    assert min(packet.size for packet in barcodes.packets_of(tmp_path / "video")) < 10  # these show an earlier frame


CUT: dict[str, dict[str, Any]] = {
    "H.264, mkv": {"container": "matroska"},
    "H.264, ts": {"container": "mpegts"},
    "H.264, avi": {"container": "avi", "b_frames": 0},
    "H.264, header first, mp4": {"container_options": {"movflags": "faststart"}},
    "H.264, fragmented, mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "HEVC, mkv": {"codec": "libx265", "container": "matroska"},
    "HEVC, ts": {"codec": "libx265", "container": "mpegts"},
    "MPEG-4, avi": {"codec": "mpeg4", "container": "avi", "b_frames": 0},
    "MPEG-2, ts": {"codec": "mpeg2video", "container": "mpegts"},
    "VP9, webm": {"codec": "libvpx-vp9", "container": "webm"},
    "Motion JPEG, avi": {"codec": "mjpeg", "container": "avi", "pixel_format": FULL},
    "Motion JPEG, header first, mov": {
        "codec": "mjpeg",
        "container": "mov",
        "pixel_format": FULL,
        "container_options": {"movflags": "faststart"},
    },
}


@pytest.mark.parametrize("half", [False, True], ids=["before its last packet", "within its last packet"])
@pytest.mark.parametrize("name", CUT)
def test_a_file_that_ends_early_gives_all_other_frames_or_says_that_it_is_cut_off(
    tmp_path: Path, name: str, half: bool
) -> None:
    path = tmp_path / "video"
    barcodes.write(path, frames=FRAMES, **CUT[name])
    pictures, _ = plain(path)
    lost = lose_last_packet(path, half)
    try:
        video = opened(path)
    except VideoError as error:
        if error.reason != Reason.TRUNCATED:
            raise
        return
    places = list(range(len(video.times)))
    if half and name.endswith("ts"):  # in which nothing tells how long a packet was to be
        places.remove(lost)
    came = [number for place in places if (number := exactly(video, place, pictures)) is not None]
    assert came == [number for number in range(FRAMES) if number != lost]


@pytest.mark.parametrize("into", [0, 1, 5], ids=["at a keyframe", "after a keyframe", "within a group"])
@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts"])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_of_a_recording_that_begins_anywhere_all_frames_come_that_can_be_decoded(
    tmp_path: Path, codec: str, container: str, into: int
) -> None:
    source, path = tmp_path / "whole", tmp_path / "video"
    barcodes.write(source, codec=codec, container=container, frames=FRAMES, open_gop=True, b_frames=3, gop=12)
    packets = list(barcodes.packets_of(source))
    keyframes = [at for at, packet in enumerate(packets) if packet.is_keyframe]
    begin = keyframes[1] + into
    barcodes.copy(source, path, container, lambda at, data: data if at >= begin else None)
    pictures, _ = plain(source)
    shown = sorted(range(FRAMES), key=lambda at: packets[at].pts)
    first = shown.index(next(at for at in keyframes if at >= begin))
    video = opened(path)
    came = [number for place in range(len(video.times)) if (number := exactly(video, place, pictures)) is not None]
    assert came == list(range(first, FRAMES))


# AVI has no HEVC, and x265 gives a few frames times at random.
STRUCTURES = st.fixed_dictionaries(
    {
        "codec": st.sampled_from(["libx264", "libx264", "libx265", "mpeg4"]),
        "container": st.sampled_from(["mp4", "mov", "matroska", "mpegts", "avi"]),
        "frames": st.integers(1, 50),
        "gop": st.integers(1, 40),
        "b_frames": st.integers(0, 4),
        "open_gop": st.booleans(),
        "first": st.integers(0, 400),
        "steps": st.none() | st.lists(st.integers(2, 300), min_size=50, max_size=50),
    }
).filter(lambda how: how["codec"] != "libx265" or (how["container"] != "avi" and how["frames"] > 9))


@settings(max_examples=120, deadline=None)
@given(STRUCTURES, st.data())
def test_whatever_the_structure_frames_are_those_of_a_plain_decode(
    tmp_path_factory: pytest.TempPathFactory, how: dict[str, Any], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("made") / "video"
    barcodes.write(path, size=(64, 48), **how)
    pictures, times = plain(path)
    assert numbers(pictures) == list(range(how["frames"]))
    video = opened(path)
    if how["container"] != "avi":
        np.testing.assert_allclose(video.times, np.array(times), rtol=0, atol=1e-9)
    for wanted in data.draw(st.lists(st.lists(st.integers(0, how["frames"] - 1), min_size=1), min_size=1, max_size=4)):
        for place, picture in zip(wanted, video.frames(wanted), strict=True):
            np.testing.assert_array_equal(picture, pictures[place], f"frame {place}")


def writable(codec: str) -> bool:
    return codec in av.codecs_available and av.codec.Codec(codec, "w").is_encoder


def numbers(pictures: Sequence[np.ndarray] | np.ndarray) -> list[int]:
    return [barcodes.read(picture) for picture in pictures]


def exactly(video: Opened, place: int, pictures: Sequence[np.ndarray]) -> int | None:
    """Return which of ``pictures`` the frame in a place is to the bit, None when it is refused as undecodable."""
    try:
        picture = video.frames([place])[0]
    except VideoError as error:
        if error.reason != Reason.UNDECODABLE:
            raise
        return None
    number = barcodes.read(picture)
    np.testing.assert_array_equal(picture, pictures[number], f"frame {place}")
    return number


def lose_last_packet(path: Path, half: bool) -> int:
    """Cut a file before its last packet's bytes, or in their middle; return the number of the frame that is lost."""
    packets = list(barcodes.packets_of(path))
    last = max(packets, key=lambda packet: packet.pos)
    path.write_bytes(path.read_bytes()[: last.pos + (last.size // 2 if half else 0)])
    return sorted(packet.pts if packet.pts is not None else packet.dts for packet in packets).index(
        last.pts if last.pts is not None else last.dts
    )
