"""Films out of coded frames: taken over as they are, or encoded from pictures.

Here: packets, mp4 files, and whether what was taken over shows the same pictures. Not here: which film is made in
which way (``media``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from rushes.errors import VideoError
from rushes.packaging.media_film import Film, How
from rushes.privacy.delivery import Delivery
from rushes.ranges import LocalRanges, Ranges
from rushes.video.containers import open_container
from rushes.video.index import PacketIndex
from rushes.video.media import open_reader, video_columns
from rushes.video.packets import ReadBy
from rushes.video.probe import check_file, probe, video_streams

_TICK = Fraction(1, 90_000)
# Little is lost, and a key frame twice a second lets reading begin anywhere. Without a look ahead the encoder holds no
# frames back. One thread and no mark of the day: the same bytes each time.
_OPTIONS = {"preset": "veryfast", "crf": "18", "tune": "zerolatency", "flags": "+bitexact"}
_MUXER = {"fflags": "+bitexact"}
_BT601, _LIMITED = 6, 1  # ITU-T H.273's numbers of what pictures are converted to
# Containers whose packets lie as an mp4 has them, and what an mp4 may hold of them.
_COPIED_FROM = ("mov", "matroska")
_COPIED = ("h264", "hevc", "av1", "vp9")


def can_be_copied(video: Mapping[str, Any]) -> bool:
    """Tell whether a video's packets may be put into an mp4 as they are; a turned picture is turned by encoding it."""
    return video["container"] in _COPIED_FROM and video["codec"] in _COPIED and video["rotation"] == 0


class Linked:
    """A film that stays in its video: the part of the video's index that its frames need."""

    def __init__(self, delivery: Delivery, frames: np.ndarray) -> None:
        part, numbers = _part(delivery.index, frames)
        self._film = Film("linked", None, delivery.video, part, numbers)
        self._compared = _Compared(delivery.source, delivery.video, part, np.searchsorted(numbers, frames))

    def add(self, picture: np.ndarray) -> None:
        """Compare a frame with what the part gives."""
        self._compared.add(picture)

    def film(self) -> Film | None:
        """Return the film if all frames were the same."""
        return self._film if self._compared.same() else None


class Copied:
    """A film of packets that are written as they are."""

    def __init__(self, delivery: Delivery, frames: np.ndarray, path: Path) -> None:
        self._path = path
        try:
            _write_packets(delivery, frames, path)
        except av.error.FFmpegError:
            path.unlink(missing_ok=True)  # not what an mp4 may hold: there is no film then
        self._film = _written("copied", path, frames)
        if self._film is not None:
            source = LocalRanges(path)
            self._compared = _Compared(source, self._film.video, self._film.index, np.arange(len(frames)))

    def add(self, picture: np.ndarray) -> None:
        """Compare a frame with what the copy gives."""
        if self._film is not None:
            self._compared.add(picture)

    def film(self) -> Film | None:
        """Return the film if all frames were the same."""
        same = self._film is not None and self._compared.same()
        self._path.unlink(missing_ok=True)
        return self._film if same else None


class Encoded:
    """A film encoded from pictures, H.264, at the video's own times."""

    def __init__(self, delivery: Delivery, frames: np.ndarray, path: Path) -> None:
        self._frames, self._path = frames, path
        times = delivery.times_s[frames]
        self._ticks = np.round((times - times[0]) * float(1 / _TICK)).astype(np.int64)
        self._output: av.container.OutputContainer | None = None
        self._rate = Fraction(delivery.video["fps"]).limit_denominator(1001) or Fraction(1)
        self._added = 0

    def add(self, picture: np.ndarray) -> None:
        """Encode a frame."""
        if self._output is None:
            self._output = av.open(str(self._path), "w", format="mp4", options=dict(_MUXER))
            self._stream = self._begun(self._output, picture.shape[1], picture.shape[0])
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.time_base, frame.pts = _TICK, int(self._ticks[self._added])
        self._added += 1
        self._output.mux(self._stream.encode(frame))

    def film(self) -> Film:
        """Return the film."""
        assert self._output is not None
        self._output.mux(self._stream.encode(None))
        self._output.close()
        film = _written("encoded", self._path, self._frames)
        assert film is not None
        self._path.unlink()
        return film

    def _begun(self, output: av.container.OutputContainer, width: int, height: int) -> Any:
        stream = output.add_stream("libx264", rate=self._rate)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"  # half the colours need even sides
        context = stream.codec_context
        context.time_base, context.thread_count = _TICK, 1
        context.gop_size = max(1, round(self._rate / 2))
        context.colorspace, context.color_range = _BT601, _LIMITED
        stream.options = dict(_OPTIONS)
        return stream


