"""A packet that is called droppable can be left out, and every other frame stays the same to the bit.

Real encoders' streams are decoded with and without such packets; headers that no encoder here writes are put together
bit by bit, and FFmpeg's own reading of them (its filter ``trace_headers``) is what ours must agree with.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import make_video

from rushes.video.bitstream import References

CODECS = ["h264", "hevc", "av1", "mpeg4", "mpeg2video", "mpeg1video", "vp8", "vp9", "prores"]
SIZE = (160, 128)


@dataclass(frozen=True)
class Coded:
    """A video's packets in decoding order, each known by its time, and what a decoder must be told."""

    codec: str
    extradata: bytes | None
    reorder_depth: int
    packets: Mapping[int, bytes]

    def references(self) -> References:
        references = References(self.codec, self.extradata)
        for packet in self.packets.values():
            references.add(packet)
        return references

    def droppable(self) -> list[int]:
        return [time for time, drop in zip(self.packets, self.references().droppable(), strict=True) if drop]

    def hidden(self) -> set[int]:
        return {time for time, hide in zip(self.packets, self.references().hidden(), strict=True) if hide}

    def decoded(self, without: Collection[int] = ()) -> dict[int, bytes]:
        """Return the pixels of each frame that comes out when some packets are not put in, by time."""
        decoder = av.CodecContext.create("libdav1d" if self.codec == "av1" else self.codec, "r")
        decoder.extradata, decoder.thread_count, decoder.reorder_depth = self.extradata, 1, self.reorder_depth
        frames = []
        for number, (time, data) in enumerate(self.packets.items()):
            if time not in without:
                packet = av.Packet(data)
                packet.pts, packet.dts, packet.time_base = time, number, Fraction(1, 1000)
                frames += decoder.decode(packet)
        frames += decoder.decode(None)
        return {frame.pts: frame.to_ndarray().tobytes() for frame in frames}


@dataclass(frozen=True)
class Encoding:
    encoder: str
    suffix: str
    options: tuple[tuple[str, str], ...] = ()
    b_frames: int = 3
    pix_fmt: str = "yuv420p"
    droppable: int = 10  # of 40, at least

    def __str__(self) -> str:
        return "-".join([self.encoder, self.suffix, self.pix_fmt, *(value for _, value in self.options)])


def x264(parameters: str = "", suffix: str = "mp4", droppable: int = 10, b_frames: int = 3) -> Encoding:
    return Encoding("libx264", suffix, (("x264-params", parameters),), b_frames, droppable=droppable)


def x265(parameters: str = "", suffix: str = "mp4", pix_fmt: str = "yuv420p", droppable: int = 10) -> Encoding:
    options = (("preset", "ultrafast"), ("x265-params", f"log-level=none:pools=none:frame-threads=1:{parameters}"))
    return Encoding("libx265", suffix, options, 3, pix_fmt, droppable)


def svt(parameters: str = "", suffix: str = "mp4", pix_fmt: str = "yuv420p", droppable: int = 10) -> Encoding:
    return Encoding("libsvtav1", suffix, (("preset", "11"), ("svtav1-params", parameters)), 0, pix_fmt, droppable)


