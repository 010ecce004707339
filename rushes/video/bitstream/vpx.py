"""VP8 and VP9: which packets show nothing. None can be left out.

VP9 takes motion vectors, segments and, where it says so, probabilities over from the frame decoded before, even from
one that refreshes no reference buffer. VP8 keeps segments, filter levels and probabilities likewise; what a frame
changes of them stands in a part that is arithmetic-coded, and of frames without trace encoders make hardly any.
"""

from __future__ import annotations

from collections.abc import Iterator

from rushes.video.bitstream.bits import Bits
from rushes.video.bitstream.verdict import HIDDEN, KEPT, Coding, Verdict


class Vp8(Coding):
    """A packet is a frame (RFC 6386, 9.1)."""

    def look(self, packet: bytes) -> Verdict:
        return KEPT if packet[0] & 0x10 else HIDDEN


class Vp9(Coding):
    """A packet is a frame or several (VP9 specification, annex B)."""

    def look(self, packet: bytes) -> Verdict:
        return KEPT if any(map(_shown, _frames(packet))) else HIDDEN


def _frames(packet: bytes) -> Iterator[bytes]:
    """Yield the first bytes of each frame; the index of several stands at the packet's end."""
    marker = packet[-1]
    size_bytes, count = (marker >> 3 & 3) + 1, (marker & 7) + 1
    index = len(packet) - 2 - size_bytes * count
    if marker & 0xE0 != 0xC0 or index < 0 or packet[index] != marker:
        yield packet[:2]
        return
    at = 0
    for n in range(count):
        yield packet[at : at + 2]
        entry = index + 1 + n * size_bytes
        at += int.from_bytes(packet[entry : entry + size_bytes], "little")


def _shown(frame: bytes) -> bool:
    """Read an uncompressed header (6.2) up to ``show_frame``."""
    bits = Bits(frame)
    if bits.read(2) != 2:
        raise ValueError("no VP9 frame")
    profile = bits.read(1) | bits.read(1) << 1
    if profile == 3:
        bits.read(1)
    if bits.flag():  # show_existing_frame
        return True
    bits.read(1)  # frame_type
    return bits.flag()
