"""From a video to its clips: one decode pass of small frames through the chosen detector.

Where spans of a video were annotated, only they are decoded and cut. Here: the rows of ``clips``. Not here: the
detectors, and which spans there are (``spans``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.settings import Shots
from rushes.shots.detector import Cut, CutDetector
from rushes.shots.gradual import WithGradual
from rushes.shots.pyscenedetect import AdaptiveCuts, ContentCuts, HashCuts, HistogramCuts, ThresholdCuts
from rushes.shots.sampled import Sampler
from rushes.shots.spans import Span, spans_of, stretches
from rushes.shots.stride import stride_cuts
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.work.step import Outcome, Task

if TYPE_CHECKING:
    from rushes.shots.transnet import TransNet


class CutVideo:
    """The computation of ``scene_clips``."""

    def __init__(self, settings: Shots) -> None:
        self._settings = settings
        self._transnet: TransNet | None = None  # loaded once, for the first video

    def __call__(self, task: Task) -> Outcome:
        """Return the clips of the video, or of each of its spans: consecutive, without gaps, one where no cut is.

        Spans that overlap may give clips that overlap; two clips of the same frames are one.
        """
        video = task.video
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            spans = spans_of(task.rows["annotation_segments"], len(reader))
            clips: dict[str, dict[str, Any]] = {}
            for span, cuts in zip(spans, self._cuts(spans, reader), strict=True):
                for row in clip_rows(video, reader.times_s, cuts, self._settings.method, span):
                    clips.setdefault(row["clip_id"], row)
            return Outcome({"clips": sorted(clips.values(), key=lambda row: (row["start_frame"], row["end_frame"]))})

    def _cuts(self, spans: Sequence[Span], reader: VideoReader) -> list[list[Cut]]:
        """Return each span's cuts; those of other spans may be among them."""
        if self._settings.method == "whole":
            return [[] for _ in spans]
        if self._settings.method == "stride":
            return [stride_cuts(reader.times_s, span, self._settings.stride_s) for span in spans]
        # Each stretch of frames is looked at once, however many spans share it.
        cuts: list[Cut] = []
        for start, end in stretches((span.start, span.end) for span in spans):
            cuts += self._seen(reader, range(start, end))
        return [cuts for _ in spans]

    def _seen(self, reader: VideoReader, frames: range) -> list[Cut]:
        """Return the cuts in a stretch of frames, by a detector of its own: detectors remember what they saw."""
        detector = self._detector()
        if detector.size is not None:
            for number, picture in reader.frames(frames, detector.size):
                detector.see(number, picture)
        else:
            sampled = Sampler()
            for number, frame in reader.decoded(frames):
                detector.see(number, sampled(frame))
        return detector.cuts()

    def _detector(self) -> CutDetector:
        settings, least = self._settings, self._settings.min_shot_frames
        hard: CutDetector
        match settings.method:
            case "transnet":
                hard = self._transnet_cuts(settings.transnet_threshold)
            case "content":
                hard = ContentCuts(settings.content_threshold, least)
            case "hash":
                hard = HashCuts(settings.hash_threshold, least)
            case "histogram":
                hard = HistogramCuts(settings.histogram_threshold, least)
            case "threshold":
                hard = ThresholdCuts(settings.black_threshold, least)
            case _:
                hard = AdaptiveCuts(settings.adaptive_threshold, settings.min_content, least)
        return WithGradual(hard, least) if settings.gradual else hard

    def _transnet_cuts(self, threshold: float) -> CutDetector:
        from rushes.shots.transitions import TransNetCuts
        from rushes.shots.transnet import TransNet

        if self._transnet is None:
            self._transnet = TransNet()
        return TransNetCuts(self._transnet, threshold)


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