WITH_DROPPABLE = [
    x264(),
    x264(suffix="ts"),
    x264("b-pyramid=none", droppable=20),
    x264("b-pyramid=strict", b_frames=8, droppable=15),
    x264("open-gop=1:slices=3"),
    x264("interlaced=1"),
    x264("repeat-headers=1", suffix="mkv"),
    x264("intra-refresh=1"),
    x265(),
    x265(suffix="ts"),
    x265("b-pyramid=0", droppable=20),
    x265("temporal-layers=3", droppable=5),
    x265("temporal-layers=3:open-gop=0", suffix="mkv", pix_fmt="yuv420p10le", droppable=5),
    svt(droppable=15),
    svt("hierarchical-levels=3", suffix="webm"),
    svt("film-grain=8", suffix="mkv", pix_fmt="yuv420p10le", droppable=15),
    svt("scm=1"),
    Encoding("mpeg4", "avi", b_frames=2, droppable=20),
    Encoding("mpeg4", "mp4", (("flags", "+qpel+mv4"),), 2, droppable=20),
    Encoding("mpeg4", "ts", b_frames=1),
    Encoding("mpeg2video", "ts", b_frames=2, droppable=20),
    Encoding("mpeg2video", "mpg", (("flags", "+ilme+ildct"),), 2, droppable=20),
    Encoding("mpeg2video", "mkv", b_frames=1, pix_fmt="yuv422p"),
    Encoding("mpeg1video", "mpg", b_frames=2, droppable=20),
]
WITHOUT = [
    x264(b_frames=0),
    x264("bframes=0:keyint=1"),
    Encoding("mpeg4", "mp4", (("flags", "+ilme+ildct"),), 2),
    Encoding("mpeg2video", "ts", b_frames=0),
    Encoding("libvpx", "webm", (("lag-in-frames", "16"), ("auto-alt-ref", "1"), ("cpu-used", "8")), 0),
    Encoding("libvpx-vp9", "webm", (("lag-in-frames", "16"), ("auto-alt-ref", "1"), ("cpu-used", "8")), 0),
    Encoding("libvpx-vp9", "mp4", (("lag-in-frames", "0"), ("error-resilient", "1"), ("cpu-used", "8")), 0),
    Encoding("mjpeg", "avi", b_frames=0, pix_fmt="yuvj420p"),
]


def moving(number: int) -> np.ndarray:
    """Return a picture with a texture that moves, so that a wrong reference shows."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    noise = np.random.default_rng(0).integers(0, 60, (SIZE[1], SIZE[0]))
    wave = 90 + 60 * np.sin((x + 3 * number) / 9) * np.cos((y - 2 * number) / 13)
    return np.dstack([wave, np.roll(noise, (number, 2 * number), (0, 1)) + 80, (x + y + 5 * number) % 256]).astype("u1")


def read(path: Path) -> Coded:
    """Return a file's packets."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        packets = {
            packet.pts: bytes(packet) for packet in container.demux(stream) if packet.size and packet.pts is not None
        }
        return Coded(context.codec.canonical_name, context.extradata, context.reorder_depth, packets)


@cache
def coded(encoding: Encoding) -> Coded:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"v.{encoding.suffix}"
        make_video(
            path,
            40,
            size=SIZE,
            codec=encoding.encoder,
            gop=1 if encoding.encoder == "mjpeg" else 15,
            b_frames=encoding.b_frames,
            pix_fmt=encoding.pix_fmt,
            options={key: value for key, value in encoding.options if value},
            picture=moving,
        )
        return read(path)


@cache
def whole(encoding: Encoding) -> dict[int, bytes]:
    return coded(encoding).decoded()


@pytest.mark.parametrize("encoding", WITH_DROPPABLE, ids=str)
def test_all_other_frames_are_the_same_without_what_is_droppable(encoding: Encoding) -> None:
    video, frames = coded(encoding), whole(encoding)
    droppable = set(video.droppable())
    assert len(frames) == 40
    assert len(droppable) >= encoding.droppable
    assert video.decoded(droppable) == {time: frames[time] for time in frames.keys() - droppable}