class _Compared:
    """Whether a film's own frames are those of the video, as these go by."""

    def __init__(self, source: Ranges, video: Mapping[str, Any], index: PacketIndex, places: np.ndarray) -> None:
        self._reader = open_reader(source, video, index)
        self._own: Iterator[tuple[int, np.ndarray]] = self._reader.frames(places.tolist(), reading_on=False)
        self._left = len(places)
        self._same = True

    def add(self, picture: np.ndarray) -> None:
        """Compare the next frame."""
        if not self._same:
            return
        try:
            _, own = next(self._own)
        except VideoError:
            self._same = False
            return
        self._left -= 1
        self._same = np.array_equal(own, picture)

    def same(self) -> bool:
        """Tell whether all were the same."""
        self._reader.close()
        return self._same and not self._left


def _written(how: How, path: Path, frames: np.ndarray) -> Film | None:
    """Return the film that an mp4 is; None where a reader would not find its frames, by their places in the file."""
    try:
        check_file(str(path))
        info = probe(str(path))
    except VideoError:
        return None
    if info.read_by != ReadBy.PACKETS or len(info.index) != len(frames):
        return None
    return Film(how, path.read_bytes(), video_columns(info), info.index, frames)


def _part(index: PacketIndex, frames: np.ndarray) -> tuple[PacketIndex, np.ndarray]:
    """Return the part of an index that frames are decoded by, and the number int32 (n,) of each frame in it."""
    start = int(index.decode_order[index.keyframe_before(int(frames[0]))])
    end = int(index.decode_order[frames].max()) + 1
    numbers = np.sort(index.decoded[start:end])
    parts = {name: getattr(index, name)[numbers] for name in ("pts", "dts", "pos", "size", "keyframe", "droppable")}
    order = (index.decode_order[numbers] - start).astype(np.int32)
    return replace(index, **parts, decode_order=order), numbers.astype(np.int32)


def _write_packets(delivery: Delivery, frames: np.ndarray, path: Path) -> None:
    """Write the packets of frames into an mp4, with the first shown at 0."""
    index = delivery.index
    numbers = index.decoded[np.sort(index.decode_order[frames])]
    spans = list(zip(index.pos[numbers].tolist(), (index.pos[numbers] + index.size[numbers]).tolist(), strict=True))
    first = int(index.pts[frames[0]])
    # Times of decoding that an mp4 takes: ascending, none after its frame's time of being shown.
    shown = np.sort(index.pts[frames]) - first
    step = max(1, int(np.median(np.diff(shown)))) if len(shown) > 1 else 1  # the last is shown as long as others are
    late = int((shown - (index.pts[numbers] - first)).max(initial=0))
    with (
        delivery.source.open() as handle,
        open_container(handle) as origin,
        av.open(str(path), "w", format="mp4", options=dict(_MUXER)) as output,
    ):
        stream = output.add_stream_from_template(video_streams(origin)[0])
        for at, (number, data) in enumerate(zip(numbers.tolist(), delivery.source.read(spans), strict=True)):
            packet = av.Packet(data)
            packet.time_base = index.time_base
            packet.pts, packet.dts = int(index.pts[number]) - first, int(shown[at]) - late
            packet.duration = step
            packet.is_keyframe, packet.stream = bool(index.keyframe[number]), stream
            output.mux(packet)
