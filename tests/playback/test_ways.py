"""A browser is given the file where it plays it, the file's packets where it decodes them, else frames coded anew."""

import pytest

from rushes.playback.ways import Kind, Way, way_to_show

MP4 = b"\0\0\0\x20ftypisom\0\0\2\0"
MOV = b"\0\0\0\x14ftypqt  \0\0\2\0"
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"
MKV = b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska"
AVI = b"RIFF\0\0\0\0AVI LIST"
TS = b"\x47\x40\x11\x10"


def way(codec: str, container: str, head: bytes, pixels: str = "yuv420p", closed: bool = True, cut: bool = True) -> Way:
    return way_to_show(codec, pixels, container, head, closed=closed, cut=cut)


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_mp4_is_served_as_it_is(codec: str) -> None:
    assert way(codec, "mov", MP4) == Way(Kind.FILE, "video/mp4", "")


@pytest.mark.parametrize("codec", ["vp8", "vp9", "av1"])
def test_webm_is_served_as_it_is(codec: str) -> None:
    assert way(codec, "matroska", WEBM) == Way(Kind.FILE, "video/webm", "")


@pytest.mark.parametrize(
    ("codec", "container", "head", "called"),
    [
        ("h264", "mov", MOV, "QuickTime"),
        ("h264", "matroska", MKV, "Matroska"),
        ("h264", "avi", AVI, "AVI"),
        ("h264", "mpegts", TS, "MPEG-TS"),
        ("vp9", "matroska", MKV, "Matroska"),
        ("av1", "matroska", MKV, "Matroska"),
    ],
)
def test_a_container_that_browsers_do_not_open_is_transmuxed(
    codec: str, container: str, head: bytes, called: str
) -> None:
    chosen = way(codec, container, head)
    assert chosen.kind is Kind.REMUXED
    assert chosen.note.startswith("transmuxed")
    assert called in chosen.note


@pytest.mark.parametrize(
    ("codec", "called"),
    [("hevc", "HEVC"), ("mpeg4", "MPEG-4 part 2"), ("mjpeg", "Motion JPEG"), ("prores", "ProRes"), ("ffv1", "ffv1")],
)
def test_a_codec_that_browsers_do_not_play_is_transcoded(codec: str, called: str) -> None:
    chosen = way(codec, "mov", MP4)
    assert chosen.kind is Kind.TRANSCODED
    assert chosen.note.startswith(f"transcoded from {called}")


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv422p", "yuv444p", "gbrp"])
def test_pixels_that_browsers_do_not_play_are_transcoded_and_named(pixels: str) -> None:
    chosen = way("h264", "mov", MP4, pixels)
    assert chosen.kind is Kind.TRANSCODED
    assert pixels in chosen.note


def test_open_groups_of_pictures_are_transcoded() -> None:
    assert way("h264", "mov", MP4, closed=False).kind is Kind.TRANSCODED


def test_what_cannot_be_cut_into_pieces_is_transcoded() -> None:
    assert way("h264", "matroska", MKV, cut=False).kind is Kind.TRANSCODED
    assert way("h264", "mov", MP4, cut=False).kind is Kind.FILE


def test_mpeg_4_part_2_in_an_mp4_is_not_taken_for_something_that_plays() -> None:
    assert way("mpeg4", "mov", MP4).kind is Kind.TRANSCODED
