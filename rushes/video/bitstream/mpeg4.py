"""MPEG-4 part 2 (ISO/IEC 14496-2): no picture (VOP) refers to a B-VOP, and one that is not coded shows nothing.

Kept are packets with several VOPs ("packed bitstream"), with a header that lasts, and all that is interlaced: there a
B-VOP's vectors are scaled by a frame duration that the first B-VOP of the stream tells.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rushes.video.bitstream.bits import Bits
from rushes.video.bitstream.units import START
from rushes.video.bitstream.verdict import HIDDEN, KEPT, UNREFERENCED, Coding, Verdict

_VOP, _USER_DATA = 0xB6, 0xB2
_PACKED = re.compile(rb"DivX\d+(b|Build)\d+p")  # user data by which encoders say that they pack
_LAYERS = range(0x20, 0x30)
_B = 2
_HEADER_BYTES = 32  # of a layer's or a VOP's header: more than what is read of it takes


class _Layer(NamedTuple):
    """What is needed of the header of a video object layer."""

    time_bits: int
    interlaced: bool


class Mpeg4(Coding):
    """A packet is a VOP with the headers before it, as a rule.

    In a packed bitstream a packet may hold the next one's VOP too, and the next one a VOP that is not coded, to fill
    its place. Where user data tells them so, decoders move the VOP there, and the filler counts as shown.
    """

    def __init__(self, extradata: bytes = b"") -> None:
        self._layer: _Layer | None = None
        self._packed = False
        self._owed = 0  # VOPs that came with a packet before theirs
        self.look(extradata)

    def look(self, packet: bytes) -> Verdict:
        vops: list[tuple[int, bool]] = []
        lasting = False
        at = packet.find(START)
        while 0 <= at < len(packet) - 3:
            code, header = packet[at + 3], packet[at + 4 : at + 4 + _HEADER_BYTES]
            if code == _VOP:
                vops.append(self._vop(header))
            elif code in _LAYERS:
                self._layer = None
                self._layer = _layer(header)
                lasting = True
            elif code == _USER_DATA:
                self._packed = self._packed or _PACKED.match(header) is not None
            else:
                lasting = True
            at = packet.find(START, at + 3)
        coded = sum(coded for _, coded in vops)
        if not vops or coded:
            self._owed = max(coded - 1, 0) if self._packed else 0
            plain = vops == [(_B, True)] and not lasting and self._layer is not None and not self._layer.interlaced
            return UNREFERENCED if plain else KEPT
        filler, self._owed = self._owed > 0, max(self._owed - 1, 0)
        return KEPT if filler else HIDDEN

    def _vop(self, header: bytes) -> tuple[int, bool]:
        """Return a VOP's type and whether it is coded (6.2.5)."""
        if self._layer is None:
            raise ValueError("no header of a layer before a VOP")
        bits = Bits(header)
        kind = bits.read(2)
        while bits.flag():  # modulo_time_base
            pass
        bits.read(1 + self._layer.time_bits + 1)
        return kind, bits.flag()


def _layer(header: bytes) -> _Layer:
    """Read the header of a rectangular layer up to ``interlaced`` (6.2.3)."""
    bits = Bits(header)
    bits.read(1 + 8)
    if bits.flag():  # is_object_layer_identifier
        bits.read(4 + 3)
    if bits.read(4) == 15:  # aspect_ratio_info
        bits.read(8 + 8)
    if bits.flag():  # vol_control_parameters
        bits.read(2 + 1)
        if bits.flag():  # vbv_parameters
            bits.read(79)
    if bits.read(2) != 0:
        raise ValueError("a layer that is no rectangle")
    bits.read(1)
    ticks = bits.read(16)
    bits.read(1)
    time_bits = max((ticks - 1).bit_length(), 1)
    if bits.flag():  # fixed_vop_rate
        bits.read(time_bits)
    bits.read(1 + 13 + 1 + 13 + 1)  # size
    return _Layer(time_bits, interlaced=bits.flag())