@pytest.mark.parametrize("encoding", WITH_DROPPABLE, ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_any_of_the_droppable_packets_can_be_left_out(encoding: Encoding, seed: int) -> None:
    video, frames = coded(encoding), whole(encoding)
    some = {time for time in video.droppable() if random.Random(f"{seed} {time}").random() < 0.5}
    assert video.decoded(some) == {time: frames[time] for time in frames.keys() - some}


@pytest.mark.parametrize("encoding", WITH_DROPPABLE, ids=str)
def test_leaving_out_a_packet_that_is_kept_would_show(encoding: Encoding) -> None:
    video, frames = coded(encoding), whole(encoding)
    droppable = video.droppable()
    kept = next(time for time in list(video.packets)[1:] if time not in droppable)
    with suppress(av.error.FFmpegError):  # which shows as well
        assert video.decoded({kept}) != {time: frames[time] for time in frames.keys() - {kept}}


@pytest.mark.parametrize("encoding", WITHOUT, ids=str)
def test_where_frames_build_on_each_other_nothing_is_droppable(encoding: Encoding) -> None:
    assert coded(encoding).droppable() == []


@pytest.mark.parametrize("encoding", WITH_DROPPABLE + WITHOUT, ids=str)
def test_hidden_are_the_packets_that_no_frame_comes_of(encoding: Encoding) -> None:
    video = coded(encoding)
    assert video.packets.keys() - whole(encoding).keys() == video.hidden()


def test_vp8_hides_pictures_that_are_only_to_be_referred_to() -> None:
    video = coded(Encoding("libvpx", "webm", (("cpu-used", "8"),), 0))
    time, packet = list(video.packets.items())[7]
    stream = replace(video, packets={**video.packets, time: bytes([packet[0] & ~0x10]) + packet[1:]})
    assert stream.hidden() == {time}
    assert stream.packets.keys() - stream.decoded().keys() == {time}


def test_vp9_frames_of_one_packet_count_by_whether_any_is_shown() -> None:
    hidden, shown, key = b"\x84\0\0\0", b"\x86\0\0\0", b"\x82\x49\x83\x42"
    assert verdicts("vp9", [hidden, shown, key, b"\x88\0"]) == [(False, True)] + 3 * [(False, False)]
    assert verdicts("vp9", [superframe(hidden, shown), superframe(hidden, hidden)]) == [(False, False), (False, True)]


def superframe(*frames: bytes) -> bytes:
    marker = bytes([0xC0 | 0 << 3 | len(frames) - 1])
    return b"".join(frames) + marker + bytes(map(len, frames)) + marker


def verdicts(codec: str, packets: list[bytes], extradata: bytes | None = None) -> list[tuple[bool, bool]]:
    """Return of each packet whether it is droppable and whether hidden."""
    references = References(codec, extradata)
    for packet in packets:
        references.add(packet)
    return list(zip(references.droppable().tolist(), references.hidden().tolist(), strict=True))


def droppable(codec: str, packets: list[bytes], extradata: bytes | None = None) -> list[bool]:
    return [drop for drop, _ in verdicts(codec, packets, extradata)]


# --- H.264 and HEVC: what encoders here do not write

SPS, PPS = "0x42001e" + " ue0 ue0 ue0 ue0 ue1 0 ue9 ue7", "ue0 ue0 0 0 ue0"


def bits(text: str) -> bytes:
    """Write bits from words: ``101`` as they stand, ``0x4f`` hexadecimal, ``ue5`` Exp-Golomb, ``12:5`` 5 in 12 bits."""
    written = ""
    for word in text.split():
        if word.startswith("ue"):
            code = f"{int(word[2:]) + 1:b}"
            written += "0" * (len(code) - 1) + code
        elif word.startswith("0x"):
            written += f"{int(word, 16):0{4 * len(word) - 8}b}"
        elif ":" in word:
            width, number = map(int, word.split(":"))
            written += f"{number:0{width}b}" if width else ""
        else:
            written += word
    written += "1" + "0" * (-(len(written) + 1) % 8)
    return int(written, 2).to_bytes(len(written) // 8, "big")


def unit(header: int | bytes, content: str = "1010101011001100") -> bytes:
    header = bytes([header]) if isinstance(header, int) else header
    return b"\0\0\0\1" + header + bits(content)


def h264_stream(*, fields: bool) -> bytes:
    return unit(0x67, SPS + (" 0 0" if fields else " 1")) + unit(0x68, PPS) + unit(0x65, "ue0 ue7 ue0 0000")


SLICE, REFERENCE = unit(0x01, "ue0 ue1 ue0 0001"), unit(0x21, "ue0 ue0 ue0 0001")


@pytest.mark.parametrize(
    ("packet", "drops"),
    [
        (SLICE, True),
        (SLICE + SLICE, True),
        (SLICE + REFERENCE, False),
        (unit(0x09) + unit(0x06) + SLICE, True),
        (unit(0x02) + unit(0x03) + unit(0x04), True),
        (unit(0x42) + unit(0x43), False),
        (unit(0x0E) + SLICE + unit(0x14), True),
        (SLICE + unit(0x74), False),
        (SLICE + unit(0x0A), False),
        (unit(0x68, PPS) + SLICE, True),
        (unit(0x68, "ue0 ue0 1 0 ue0") + SLICE, False),
        (unit(0x06), False),
    ],
    ids=[
        "a slice",
        "two",
        "one of them a reference",
        "delimiter and message",
        "partitions",
        "partitions of a reference",
        "a further layer",
        "a further layer that is a reference",
        "end of the sequence",
        "parameters again",
        "other parameters",
        "no picture",
    ],
)
def test_h264_pictures_of_these_units(packet: bytes, drops: bool) -> None:
    assert droppable("h264", [h264_stream(fields=False), packet]) == [False, drops]


def test_h264_parameters_of_which_there_are_several_are_kept_even_when_sent_again() -> None:
    other = unit(0x68, "ue0 ue0 1 0 ue0")
    packets = [h264_stream(fields=False), other + SLICE, unit(0x68, PPS) + SLICE, other + SLICE, SLICE]
    assert droppable("h264", packets) == [False, False, False, False, True]


def test_an_h264_field_by_itself_is_kept_and_both_in_a_packet_are_not() -> None:
    frame, top, bottom = (unit(0x01, f"ue0 ue1 ue0 0001 {field}") for field in ("0", "1 0", "1 1"))
    packets = [h264_stream(fields=True), top, bottom, top + bottom, frame, top + top]
    assert droppable("h264", packets) == [False, False, False, True, True, False]


def hevc(kind: int, layer: int = 0, temporal: int = 0) -> bytes:
    return unit((kind << 9 | layer << 3 | temporal + 1).to_bytes(2, "big"))


@pytest.mark.parametrize("kind", range(64))
def test_hevc_pictures_that_are_no_reference_are_droppable(kind: int) -> None:
    assert droppable("hevc", [hevc(19), hevc(kind)]) == [False, kind in (0, 2, 4, 6, 8, 10, 12, 14)]


def test_hevc_pictures_below_the_highest_temporal_layer_are_kept() -> None:
    low, high, reference = hevc(0), hevc(2, temporal=1), hevc(3, temporal=1)
    assert droppable("hevc", [hevc(19), low, low]) == [False, True, True]
    assert droppable("hevc", [hevc(19), low, high, reference]) == [False, False, True, False]


def test_hevc_packets_with_more_than_a_picture_are_kept() -> None:
    picture = hevc(0)
    for more in (hevc(34), hevc(36), hevc(0, layer=1), hevc(1)):
        assert droppable("hevc", [hevc(19), picture, picture + more]) == [False, True, False]
    assert droppable("hevc", [hevc(34) + hevc(19), hevc(34) + picture]) == [False, True]


# --- MPEG-2 and MPEG-4


def mpeg2_picture(kind: int, structure: int | None = None) -> bytes:
    picture = b"\0\0\1\0" + (kind << 19 | 0x7FFF8).to_bytes(4, "big")
    if structure is not None:
        picture += b"\0\0\1\xb5" + bytes([0x8F, 0xFF, 0xF0 | structure, 0x80, 0x80])
    return picture + b"\0\0\1\1\x12\x34"


@pytest.mark.parametrize(
    ("packet", "drops"),
    [
        (mpeg2_picture(3), True),
        (mpeg2_picture(3, 3), True),
        (mpeg2_picture(2, 3), False),
        (mpeg2_picture(3, 1), False),
        (mpeg2_picture(3, 2) + mpeg2_picture(3, 1), True),
        (mpeg2_picture(3, 1) + mpeg2_picture(2, 2), False),
        (mpeg2_picture(3, 3) + mpeg2_picture(3, 3), False),
        (b"\0\0\1\xb5\x30" + mpeg2_picture(3, 3), False),
        (b"\0\0\1\xb8\0\0\0\0" + mpeg2_picture(3, 3), False),
    ],
    ids=["MPEG-1", "B", "P", "one field", "both", "one of them P", "two frames", "new matrices", "a group's header"],
)
def test_mpeg2_pictures(packet: bytes, drops: bool) -> None:
    assert droppable("mpeg2video", [packet]) == [drops]


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_in_a_packed_bitstream_all_is_kept_and_fillers_are_shown_where_decoders_know_them(told: bool) -> None:
    video = coded(Encoding("mpeg4", "avi", b_frames=1))
    packed = pack(list(video.packets.values()))
    fillers = {number for number, packet in enumerate(packed) if packet == NOT_CODED}
    assert len(fillers) > 15
    if told:
        packed[0] = packed[0].replace(b"\0\0\1\xb6", b"\0\0\1\xb2DivX503b1393p\0\0\1\xb6", 1)
    stream = Coded("mpeg4", video.extradata, 1, dict(enumerate(packed)))
    assert stream.droppable() == []
    assert stream.hidden() == (set() if told else fillers)
    assert set(stream.decoded()) == set(range(40)) - stream.hidden()


def pack(packets: list[bytes]) -> list[bytes]:
    """Put each B-VOP into the packet before it, and a VOP that is not coded into its place."""
    is_b = [packet[packet.index(b"\0\0\1\xb6") + 4] >> 6 == 2 for packet in packets] + [False]
    return [
        NOT_CODED if is_b[n] else packet + packets[n + 1] if is_b[n + 1] else packet for n, packet in enumerate(packets)
    ]


NOT_CODED = b"\0\0\1\xb6" + bits("01 0 1 5:0 1 0")


def test_an_mpeg4_picture_that_is_not_coded_shows_nothing() -> None:
    video = coded(Encoding("mpeg4", "avi", b_frames=0))
    packets = list(video.packets.values())
    stream = Coded("mpeg4", video.extradata, 0, dict(enumerate([*packets[:5], NOT_CODED, *packets[5:]])))
    assert stream.hidden() == {5}
    assert set(stream.decoded()) == set(range(41)) - {5}


# --- AV1: headers with all that may stand in them


@dataclass(frozen=True)
class Av1Headers:
    sequence: bytes
    frame: bytes
    refreshed: int
    shown: bool


def obu(kind: int, content: bytes, extension: int | None = None) -> bytes:
    header = kind << 3 | 2 | (extension is not None) << 2
    size = bytes([len(content) & 0x7F | 0x80, len(content) >> 7])
    return bytes([header]) + (b"" if extension is None else bytes([extension])) + size + content


@st.composite
def av1_headers(draw: st.DrawFn) -> Av1Headers:
    """Draw a sequence header and the header of a frame in it up to ``refresh_frame_flags``."""

    def flag() -> int:
        return draw(st.integers(0, 1))

    def number(width: int) -> int:
        return draw(st.integers(0, (1 << width) - 1))

    timing, ordered, ids, selecting = flag(), flag(), flag(), flag()
    equal, modelled = (flag(), flag()) if timing else (0, 0)
    delay, removal, presentation = (draw(st.integers(1, 32)) for _ in range(3))
    sequence = f"000 0 0 {timing} "
    if timing:
        sequence += f"32:{1 + number(30)} 32:{1 + number(30)} {equal} {'ue7 ' * equal}{modelled} "
        if modelled:
            sequence += f"5:{delay - 1} 32:{1 + number(30)} 5:{removal - 1} 5:{presentation - 1} "
    delays_told, n_points = flag(), draw(st.integers(1, 4))
    sequence += f"{delays_told} 5:{n_points - 1} "
    points = []
    for _ in range(n_points):
        layers, level, told = draw(st.sampled_from([0x000, 0x101, 0x103, 0x301])), draw(st.integers(0, 20)), flag()
        sequence += f"12:{layers} 5:{level} " + (f"{flag()} " if level > 7 else "")
        if modelled:
            sequence += f"{told} " + (f"{delay}:{number(delay)} {delay}:{number(delay)} {flag()} " if told else "")
        sequence += ("1 4:5 " if flag() else "0 ") if delays_told else ""
        points.append((layers, modelled and told))
    sequence += f"0111 0110 8:{SIZE[0] - 1} 7:{SIZE[1] - 1} {ids} "
    id_bits = 0
    if ids:
        more, fewer = number(3), draw(st.integers(0, 4))
        id_bits = more + fewer + 3
        sequence += f"4:{fewer} 3:{more} "
    order_bits = draw(st.integers(1, 8)) if ordered else 0
    sequence += f"0 1 1 0000 {ordered} {'11 ' * ordered}"
    screen, vectors = (2, 2) if selecting else (flag(), 2)
    sequence += "1 " if selecting else f"0 {screen} "
    if screen:
        vectors = draw(st.sampled_from([0, 1, 2]))
        sequence += "1 " if vectors == 2 else f"0 {vectors} "
    sequence += f"3:{order_bits - 1} " if ordered else ""
    sequence += "0 0 0 0 0 0 0 00 0 0"  # superres, cdef, restoration; colour; film grain

    extension = draw(st.sampled_from([None, 0b00000000, 0b00100000, 0b00001000]))
    unit_layers = 0x101 if extension is None else 1 << (extension >> 5) | 1 << (8 + (extension >> 3 & 3))
    kind, shown, resilient, own_screen, flags = draw(st.integers(0, 3)), flag(), flag(), flag(), number(8)
    frame = f"0 2:{kind} {shown} "
    if shown and modelled and not equal:
        frame += f"{presentation}:{number(presentation)} "
    frame += "" if shown else f"{flag()} "
    fills_all = kind == 3 or (kind == 0 and shown)
    frame += "" if fills_all else f"{resilient} "
    resilient = resilient or fills_all
    frame += f"{flag()} "
    if screen == 2:
        frame += f"{own_screen} "
    if (own_screen if screen == 2 else screen) and vectors == 2:
        frame += f"{flag()} "
    frame += f"{id_bits}:{number(id_bits)} " + ("" if kind == 3 else "0 ") + f"{order_bits}:{number(order_bits)} "
    if kind in (1, 3) and not resilient:
        frame += "111 "
    if modelled:
        told = flag()
        frame += f"{told} "
        for layers, point_modelled in points if told else []:
            if point_modelled and (not layers or layers & unit_layers == unit_layers):
                frame += f"{removal}:{number(removal)} "
    frame += ("" if fills_all else f"8:{flags} ") + "8:0 " * 40
    sequence_unit, frame_unit = obu(1, bits(sequence)), obu(6, bits(frame), extension)
    return Av1Headers(sequence_unit, frame_unit, 255 if fills_all else flags, shown == 1)


@given(av1_headers())
def test_av1_frames_are_droppable_when_they_refresh_nothing(headers: Av1Headers) -> None:
    got = verdicts("av1", [obu(2, b"") + headers.sequence, obu(2, b"") + headers.frame])
    assert got[1] == (headers.refreshed == 0 and headers.shown, not headers.shown)


def test_av1_headers_are_read_as_ffmpeg_reads_them(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 3, size=SIZE, codec="libsvtav1", b_frames=0, options={"preset": "11"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]

        @given(av1_headers())
        def agrees(headers: Av1Headers) -> None:
            told = traced(stream, headers.sequence + headers.frame)
            assert told["show_frame"] == headers.shown
            assert told.get("refresh_frame_flags", 255) == headers.refreshed

        agrees()


def traced(stream: av.VideoStream, packet: bytes) -> dict[str, int]:
    """Return the fields of a packet's headers as FFmpeg tells them."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.TRACE)
    try:
        with av.logging.Capture() as lines:
            reader = av.BitStreamFilterContext("trace_headers", stream)
            lines.clear()
            with suppress(av.error.FFmpegError):  # the headers end behind what is looked at
                reader.filter(av.Packet(packet))
    finally:
        av.logging.set_level(level)
    fields = (re.match(r"\d+\s+(\w+)\s.*= (-?\d+)", line[2]) for line in lines)
    return {field[1]: int(field[2]) for field in fields if field}


def test_an_av1_frame_shown_once_more_is_droppable_unless_it_is_a_key_frame() -> None:
    sequence = obu(1, bits("000 0 0 0 0 00000 000000000000 00000 0111 0110 8:159 7:127 0 000 0000 0 1 1 000000000000"))
    hidden_key, hidden_inter = obu(6, bits("0 00 0 1 1 0 0 0 8:1 8:0")), obu(6, bits("0 01 0 1 1 0 0 0 8:2 8:0"))
    key, inter, unknown = (obu(3, bits(f"1 3:{slot} 8:0")) for slot in range(3))
    assert verdicts("av1", [sequence + hidden_key, hidden_inter, inter, key, inter]) == [
        (False, True),
        (False, True),
        (True, False),
        (False, False),  # fills all slots with the key frame
        (False, False),
    ]
    assert droppable("av1", [sequence + hidden_key, hidden_inter, unknown]) == [False, False, False]


# --- whatever the bytes


@pytest.mark.parametrize("codec", CODECS)
@given(packets=st.lists(st.binary(max_size=60)), extradata=st.none() | st.binary(max_size=60))
def test_no_bytes_are_too_much_for_it(codec: str, packets: list[bytes], extradata: bytes | None) -> None:
    assert len(verdicts(codec, packets, extradata)) == len(packets)


@pytest.mark.parametrize(
    "encoding", [x264(), x265(), svt(droppable=15), *WITH_DROPPABLE[-7:-1:3], *WITHOUT[4:6]], ids=str
)
@given(data=st.data())
def test_nor_are_packets_cut_off_or_changed(encoding: Encoding, data: st.DataObject) -> None:
    video = coded(encoding)
    packets = list(video.packets.values())
    number = data.draw(st.integers(0, len(packets) - 1))
    broken = bytearray(packets[number][: data.draw(st.integers(0, len(packets[number])))])
    for at in data.draw(st.lists(st.integers(0, 40), max_size=4)):
        if at < len(broken):
            broken[at] = data.draw(st.integers(0, 255))
    extradata = (video.extradata or b"")[: data.draw(st.integers(0, 100))]
    for head in (video.extradata, extradata):
        assert len(verdicts(video.codec, [*packets[:number], bytes(broken)], head)) == number + 1


@pytest.mark.parametrize("packet", [b"", b"\0\0\0", b"\0\0\1", b"\0\0\0\1\x67\x64", b"\xff" * 9])
@pytest.mark.parametrize("codec", CODECS)
def test_a_packet_without_a_picture_is_kept(codec: str, packet: bytes) -> None:
    assert droppable(codec, [packet]) == [False]
    assert droppable("h264", [packet], b"\1\x64\0\x0a\xff") == [False]


def test_of_codecs_not_known_all_is_kept_and_shown() -> None:
    assert verdicts("prores", [b"\0\0\1\1", b"x"]) == [(False, False)] * 2
    assert verdicts("prores", []) == []
