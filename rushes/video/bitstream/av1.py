"""AV1 (AV1 bitstream and decoding process specification): temporal units that leave nothing in a reference slot.

All that a later frame can use, pictures, vectors and probabilities, it takes from the slots, which a frame fills by its
``refresh_frame_flags`` (5.9.2). A frame shown once more fills them only when it is a key frame, so the type of what is
in each slot is followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rushes.video.bitstream.bits import Bits
from rushes.video.bitstream.verdict import HIDDEN, KEPT, UNREFERENCED, Coding, Verdict

_SEQUENCE, _FRAME_HEADER, _FRAME = 1, 3, 6
# Temporal delimiter, tile group, metadata, frame header sent again, padding.
_NO_STATE = frozenset((2, 4, 5, 7, 15))
_KEY, _INTER, _INTRA_ONLY, _SWITCH = range(4)
_SELECTED = 2  # by each frame for itself
_ALL = 0xFF
_SEQUENCE_BYTES, _FRAME_BYTES = 512, 256  # more than what is read of their headers takes


class _Point(NamedTuple):
    """An operating point: the layers that it takes (none: all), and whether decoder models are told for it."""

    layers: int
    modelled: bool


class _Sequence(NamedTuple):
    """What is needed of a sequence header to read a frame's up to ``refresh_frame_flags``."""

    reduced: bool
    modelled: bool
    presentation_bits: int
    removal_bits: int
    points: list[_Point]
    id_bits: int
    screen_content: int
    integer_vectors: int
    order_bits: int


class _Frame(NamedTuple):
    kind: int | None
    shown: bool
    refreshed: int


class Av1(Coding):
    """A packet is a temporal unit."""

    def __init__(self, extradata: bytes = b"") -> None:
        self._sequence: _Sequence | None = None
        self._slots: list[int | None] = [None] * 8
        stored = bool(extradata) and extradata[0] >> 7 == 1  # an ``av1C`` box; else units as in a packet
        self.look(extradata[4:] if stored else extradata)

    def look(self, packet: bytes) -> Verdict:
        frames: list[_Frame] = []
        kept = False
        try:
            for kind, layers, start, end in _units(packet):
                if kind == _SEQUENCE:
                    self._sequence = None
                    self._sequence = _sequence(Bits(packet[start : min(end, start + _SEQUENCE_BYTES)]))
                    kept = True
                elif kind in (_FRAME_HEADER, _FRAME):
                    frame = self._frame(Bits(packet[start : min(end, start + _FRAME_BYTES)]), layers)
                    self._refresh(frame)
                    frames.append(frame)
                elif kind not in _NO_STATE:
                    kept = True
        except (IndexError, ValueError):
            self._slots = [None] * 8
            raise
        if frames and not any(frame.shown for frame in frames):
            return HIDDEN
        kept |= any(frame.refreshed for frame in frames)
        return UNREFERENCED if frames and not kept else KEPT

    def _refresh(self, frame: _Frame) -> None:
        for slot in range(8):
            if frame.refreshed >> slot & 1:
                self._slots[slot] = frame.kind

    def _frame(self, bits: Bits, layers: int) -> _Frame:
        """Read an uncompressed header up to ``refresh_frame_flags``; ``layers`` are the unit's own, as a mask."""
        sequence = self._sequence
        if sequence is None:
            raise ValueError("no sequence header before a frame")
        if sequence.reduced:
            return _Frame(_KEY, shown=True, refreshed=_ALL)
        if bits.flag():  # show_existing_frame
            kind = self._slots[bits.read(3)]
            return _Frame(kind, shown=True, refreshed=0 if kind not in (_KEY, None) else _ALL)
        kind = bits.read(2)
        shown = bits.flag()
        if shown:
            bits.read(sequence.presentation_bits)
        else:
            bits.read(1)  # showable_frame
        fills_all = kind == _SWITCH or (kind == _KEY and shown)
        resilient = fills_all or bits.flag()
        bits.read(1)  # disable_cdf_update
        screen_content = bits.read(1) if sequence.screen_content == _SELECTED else sequence.screen_content
        if screen_content and sequence.integer_vectors == _SELECTED:
            bits.read(1)
        bits.read(sequence.id_bits)
        if kind != _SWITCH:
            bits.read(1)  # frame_size_override_flag
        bits.read(sequence.order_bits)
        if kind in (_INTER, _SWITCH) and not resilient:
            bits.read(3)  # primary_ref_frame
        if sequence.modelled and bits.flag():  # buffer_removal_time_present_flag
            for point in sequence.points:
                if point.modelled and (not point.layers or point.layers & layers == layers):
                    bits.read(sequence.removal_bits)
        return _Frame(kind, shown, refreshed=_ALL if fills_all else bits.read(8))


