"""Pieces of a few seconds, each a fragmented mp4 that decodes without the others, made when they are asked for.

Here: where a video is cut into pieces, the file's own packets put into mp4 (``Remuxed``), frames coded anew
(``Transcoded``). A piece's times are the index's, so that the page finds each frame where the index has it. Not here:
which of the two a video needs (``ways``).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from rushes.errors import VideoError
from rushes.store.rejects import Reason
from rushes.video.containers import open_container
from rushes.video.index import PacketIndex
from rushes.video.probe import video_streams
from rushes.video.video import Video

# Long enough to be worth a request, short enough that a jump to any frame waits for little.
_PIECE_S = 2.0
# Beyond that a jump would take too long, and browsers have no room for the four pieces that the page holds.
_LONGEST_S, _LARGEST = 30.0, 24 << 20
# Coded anew, a picture has at most as many pixels: more cannot be coded as fast as it is played.
_PIXELS = 1920 * 1080
_KEYFRAME_EVERY = 12
_MP4 = {
    "movflags": "empty_moov+default_base_moof+frag_custom+frag_discont",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
}


_Packets = Callable[[VideoStream], Iterable[Packet]]


class Pieces(Protocol):
    """A video in pieces: ``starts`` are their first frames; ``codecs`` is what Media Source Extensions call the coding.

    In a piece, frame i is at ``delay_s`` plus its time after frame 0.
    """

    starts: list[int]
    codecs: str
    delay_s: float

    def piece(self, number: int) -> bytes:
        """Return a piece as an mp4 file. Raises ``VideoError``, ``IndexError``."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


def clean_keyframes(index: PacketIndex) -> np.ndarray:
    """Return the numbers of the keyframes across which nothing refers.

    All earlier frames are decoded before such a one, and all frames after it are later ones.
    """
    decoded = index.decoded
    here = np.arange(len(index))
    latest_before = np.concatenate([[-1], np.maximum.accumulate(decoded)[:-1]])
    return np.flatnonzero((decoded == here) & (latest_before == here - 1) & index.keyframe)


def cuts_between_packets(index: PacketIndex) -> list[int] | None:
    """Return the first frames of pieces that need no packet of another one; None when a piece would be too big."""
    clean = clean_keyframes(index)
    if not len(clean) or clean[0] != 0:
        return None
    starts = _spread(clean, index.times_s)
    ends = [*starts[1:], len(index)]
    times = np.append(index.times_s, index.times_s[-1])
    longest = max(times[end] - times[start] for start, end in zip(starts, ends, strict=True))
    largest = max(int(index.size[start:end].sum()) for start, end in zip(starts, ends, strict=True))
    return starts if longest <= _LONGEST_S and largest <= _LARGEST else None


def _spread(places: np.ndarray, times_s: np.ndarray) -> list[int]:
    """Choose places to cut at, each at least a piece's length after the one before."""
    starts = [int(places[0])]
    for place in places[1:].tolist():
        if times_s[place] - times_s[starts[-1]] >= _PIECE_S:
            starts.append(place)
    return starts


class Remuxed:
    """The packets of a file, as they are, in another container."""

    def __init__(self, video: Video, starts: list[int]) -> None:
        """``starts`` are those of ``cuts_between_packets``."""
        self.starts = starts
        self._source, self._index = video.source(), video.index
        # Browsers ask for pieces side by side, and the container is one.
        self._lock = threading.Lock()
        self._container = open_container(self._source.open())
        self._stream = video_streams(self._container)[0]
        # In mp4 a frame lasts from its time of decoding to the next one's, and browsers believe that. So times of
        # decoding are made up for it, and all presentation is later by what that takes.
        index, lengths = self._index, _lengths(self._index.pts)[self._index.decoded]
        self._dts = np.cumsum(lengths) - lengths
        self._lengths = lengths
        self._delay = int((self._dts - (index.pts - index.pts[0])[index.decoded]).max())
        self.delay_s = float(self._delay * index.time_base)
        self.codecs = codecs_of(_mp4(self._stream_of))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._container.close()

    def piece(self, number: int) -> bytes:
        """Return a piece as an mp4 file."""
        first, end = _bounds(self.starts, number, len(self._index))
        with self._lock:
            try:
                data = self._by_place(first, end) if self._index.pos[first] >= 0 else self._by_container(first, end)
                return _mp4(self._stream_of, lambda stream: self._packets(first, data))
            except av.error.FFmpegError as error:
                raise VideoError(Reason.UNDECODABLE, f"{self._source.name}: {error.strerror}") from None

    def _stream_of(self, output: OutputContainer) -> VideoStream:
        return output.add_stream_from_template(self._stream, opaque=True)

    def _by_place(self, first: int, end: int) -> list[bytes]:
        order = self._index.decoded[first:end]
        places = [(int(self._index.pos[n]), int(self._index.pos[n] + self._index.size[n])) for n in order]
        return self._source.read(places)

    def _by_container(self, first: int, end: int) -> list[bytes]:
        """Read on from before the first packet; when a container's seeking came out after it, from the very first."""
        wanted = {int(self._index.pts[n]): at for at, n in enumerate(self._index.decoded[first:end])}
        for time in (int(self._index.dts[first]), int(self._index.dts.min())):
            found: dict[int, bytes] = {}
            self._container.seek(time, stream=self._stream)
            for packet in self._container.demux(self._stream):
                at = wanted.get(packet.pts) if packet.pts is not None and packet.size else None
                if at is not None:
                    found[at] = bytes(packet)
                if len(found) == len(wanted):
                    return [found[at] for at in range(len(wanted))]
        raise VideoError(Reason.UNDECODABLE, f"frames {first} to {end - 1} are not in the file any more")

    def _packets(self, first: int, data: Sequence[bytes]) -> Iterator[Packet]:
        index = self._index
        for place, content in enumerate(data, first):
            frame = int(index.decoded[place])
            packet = Packet(content)
            packet.pts = int(index.pts[frame] - index.pts[0]) + self._delay
            packet.dts = int(self._dts[place])
            packet.duration = int(self._lengths[place])
            packet.time_base = index.time_base
            packet.is_keyframe = bool(index.keyframe[frame])
            yield packet


