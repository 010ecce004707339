"""MPEG-1 and MPEG-2 video (ISO/IEC 11172-2, 13818-2): no picture refers to a B-picture.

A packet is kept that holds one field of a frame, several frames, or a header that lasts beyond the picture.
"""

from __future__ import annotations

from rushes.video.bitstream.units import START
from rushes.video.bitstream.verdict import KEPT, UNREFERENCED, Coding, Verdict

_PICTURE, _USER_DATA, _EXTENSION = 0x00, 0xB2, 0xB5
_SLICES = range(0x01, 0xB0)
_B = 3
_FRAME = 3
_CODING = 8  # the extension that says whether a picture is a field
_OF_THE_PICTURE = frozenset((4, 7, _CODING, 11))  # extensions; that with new quantiser matrices (3) lasts


class Mpeg2(Coding):
    """MPEG-1 as well: its pictures are frames, which no extension says."""

    def look(self, packet: bytes) -> Verdict:
        structures: list[int] = []
        at = packet.find(START)
        while at >= 0:
            code = packet[at + 3]
            if code == _PICTURE:
                if packet[at + 5] >> 3 & 7 != _B:
                    return KEPT
                structures.append(_FRAME)
            elif code == _EXTENSION:
                extension = packet[at + 4] >> 4
                if extension not in _OF_THE_PICTURE:
                    return KEPT
                if extension == _CODING and structures:
                    structures[-1] = packet[at + 6] & 3
            elif code not in _SLICES and code != _USER_DATA:
                return KEPT
            at = packet.find(START, at + 3)
        return UNREFERENCED if structures == [_FRAME] or sorted(structures) == [1, 2] else KEPT
