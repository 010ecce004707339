"""H.264 (ITU-T H.264): a picture whose slices all have ``nal_ref_idc`` 0 is referred to by none (7.4.1).

It is kept all the same where its packet brings parameter sets, and where it is but one field of a frame.
"""

from __future__ import annotations

from typing import NamedTuple

from rushes.video.bitstream.bits import Bits
from rushes.video.bitstream.units import ParameterSets, payload, unit_at, unit_starts
from rushes.video.bitstream.verdict import KEPT, UNREFERENCED, Coding, Verdict

_PICTURE = frozenset((1, 2, 5))  # a slice, its partition A, and one of an IDR picture
# Partitions B and C, prefixes, auxiliary slices (alpha), and those of further layers and views.
_SLICES = _PICTURE | {3, 4, 14, 19, 20, 21}
_SEQUENCE, _PICTURES = 7, 8
_LASTING = frozenset((_SEQUENCE, _PICTURES, 10, 13, 15))  # parameter sets, and the end of a sequence
_HEADER_BYTES = 24  # of a slice: more than its header takes up to field_pic_flag
_WITH_CHROMA = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


class _Sequence(NamedTuple):
    """What is needed of a sequence parameter set to find a slice's ``field_pic_flag``."""

    separate_planes: bool
    frame_number_bits: int
    frames_only: bool


class H264(Coding):
    """Packets as mp4 and Matroska store them (lengths) and as streams do (start codes)."""

    def __init__(self, extradata: bytes = b"") -> None:
        stored = extradata[:1] == b"\1"
        self._length_size = (extradata[4] & 3) + 1 if stored else 0
        self._sets = ParameterSets()
        self._sequences: dict[int, _Sequence] = {}
        self._sequence_of: dict[int, int] = {}
        units = _stored_units(extradata) if stored else [unit_at(extradata, at, 0) for at in unit_starts(extradata, 0)]
        for unit in units:
            self._take(unit)

    def look(self, packet: bytes) -> Verdict:
        picture, news, fields = False, False, set()
        for start in unit_starts(packet, self._length_size):
            header = packet[start]
            kind = header & 0x1F
            if kind in _SLICES:
                if header & 0x60:
                    return KEPT
                if kind in _PICTURE:
                    picture = True
                    fields.add(self._field(packet, start))
            elif kind in _LASTING:
                news |= self._take(unit_at(packet, start, self._length_size))
        whole = fields in ({None}, {0, 1})
        return UNREFERENCED if picture and whole and not news else KEPT

    def _take(self, unit: bytes) -> bool:
        """Take a parameter set; return whether it brings news."""
        kind = unit[0] & 0x1F
        if kind not in _LASTING or self._sets.repeats(kind, unit):
            return False
        bits = Bits(payload(unit[1:]))
        if kind == _SEQUENCE:
            number, sequence = _sequence(bits)
            self._sequences[number] = sequence
        elif kind == _PICTURES:
            number = bits.exp_golomb()
            self._sequence_of[number] = bits.exp_golomb()
        return True

    def _field(self, packet: bytes, start: int) -> int | None:
        """Return which field a slice belongs to, 0 or 1; None: to a frame."""
        if all(sequence.frames_only for sequence in self._sequences.values()):
            return None
        bits = Bits(payload(packet[start + 1 : start + _HEADER_BYTES]))
        bits.exp_golomb()  # first_mb_in_slice
        bits.exp_golomb()  # slice_type
        number = bits.exp_golomb()
        if number not in self._sequence_of or self._sequence_of[number] not in self._sequences:
            raise ValueError("no parameter set for a slice")
        sequence = self._sequences[self._sequence_of[number]]
        bits.read(2 * sequence.separate_planes + sequence.frame_number_bits)
        return bits.read(1) if not sequence.frames_only and bits.flag() else None


def _stored_units(extradata: bytes) -> list[bytes]:
    """Return the parameter sets of an ``avcC`` box (ISO/IEC 14496-15, 5.3.3.1)."""
    units, at = [], 5
    for mask in (0x1F, 0xFF):
        count = extradata[at] & mask
        at += 1
        for _ in range(count):
            end = at + 2 + int.from_bytes(extradata[at : at + 2], "big")
            units.append(extradata[at + 2 : end])
            at = end
    return units


def _sequence(bits: Bits) -> tuple[int, _Sequence]:
    """Read a sequence parameter set (7.3.2.1.1) up to ``frame_mbs_only_flag``; return its number too."""
    profile = bits.read(8)
    bits.read(16)
    number = bits.exp_golomb()
    separate_planes = False
    if profile in _WITH_CHROMA:
        chroma = bits.exp_golomb()
        separate_planes = chroma == 3 and bits.flag()
        bits.exp_golomb()
        bits.exp_golomb()
        bits.read(1)
        if bits.flag():
            for size in [16] * 6 + [64] * (6 if chroma == 3 else 2):
                if bits.flag():
                    _skip_scaling_list(bits, size)
    frame_number_bits = bits.exp_golomb() + 4
    order_type = bits.exp_golomb()
    if order_type == 0:
        bits.exp_golomb()
    elif order_type == 1:
        bits.read(1)
        bits.exp_golomb()
        bits.exp_golomb()
        for _ in range(bits.exp_golomb()):
            bits.exp_golomb()
    bits.exp_golomb()  # max_num_ref_frames
    bits.read(1)
    bits.exp_golomb()  # width
    bits.exp_golomb()  # height
    return number, _Sequence(separate_planes, frame_number_bits, frames_only=bits.flag())


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = scale = 8
    for _ in range(size):
        if scale:
            scale = (last + bits.signed_exp_golomb()) % 256
        last = scale or last
