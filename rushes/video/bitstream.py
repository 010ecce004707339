"""What a coded packet says of itself, read from its bytes without decoding.

Here: whether any other frame can depend on a packet. Not here: demuxing and decoding, which PyAV does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator


def droppable_test(codec: str, extradata: bytes | None) -> Callable[[bytes], bool]:
    """Return a test of a packet's bytes: true when no other frame refers to it. Codecs not known here: never."""
    if codec == "h264" and extradata and extradata[0] == 1:
        length_size = (extradata[4] & 3) + 1
        return lambda packet: _h264_droppable(_length_prefixed(packet, length_size))
    if codec == "h264":
        return lambda packet: _h264_droppable(_start_coded(packet))
    return lambda packet: False


def _h264_droppable(units: Iterator[int]) -> bool:
    """A picture whose slices all have ``nal_ref_idc == 0`` is referred to by none (ITU-T H.264, 7.4.1)."""
    slices = [header for header in units if 1 <= header & 0x1F <= 5]
    return bool(slices) and all(header & 0x60 == 0 for header in slices)


def _length_prefixed(packet: bytes, length_size: int) -> Iterator[int]:
    """Yield the first byte of each NAL unit of a packet as mp4 and Matroska store it."""
    at = 0
    while at + length_size < len(packet):
        length = int.from_bytes(packet[at : at + length_size], "big")
        yield packet[at + length_size]
        at += length_size + length


def _start_coded(packet: bytes) -> Iterator[int]:
    """Yield the first byte of each NAL unit of an Annex B packet."""
    at = packet.find(b"\0\0\1")
    while 0 <= at < len(packet) - 3:
        yield packet[at + 3]
        at = packet.find(b"\0\0\1", at + 3)
