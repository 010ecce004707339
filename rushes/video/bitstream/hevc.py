"""HEVC (ITU-T H.265): pictures that are no reference in their temporal layer (7.4.2.2), where that is the highest.

Pictures of a layer above may refer to them, so what the highest is shows when all packets are seen. A packet that
brings parameter sets or ends a sequence is kept, and so is one that holds a further layer (a second view, scaling).
"""

from __future__ import annotations

from rushes.video.bitstream.units import ParameterSets, unit_at, unit_starts
from rushes.video.bitstream.verdict import KEPT, Coding, Verdict

_LAST_PICTURE = 31  # unit types up to here hold slices
_UNREFERENCED = frozenset(range(0, 16, 2))  # TRAIL_N, TSA_N, STSA_N, RADL_N, RASL_N and those reserved
_PARAMETER_SETS = frozenset((32, 33, 34))
_END_OF_SEQUENCE = 36  # after it the next picture begins anew, even with no keyframe that says so
_VERDICTS = [Verdict(unreferenced=True, layer=layer) for layer in range(8)]


class Hevc(Coding):
    """Packets as mp4 and Matroska store them (lengths) and as streams do (start codes)."""

    def __init__(self, extradata: bytes = b"") -> None:
        stored = len(extradata) > 22 and (extradata[0] != 0 or extradata[1] != 0 or extradata[2] > 1)
        self._length_size = (extradata[21] & 3) + 1 if stored else 0
        self._sets = ParameterSets()
        units = _stored_units(extradata) if stored else [unit_at(extradata, at, 0) for at in unit_starts(extradata, 0)]
        for unit in units:
            self._sets.repeats(unit[0] >> 1 & 0x3F, unit)

    def look(self, packet: bytes) -> Verdict:
        layers, kept = set(), False
        for start in unit_starts(packet, self._length_size):
            kind = packet[start] >> 1 & 0x3F
            if kind <= _LAST_PICTURE:
                layer = (packet[start + 1] & 7) - 1
                layers.add(layer)
                self.top_layer = max(self.top_layer, layer)
                other_layer = packet[start] & 1 or packet[start + 1] >> 3
                if kind not in _UNREFERENCED or other_layer:
                    return KEPT
            elif kind in _PARAMETER_SETS:
                kept |= not self._sets.repeats(kind, unit_at(packet, start, self._length_size))
            elif kind == _END_OF_SEQUENCE:
                kept = True
        return KEPT if kept or len(layers) != 1 else _VERDICTS[layers.pop()]


def _stored_units(extradata: bytes) -> list[bytes]:
    """Return the parameter sets of an ``hvcC`` box (ISO/IEC 14496-15, 8.3.3.1)."""
    units, at = [], 23
    for _ in range(extradata[22]):
        count = int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            end = at + 2 + int.from_bytes(extradata[at : at + 2], "big")
            units.append(extradata[at + 2 : end])
            at = end
    return units