class Transcoded:
    """Frames coded anew as H.264, upright."""

    delay_s = 0.0

    def __init__(self, video: Video) -> None:
        self._index = video.index
        self.starts = _spread(np.arange(len(video)), video.timestamps)
        self._size = _coded_size(video.row["width"], video.row["height"])
        self._fps = Fraction(video.row["fps"]).limit_denominator(1001) or Fraction(1)
        # One reader that goes on where it was: piece after piece costs no seeking.
        self._lock = threading.Lock()
        self._reader = video.reader(size=self._size)
        self.codecs = codecs_of(_mp4(self._stream_of))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._reader.close()

    def piece(self, number: int) -> bytes:
        """Return a piece as an mp4 file."""
        first, end = _bounds(self.starts, number, len(self._index))
        with self._lock:
            return _mp4(self._stream_of, lambda stream: self._encoded(stream, first, end))

    def _stream_of(self, output: OutputContainer) -> VideoStream:
        stream = output.add_stream("libx264", rate=self._fps)
        stream.width, stream.height, stream.pix_fmt = *self._size, "yuv420p"
        context = stream.codec_context
        context.time_base = self._index.time_base
        context.gop_size, context.max_b_frames = _KEYFRAME_EVERY, 0
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        stream.options = {"preset": "superfast", "crf": "18"}
        return stream

    def _encoded(self, stream: VideoStream, first: int, end: int) -> Iterator[Packet]:
        for number, picture in self._reader.frames(range(first, end)):
            frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709
            )
            frame.pts, frame.time_base = int(self._index.pts[number] - self._index.pts[0]), self._index.time_base
            yield from stream.encode(frame)
        yield from stream.encode(None)


def _mp4(add_stream: Callable[[OutputContainer], VideoStream], packets: _Packets | None = None) -> bytes:
    """Return an mp4 of one fragment, or of none; ``packets`` gives them for the stream that ``add_stream`` adds."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options=_MP4) as output:
        stream = add_stream(output)
        output.start_encoding()
        for packet in packets(stream) if packets else ():
            packet.stream = stream
            output.mux_one(packet)
    return buffer.getvalue()


def codecs_of(mp4: bytes) -> str:
    """Return an mp4's video coding as browsers want it named (RFC 6381): from the decoder's configuration in it."""
    if (at := mp4.find(b"avcC")) > 0:  # ISO/IEC 14496-15, 5.3.3.1
        return f"avc1.{mp4[at + 5 : at + 8].hex()}"
    if (at := mp4.find(b"vpcC")) > 0:  # VP Codec ISO Media File Format Binding
        profile, level, depth = mp4[at + 8], mp4[at + 9], mp4[at + 10] >> 4
        return f"vp09.{profile:02}.{level:02}.{depth:02}"
    if (at := mp4.find(b"av1C")) > 0:  # AV1 Codec ISO Media File Format Binding, 2.3
        profile, level, tier = mp4[at + 5] >> 5, mp4[at + 5] & 31, "MH"[mp4[at + 6] >> 7]
        return f"av01.{profile}.{level:02}{tier}.08"
    return ""


def _lengths(pts: np.ndarray) -> np.ndarray:
    """Return how long each frame is shown, in ticks; the last as long as most."""
    steps = np.diff(pts)
    return np.append(steps, int(np.median(steps)) if len(steps) else 1)


def _coded_size(width: int, height: int) -> tuple[int, int]:
    """Return the size to code a picture at: even, as 4:2:0 wants it, and not too big."""
    scale = min(1.0, (_PIXELS / (width * height)) ** 0.5)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _bounds(starts: Sequence[int], number: int, n_frames: int) -> tuple[int, int]:
    """Return the frames [first, end) of a piece."""
    return starts[number], starts[number + 1] if number + 1 < len(starts) else n_frames
