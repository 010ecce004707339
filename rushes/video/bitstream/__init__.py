"""What coded packets say of themselves, read from their first bytes without decoding: a module for each coding.

Here: which packets no other frame depends on, and which show nothing. Not here: demuxing and decoding, which PyAV
does, and choosing what to read (``rushes.video.reader``).

A packet is called droppable only when its bytes say so and leaving it out takes nothing from the packets after it: no
picture, no parameter set, no state. Whatever is not understood is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rushes.video.bitstream.av1 import Av1
from rushes.video.bitstream.h264 import H264
from rushes.video.bitstream.hevc import Hevc
from rushes.video.bitstream.mpeg2 import Mpeg2
from rushes.video.bitstream.mpeg4 import Mpeg4
from rushes.video.bitstream.verdict import KEPT, Coding, Verdict
from rushes.video.bitstream.vpx import Vp8, Vp9

_CODINGS: dict[str, Callable[[bytes], Coding]] = {
    "h264": H264,
    "hevc": Hevc,
    "av1": Av1,
    "mpeg4": Mpeg4,
    "mpeg2video": Mpeg2,
    "mpeg1video": Mpeg2,
    "vp8": Vp8,
    "vp9": Vp9,
}


class References:
    """One video's packets, shown to it in decoding order: which of them can be left out, and which show nothing."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        """``codec`` is FFmpeg's name of it, ``h264`` or ``vp9`` say; ``extradata`` as the container stores it."""
        try:
            self._coding = _CODINGS.get(codec, Coding)(extradata or b"")
        except (IndexError, ValueError):
            self._coding = Coding()
        self._verdicts: list[Verdict] = []

    def add(self, packet: bytes) -> None:
        """Take the next packet in decoding order."""
        try:
            verdict = self._coding.look(packet)
        except (IndexError, ValueError):  # cut off or not what it should be
            verdict = KEPT
        self._verdicts.append(verdict)

    def droppable(self) -> np.ndarray:
        """Return bool (n,), in the order added: no other frame depends on the packet."""
        top = self._coding.top_layer
        return np.array([v.unreferenced and v.layer == top for v in self._verdicts], bool)

    def hidden(self) -> np.ndarray:
        """Return bool (n,), in the order added: the packet holds no frame that is shown."""
        return np.array([v.hidden for v in self._verdicts], bool)
