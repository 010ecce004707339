"""From a video to its clips: one decode pass of small frames through the chosen detector.

Here: the rows of ``clips``. Not here: the detectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from rushes.settings import Shots
from rushes.shots.adaptive import AdaptiveCuts
from rushes.video.media import open_video
from rushes.work.step import Outcome, Task


class CutDetector(Protocol):
    """Finds where shots begin, in one pass over all frames of a video."""

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) at which frames are to be given."""

    def cuts(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, float]]:
        """Yield (first frame of a new shot, score) for (frame number, uint8 (h, w, 3) RGB)."""


class CutVideo:
    """The computation of ``scene_clips``."""

    def __init__(self, settings: Shots) -> None:
        self._settings = settings
        self._transnet = None
        if settings.method == "transnet":
            from rushes.shots.transnet import TransNet

            self._transnet = TransNet()

    def __call__(self, task: Task) -> Outcome:
        """Return the video's clips: consecutive, without gaps, the whole video when there is no cut."""
        video = task.video
        detector = self._detector()
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            frames = reader.frames(range(len(reader)), detector.fit(video["width"], video["height"]))
            cuts = list(detector.cuts(frames))
            return Outcome({"clips": clip_rows(video, reader.times_s, cuts, self._settings.method)})

    def _detector(self) -> CutDetector:
        """Detectors keep state over a video, so that each video gets a new one."""
        if self._transnet is not None:
            from rushes.shots.transitions import TransNetCuts

            return TransNetCuts(self._transnet, self._settings.transnet_threshold)
        settings = self._settings
        return AdaptiveCuts(settings.adaptive_threshold, settings.min_content, settings.min_shot_frames)


def clip_rows(
    video: dict[str, Any], times_s: np.ndarray, cuts: Sequence[tuple[int, float]], method: str
) -> list[dict[str, Any]]:
    """Return rows of ``clips`` for a video cut at ``(frame, score)``; ``times_s`` are all frames' times."""
    scores = dict(cuts)
    borders = sorted({0, len(times_s), *scores})
    return [
        {
            "clip_id": clip_id(video["video_id"], start, end),
            "video_id": video["video_id"],
            **time_range(times_s, video["duration_s"], start, end),
            "method": method,
            "score": scores.get(start),
        }
        for start, end in pairwise(borders)
    ]


def clip_id(video_id: str, start: int, end: int) -> str:
    """Return a clip's name, which says where it is."""
    return f"{video_id}.{start:06d}-{end:06d}"


def time_range(times_s: np.ndarray, duration_s: float, start: int, end: int) -> dict[str, Any]:
    """Return the columns of a frame range: a clip ends when the next frame begins, the last one with the video."""
    end_s = times_s[end] if end < len(times_s) else times_s[0] + duration_s
    return {"start_frame": start, "end_frame": end, "start_s": float(times_s[start]), "end_s": float(end_s)}
