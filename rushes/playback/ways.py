"""Whether a browser can play a video as the file it is, and if not, what has to be done to it and why.

Here: what browsers play. Not here: doing what has to be done (``segments``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What browsers of the day decode, by FFmpeg's names; the pixel formats are 8-bit 4:2:0, with VP8's and VP9's alpha.
_PLAYED = {"h264": "H.264", "vp8": "VP8", "vp9": "VP9", "av1": "AV1"}
_PIXELS = ("yuv420p", "yuvj420p", "yuva420p")
_FILES = {"video/mp4": ("h264", "vp9", "av1"), "video/webm": ("vp8", "vp9", "av1")}
# Of these, what may be given in pieces of mp4.
_REMUXED = ("h264", "vp9", "av1")
# How people call the others, and the containers.
_CODECS = {"hevc": "HEVC", "mpeg4": "MPEG-4 part 2", "mpeg2video": "MPEG-2", "mjpeg": "Motion JPEG", "prores": "ProRes"}
_CONTAINERS = {"mov": "QuickTime", "matroska": "Matroska", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "avi": "AVI"}


class Kind(StrEnum):
    """What a browser is given."""

    FILE = "file"
    REMUXED = "transmuxed"
    TRANSCODED = "transcoded"


@dataclass(frozen=True)
class Way:
    """How a video comes to a browser. ``note`` says why not as the file, and is empty if it does."""

    kind: Kind
    mime: str
    note: str


FALLBACK = Way(Kind.TRANSCODED, "", "transcoded, without sound: this browser could not play it otherwise")


def way_to_show(codec: str, pixel_format: str, container: str, head: bytes, *, closed: bool, cut: bool) -> Way:
    """Choose the way for a video of a codec in a container, in FFmpeg's names, whose file begins with ``head``.

    ``closed``: nothing refers across keyframes. ``cut``: the packets can be parted into pieces of some seconds that
    decode without one another.
    """
    name = _PLAYED.get(codec) or _CODECS.get(codec) or codec
    if codec not in _PLAYED:
        return _transcoded(name, "not every browser plays that" if codec == "hevc" else "browsers do not play that")
    if pixel_format not in _PIXELS:
        return _transcoded(name, f"browsers play it as 8-bit 4:2:0, but this is {pixel_format}")
    if not closed:
        return _transcoded(name, "frames refer across keyframes, over which browsers stumble when they jump")
    mime = _mime(head)
    if codec in _FILES.get(mime, ()):
        return Way(Kind.FILE, mime, "")
    why = f"browsers do not open {_CONTAINERS.get(container, container)} files"
    if codec not in _REMUXED or not cut:
        return _transcoded(name, why)
    return Way(Kind.REMUXED, "", f"transmuxed, without sound: {why}; the coded pictures are as they were")


def _transcoded(name: str, why: str) -> Way:
    return Way(Kind.TRANSCODED, "", f"transcoded from {name}, without sound: {why}")


def _mime(head: bytes) -> str:
    """Return the type of a file that browsers open by its first bytes, empty for all others.

    QuickTime is told from mp4 by its brand (ISO/IEC 14496-12, 4.3), WebM from Matroska by the EBML document type.
    """
    if head[4:8] == b"ftyp" and head[8:12] != b"qt  ":
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return "video/webm"
    return ""
