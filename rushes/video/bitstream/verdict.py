"""What is said of one packet, and what a coding must be able to do. Not here: any coding."""

from __future__ import annotations

from typing import NamedTuple


class Verdict(NamedTuple):
    """``unreferenced``: by no frame of its own temporal layer or below; ``hidden``: shows no frame."""

    unreferenced: bool = False
    hidden: bool = False
    layer: int = 0


KEPT = Verdict()
UNREFERENCED = Verdict(unreferenced=True)
HIDDEN = Verdict(hidden=True)


class Coding:
    """A coding of which nothing is known: every packet is kept. Those known say more of a packet.

    ``top_layer``: the highest temporal layer seen. Frames of lower ones may be referred to from above, whatever they
    say, so only a packet of this one can be left out.
    """

    top_layer = 0

    def __init__(self, extradata: bytes = b"") -> None:
        """Take what the container stores apart from the packets, may be empty."""

    def look(self, packet: bytes) -> Verdict:
        """Judge the next packet in decoding order. Raises IndexError or ValueError where it is not understood."""
        return KEPT