def _units(packet: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield of each unit (5.3) the type, its layers as a mask, and where its content begins and ends."""
    at = 0
    while at < len(packet):
        header, at = packet[at], at + 1
        layers = 1 | 1 << 8
        if header & 4:
            layers = 1 << (packet[at] >> 5) | 1 << (8 + (packet[at] >> 3 & 3))
            at += 1
        size = len(packet) - at
        if header & 2:
            size, at = _leb128(packet, at)
        if header & 0x80 or at + size > len(packet):
            raise ValueError("a unit is cut off")
        yield header >> 3 & 15, layers, at, at + size
        at += size


def _leb128(packet: bytes, at: int) -> tuple[int, int]:
    """Return a number stored seven bits a byte, and where the next begins."""
    number = 0
    for shift in range(0, 56, 7):
        byte, at = packet[at], at + 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number without end")


def _sequence(bits: Bits) -> _Sequence:
    """Read a sequence header (5.5)."""
    bits.read(3 + 1)
    reduced = bits.flag()
    delay_bits = removal_bits = presentation_bits = id_bits = order_bits = 0
    modelled = equal_intervals = False
    if reduced:
        bits.read(5)
        points = [_Point(0, modelled=False)]
    else:
        if bits.flag():  # timing_info_present_flag
            bits.read(32 + 32)
            equal_intervals = bits.flag()
            if equal_intervals:
                bits.exp_golomb()
            modelled = bits.flag()
            if modelled:
                delay_bits = bits.read(5) + 1
                bits.read(32)
                removal_bits = bits.read(5) + 1
                presentation_bits = bits.read(5) + 1
        delay_told = bits.flag()
        points = [_point(bits, delay_bits, delay_told) for _ in range(bits.read(5) + 1)]
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    bits.read(width_bits + height_bits)
    if not reduced and bits.flag():  # frame_id_numbers_present_flag
        id_bits = bits.read(4) + bits.read(3) + 3
    bits.read(3)
    screen_content = integer_vectors = _SELECTED
    if not reduced:
        bits.read(4)
        ordered = bits.flag()
        if ordered:
            bits.read(2)
        screen_content = _SELECTED if bits.flag() else bits.read(1)
        if screen_content:
            integer_vectors = _SELECTED if bits.flag() else bits.read(1)
        if ordered:
            order_bits = bits.read(3) + 1
    return _Sequence(
        reduced,
        modelled,
        0 if equal_intervals else presentation_bits,
        removal_bits,
        points,
        id_bits,
        screen_content,
        integer_vectors,
        order_bits,
    )


def _point(bits: Bits, delay_bits: int, delay_told: bool) -> _Point:
    """Read an operating point; ``delay_bits`` is 0 without a decoder model."""
    layers = bits.read(12)
    if bits.read(5) > 7:  # seq_level_idx
        bits.read(1)
    modelled = delay_bits > 0 and bits.flag()
    if modelled:
        bits.read(2 * delay_bits + 1)
    if delay_told and bits.flag():
        bits.read(4)
    return _Point(layers, modelled)
