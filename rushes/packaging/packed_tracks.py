"""What a format of tracks is given: a video's chosen tracks, whole, and a way to its pictures.

Here: plain data. Not here: where it comes from (``whole_tracks``), and the files (a module a format).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class PackedTrack:
    """One track with all the boxes that were found or given, none interpolated.

    ``frames`` int64 (n,) ascending; ``times_s`` float64 (n,) seconds from the video's first frame; ``boxes`` float32
    (n, 4) left, top, width, height in pixels of the video; ``scores`` float32 (n,); ``class_ids`` and ``class_names``
    tell what it looked like in each frame, None where that has no number or no known name. The ``top10_`` lists are
    those of the table ``tracks``: the classes of the whole track, best first, with the mean and deviation of their
    scores, both empty where nobody told.
    """

    track_id: str
    class_name: str
    frames: np.ndarray
    times_s: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    class_ids: tuple[int | None, ...]
    class_names: tuple[str | None, ...]
    mean_score: float
    top10_class_ids: tuple[int, ...]
    top10_class_names: tuple[str, ...]
    top10_mean: tuple[float, ...]
    top10_std: tuple[float, ...]


class Pictures(Protocol):
    """A video's frames as they may be shown (``rushes.privacy.delivery``)."""

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times of all frames, float64 seconds."""
        ...

    def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (frame number, uint8 (h, w, 3) RGB) in presentation order."""
        ...


@dataclass(frozen=True)
class PackedVideo:
    """A video's chosen tracks, by their begin and then by id. ``width`` and ``height`` are the video's, in pixels.

    ``searched`` are the spans of the clips in which tracks were looked for, seconds from the first frame. ``pictures``
    opens the video, for formats that need to.
    """

    video_id: str
    split: str
    width: int
    height: int
    fps: float
    searched: tuple[tuple[float, float], ...]
    tracks: tuple[PackedTrack, ...]
    pictures: Callable[[], AbstractContextManager[Pictures]]
