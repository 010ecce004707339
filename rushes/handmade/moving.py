"""Pictures one after another: which columns have such, and a sequence of images as a video, for whoever plays videos.

Here: the row and the index that say so. Not here: playing it (``gallery``), the images (``images``).
"""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np

from rushes.errors import VideoError
from rushes.handmade.images import JPEG_START, Images, ImageSequenceKind
from rushes.handmade.videos import VideoKind
from rushes.store.rejects import Reason
from rushes.video.containers import open_container
from rushes.video.index import Coding, PacketIndex
from rushes.video.media import video_columns
from rushes.video.packets import ReadBy
from rushes.video.probe import VideoInfo
from rushes.video.video import FileVideo, Video

MOVING = (VideoKind, ImageSequenceKind)
"""The kinds of columns whose samples are pictures one after another."""

FPS = 25
"""Images a second, where nobody says."""


def as_video(images: Images, name: str, fps: float | None = None) -> Video:
    """Return images of one size and one format as a video. Raises ``VideoError`` for others.

    ``name`` is what it is called; ``fps`` is 25 where nobody says.
    """
    if len(set(images.sizes)) != 1:
        raise VideoError(Reason.NOT_VIDEO, f"{name}: images of several sizes, or none, are no video")
    codecs = {"mjpeg" if data.startswith(JPEG_START) else "png" for data in images.heads(len(JPEG_START))}
    if len(codecs) != 1:
        raise VideoError(Reason.NOT_VIDEO, f"{name}: images of several formats are no video")
    rate = Fraction(FPS if fps is None else fps).limit_denominator(1001)
    [first] = images[:1].tobytes()
    with open_container(io.BytesIO(first)) as container:
        coding = Coding.of(container.streams.video[0].codec_context)
    [(height, width)] = set(images.sizes)
    index = _index(images, rate)
    info = VideoInfo(
        container="images",
        codec=codecs.pop(),
        width=width,
        height=height,
        rotation=0,
        duration_s=float(len(images) / rate),
        fps=float(rate),
        is_vfr=False,
        has_audio=False,
        recorded_at=None,
        coding=coding,
        read_by=ReadBy.PACKETS,
        read_note=None,
        index=index,
    )
    about = {"video_id": name, "source_uri": name, "size_bytes": int(index.size.sum()), "etag": None}
    return FileVideo(about | {"creds_key": None} | video_columns(info) | {"kind": "frames"}, index, images.source)


def _index(images: Images, rate: Fraction) -> PacketIndex:
    count = len(images)
    spans = np.array(images.spans, np.int64).reshape(-1, 2)
    numbers = np.arange(count, dtype=np.int64)
    every = np.ones(count, bool)
    sizes = (spans[:, 1] - spans[:, 0]).astype(np.int32)
    return PacketIndex(1 / rate, numbers, numbers, spans[:, 0], sizes, every, every, numbers.astype(np.int32))
