"""From a video to its clips: one decode pass of small frames through the chosen detector.

Where spans of a video were annotated, only they are decoded and cut. Here: the rows of ``clips``. Not here: the
detectors, and which spans there are (``spans``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from rushes.settings import Shots
from rushes.shots.adaptive import AdaptiveCuts
from rushes.shots.spans import Span, spans_of, stretches
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.work.step import Outcome, Task


class CutDetector(Protocol):
    """Finds where shots begin, in one pass over consecutive frames of a video."""

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
        """Return the clips of the video, or of each of its spans: consecutive, without gaps, one where no cut is.

        Spans that overlap may give clips that overlap; two clips of the same frames are one.
        """
        video = task.video
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            spans = spans_of(task.rows["annotation_segments"], len(reader))
            cuts = self._cuts(video, spans, reader)
            clips: dict[str, dict[str, Any]] = {}
            for span in spans:
                for row in clip_rows(video, reader.times_s, cuts, self._settings.method, span):
                    clips.setdefault(row["clip_id"], row)
            return Outcome({"clips": sorted(clips.values(), key=lambda row: (row["start_frame"], row["end_frame"]))})

    def _cuts(self, video: dict[str, Any], spans: Sequence[Span], reader: VideoReader) -> list[tuple[int, float]]:
        """Look at each stretch of frames once, however many spans share it."""
        cuts: list[tuple[int, float]] = []
        for start, end in stretches((span.start, span.end) for span in spans):
            detector = self._detector()
            cuts += detector.cuts(reader.frames(range(start, end), detector.fit(video["width"], video["height"])))
        return cuts

    def _detector(self) -> CutDetector:
        """Detectors keep state over the frames they are given, so that each stretch gets a new one."""
        if self._transnet is not None:
            from rushes.shots.transitions import TransNetCuts

            return TransNetCuts(self._transnet, self._settings.transnet_threshold)
        settings = self._settings
        return AdaptiveCuts(settings.adaptive_threshold, settings.min_content, settings.min_shot_frames)


def clip_rows(
    video: dict[str, Any], times_s: np.ndarray, cuts: Sequence[tuple[int, float]], method: str, span: Span
) -> list[dict[str, Any]]:
    """Return rows of ``clips`` for a span of a video cut at ``(frame, score)``; ``times_s`` are all frames' times."""
    scores = dict(cuts)
    borders = sorted({span.start, span.end, *(cut for cut in scores if span.start < cut < span.end)})
    return [
        {
            "clip_id": clip_id(video["video_id"], start, end),
            "video_id": video["video_id"],
            **time_range(times_s, video["duration_s"], start, end),
            "method": method,
            "score": scores.get(start),
            "span": span.name,
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
