"""Track crops: a small video of each track, that follows its object, as TrackVerse makes them.

``XX/YID-LABEL-HASH.mp4`` as the released lines name them (``trackverse``): H.264, the video's own frames at their own
times, no sound, at most ``LONGEST_S`` of them, and a key frame twice a second so that training may begin anywhere. One
pass over a video feeds all its tracks; of each open one the encoder holds a frame, and its file lies on disk until it
is whole. Pixels are those that may be shown. Here: cutting out and encoding. Not here: where the crop lies
(``crop_path``), what must be hidden (``rushes.privacy``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np

from rushes.packaging.crop_path import CropPath, crop_path
from rushes.packaging.packed import File
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo
from rushes.packaging.trackverse import distinct, mp4_name, split_folder
from rushes.store.rejects import Reject

NAME = "track-crops"
LONGEST_S = 180.0
TOO_LONG = "frame_after_180_s"

_TICK = Fraction(1, 90_000)
# Without a look ahead the encoder holds no frames back. One thread and no mark of the day: the same bytes each time.
_OPTIONS = {"preset": "veryfast", "crf": "23", "tune": "zerolatency", "flags": "+bitexact"}


def video_files(video: PackedVideo) -> Iterator[File | Reject]:
    """A crop for each track that repeats no other; the rows of a file are its frames."""
    tracks, rejects = distinct(video.tracks, NAME)
    yield from rejects
    with TemporaryDirectory() as scratch, video.pictures() as pictures:
        times_s = pictures.times_s
        plans = sorted((_plan(video, track, times_s) for track in tracks), key=lambda plan: plan.start)
        wanted = np.unique(np.concatenate([np.arange(plan.start, plan.end) for plan in plans]))
        running: list[_Writer] = []
        for number, picture in pictures.frames(wanted.tolist()):
            while plans and plans[0].start <= number:
                running.append(_Writer(plans.pop(0), video.fps, times_s, Path(scratch)))
            for writer in running:
                writer.add(number, picture)
            yield from (writer.file() for writer in running if writer.plan.end == number + 1)
            running = [writer for writer in running if writer.plan.end > number + 1]


def cut(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return what lies in a box (left, top, width, height) of a picture, uint8 (h, w, 3), scaled to (width, height).

    The box may begin between two pixels: an object that moves slowly does not jump from one to the next.
    """
    left, top, w, h = box.tolist()
    whole = (max(1, round(w)), max(1, round(h)))
    # A pixel's place is its middle, half a pixel from its edge.
    found = cv2.getRectSubPix(picture, whole, (left + w / 2 - 0.5, top + h / 2 - 0.5))
    shrinks = size[0] < whole[0] or size[1] < whole[1]
    return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


@dataclass(frozen=True)
class _Plan:
    """One crop to be made: its file, its frames ``[start, end)``, and how many of the track's there are after them."""

    name: str
    start: int
    end: int
    left_out: int
    path: CropPath


def _plan(video: PackedVideo, track: PackedTrack, times_s: np.ndarray) -> _Plan:
    start, end = int(track.frames[0]), int(track.frames[-1]) + 1
    whole = int(np.searchsorted(times_s[start:end] - times_s[start], LONGEST_S))
    path = crop_path(track.times_s, track.boxes, (video.width, video.height))
    return _Plan(split_folder(video) + mp4_name(video, track), start, start + whole, end - start - whole, path)


class _Writer:
    """Writes one crop's video."""

    def __init__(self, plan: _Plan, fps: float, times_s: np.ndarray, scratch: Path) -> None:
        self.plan = plan
        self._times_s, self._frame_s = times_s, 1 / fps
        self._scratch = scratch / Path(plan.name).name
        self._container = av.open(str(self._scratch), "w", format="mp4", options={"fflags": "+bitexact"})
        stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height = plan.path.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _TICK
        stream.codec_context.gop_size = max(1, round(fps / 2))
        stream.codec_context.thread_count = 1
        stream.options = dict(_OPTIONS)
        self._stream = stream

    def add(self, number: int, picture: np.ndarray) -> None:
        """Cut the crop out of frame ``number``, uint8 (h, w, 3) RGB, and encode it."""
        box = self.plan.path.at(float(self._times_s[number] - self._times_s[0]))
        frame = av.VideoFrame.from_ndarray(cut(picture, box, self.plan.path.size), format="rgb24")
        frame.time_base, frame.pts = _TICK, self._ticks(number)
        frame.duration = self._ticks(number + 1) - frame.pts
        self._container.mux(self._stream.encode(frame))

    def file(self) -> File:
        """End the video and return it; nothing is left on disk."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        data = self._scratch.read_bytes()
        self._scratch.unlink()
        dropped = {TOO_LONG: self.plan.left_out} if self.plan.left_out else {}
        return File(self.plan.name, data, self.plan.end - self.plan.start, dropped)

    def _ticks(self, number: int) -> int:
        """Return when a frame begins, from the crop's begin on; the one after the video's last is a frame later."""
        last = len(self._times_s) - 1
        time_s = float(self._times_s[min(number, last)]) + max(0, number - last) * self._frame_s
        return round((time_s - float(self._times_s[self.plan.start])) / _TICK)
