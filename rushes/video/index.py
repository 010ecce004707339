"""A video's packets: where each frame's bytes are, when it is shown, and what its decoder has to be told.

Here: the index as it lies in memory, all that reading frames needs to know of a file. Not here: making it (``probe``),
the tables that keep it (``media``), reading by it (``reader``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

# FFmpeg's own decoder of these needs hardware; these do not.
_DECODERS = {"av1": "libdav1d"}


@dataclass(frozen=True)
class PacketIndex:
    """A file's frames in presentation order.

    ``pts``, ``dts``, ``pos`` int64 (n,), in ticks of ``time_base`` and bytes, -1 in ``pos`` where a frame's bytes are
    not one range of the file; ``size`` int32 (n,); ``keyframe`` and ``droppable`` bool (n,); ``decode_order`` int32
    (n,), the frame's place in the order of decoding. ``names`` are the files of an image sequence.
    """

    time_base: Fraction
    pts: np.ndarray
    dts: np.ndarray
    pos: np.ndarray
    size: np.ndarray
    keyframe: np.ndarray
    droppable: np.ndarray
    decode_order: np.ndarray
    names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times, float64 seconds (n,)."""
        return seconds(self.pts, self.time_base)

    @cached_property
    def decoded(self) -> np.ndarray:
        """The frame numbers in the order of decoding, int64 (n,)."""
        return np.argsort(self.decode_order, kind="stable")

    @cached_property
    def keyframes(self) -> np.ndarray:
        """The numbers of the keyframes, int64, ascending."""
        return np.flatnonzero(self.keyframe)

    def keyframe_before(self, number: int) -> int:
        """Return the last keyframe shown no later than a frame (0 when there is none)."""
        at = int(np.searchsorted(self.keyframes, number, side="right")) - 1
        return int(self.keyframes[at]) if at >= 0 else 0


@dataclass(frozen=True)
class Coding:
    """How a stream is coded: what a container tells the decoder before the first packet.

    ``codec`` is FFmpeg's name of the format; ``width`` and ``height`` are of the coded picture, before turning;
    ``reorder_depth`` is how many frames may wait for others to be shown first.
    ``colorspace`` and ``color_range`` are FFmpeg's numbers (ITU-T H.273), where 2 and 0 mean unspecified.
    """

    codec: str
    extradata: bytes | None
    codec_tag: str
    width: int
    height: int
    pixel_format: str
    bits_per_sample: int
    reorder_depth: int
    colorspace: int
    color_range: int

    @classmethod
    def of(cls, context: VideoCodecContext) -> Coding:
        """Take it from a container's stream."""
        return cls(
            codec=context.codec.canonical_name,
            extradata=context.extradata,
            codec_tag=context.codec_tag,
            width=context.width,
            height=context.height,
            pixel_format=context.pix_fmt or "",
            bits_per_sample=context.bits_per_coded_sample,
            reorder_depth=context.reorder_depth,
            colorspace=int(context.colorspace),
            color_range=int(context.color_range),
        )

    def decoder(self, threads: int) -> VideoCodecContext:
        """Return a new decoder that takes packets from outside their container."""
        context = av.CodecContext.create(_DECODERS.get(self.codec, self.codec), "r")
        assert isinstance(context, VideoCodecContext)
        if self.extradata:
            context.extradata = self.extradata + bytes(64)  # leaves zeros behind the shorter one that follows:
            context.extradata = self.extradata  # decoders may look there, and PyAV does not see to it
        context.codec_tag = self.codec_tag
        context.width, context.height = self.width, self.height
        if self.pixel_format:
            context.pix_fmt = self.pixel_format
        context.bits_per_coded_sample = self.bits_per_sample
        context.reorder_depth = self.reorder_depth  # H.264 without VUI loses its first B-frame otherwise
        context.colorspace, context.color_range = self.colorspace, self.color_range
        context.thread_count = threads
        context.thread_type = "SLICE" if threads == 1 else "AUTO"
        return context


def seconds(ticks: np.ndarray, time_base: Fraction) -> np.ndarray:
    """Return times, float64 seconds, of int64 ``ticks`` of a time base."""
    times: np.ndarray = ticks * time_base.numerator / time_base.denominator
    return times
