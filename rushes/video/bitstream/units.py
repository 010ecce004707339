"""NAL units, of which packets of H.264 and HEVC consist, and parameter sets. Not here: what the units hold."""

from __future__ import annotations

from collections.abc import Iterator

START = b"\0\0\1"


def unit_starts(packet: bytes, length_size: int) -> Iterator[int]:
    """Yield where each NAL unit begins: behind its length, or behind a start code where ``length_size`` is 0.

    Only what is asked for is searched. Raises ValueError when the lengths do not fill the packet.
    """
    if length_size:
        at, end = 0, len(packet)
        while at < end:
            start = at + length_size
            at = start + int.from_bytes(packet[at:start], "big")
            if start < min(at, end):
                yield start
        if at > end:
            raise ValueError("a unit is cut off")
    else:
        at = packet.find(START)
        while 0 <= at < len(packet) - 3:
            yield at + 3
            at = packet.find(START, at + 3)


def unit_at(packet: bytes, start: int, length_size: int) -> bytes:
    """Return a copy of the unit that begins at ``start``."""
    if length_size:
        return packet[start : start + int.from_bytes(packet[start - length_size : start], "big")]
    end = packet.find(START, start)
    return packet[start : end if end >= 0 else len(packet)].rstrip(b"\0")


def payload(unit: bytes) -> bytes:
    """Return a unit without the bytes that keep start codes out of it (ITU-T H.264, 7.4.1.1)."""
    return unit.replace(b"\0\0\3", b"\0\0")


class ParameterSets:
    """Tells parameter sets that bring news from those that are sent again and again."""

    def __init__(self) -> None:
        self._only: dict[int, bytes] = {}

    def repeats(self, kind: int, unit: bytes) -> bool:
        """Tell whether the unit is the same as all of its kind before it, of which there is at least one.

        Where there are several, which of them is in force is not followed: those never count as repeated.
        """
        known = self._only.get(kind)
        if known is None:
            self._only[kind] = unit
        elif known != unit:
            self._only[kind] = b""
        return known == unit
