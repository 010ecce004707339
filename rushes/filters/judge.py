"""Judging a video's clips and finding what must be hidden in them: one decode pass for both.

Here: which frames are read for what, and the rows of ``filtered_clips`` and ``redactions``. Not here: the measuring,
the judging, the finding, keeping what a pass found (``measured``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.filters.measured import Rows, measured
from rushes.filters.metrics import ClipMetrics
from rushes.filters.rules import reason_to_drop
from rushes.privacy.regions import Region
from rushes.privacy.search import Search
from rushes.settings import Settings
from rushes.shots.cut import time_range
from rushes.store.rejects import Reject
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.video.sampling import frames_at
from rushes.work.step import Outcome, Task

if TYPE_CHECKING:
    from rushes.filters.predictors import Predictor

# What TrackVerse's predictors look at: the first seconds of a clip, at this rate.
_PREDICTOR_SECONDS, _PREDICTOR_FPS = 8.0, 2.0


class JudgeVideo:
    """The computation of ``filtered_clips``.

    ``shaped_by`` tells which code and models the pass is made by: what it found is kept, and is good for any thresholds
    as long as that, the video and the rest of the settings stay the same. Models are loaded when a pass needs them.
    """

    def __init__(self, settings: Settings, shaped_by: Mapping[str, Any]) -> None:
        self._settings, self._shaped_by = settings, shaped_by
        self._filters, self._privacy = settings.filters, settings.privacy

    def __call__(self, task: Task) -> Outcome:
        """Return a row for every clip, the regions to hide in the kept ones, and a reject for each one dropped."""
        found = measured(task, self._settings, self._shaped_by, self._look)
        clips, rejects = [], []
        for clip in found["filtered_clips"]:
            drop = reason_to_drop(clip, self._filters)
            clips.append({**clip, "kept": drop is None, "reason": drop[0].value if drop else None})
            if drop is not None:
                rejects.append(Reject("clip", clip["clip_id"], "filters", *drop))
        kept = {clip["clip_id"] for clip in clips if clip["kept"]}
        redactions = [row for row in found["redactions"] if row["clip_id"] in kept]
        return Outcome({"filtered_clips": clips, "redactions": redactions}, rejects)

    @cached_property
    def _search(self) -> Search:
        return Search(self._privacy)

    @cached_property
    def _predictors(self) -> dict[str, Predictor]:
        predictors: dict[str, Predictor] = {}
        if self._filters.cartoon and self._filters.cartoon_model:
            from rushes.filters.predictors import CartoonPredictor

            predictors["cartoon"] = CartoonPredictor(self._filters.cartoon_model)
        elif self._filters.cartoon:
            from rushes.filters.cartoon import CartoonClassifier

            predictors["cartoon"] = CartoonClassifier()
        if self._filters.aesthetics_model:
            from rushes.filters.predictors import AestheticsPredictor

            predictors["aesthetics"] = AestheticsPredictor(self._filters.aesthetics_model)
        return predictors

    def _look(self, task: Task) -> Rows:
        """Return the rows of all clips, not judged yet, and of what is to be hidden in them."""
        video = task.video
        clips, redactions = [], []
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            for clip in task.rows["clips"].to_pylist():
                measured_clip, found = self._look_at(video, clip, reader)
                clips.append(measured_clip)
                redactions += found
        return {"filtered_clips": clips, "redactions": redactions}

    def _look_at(
        self, video: dict[str, Any], clip: dict[str, Any], reader: VideoReader
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a clip's row, and the rows of what is to be hidden in it."""
        times = reader.times_s
        start, end = clip["start_frame"], clip["end_frame"]
        limit = times[start] + self._filters.max_duration_s
        trimmed = bool(clip["end_s"] > limit)
        if trimmed:
            end = max(start + 1, int(np.searchsorted(times[:end], limit)))
        row = {
            "clip_id": clip["clip_id"],
            "video_id": clip["video_id"],
            **time_range(times, video["duration_s"], start, end),
            "trimmed": trimmed,
            "privacy": self._privacy.looked_for,
        }
        row["duration_s"] = row["end_s"] - row["start_s"]
        figures, found = self._measure(video, (start, end), reader)
        row |= {**figures, **_counts(found), "kept": True, "reason": None}
        return row, [row for n, region in enumerate(found, 1) for row in _redaction_rows(clip, n, region)]

    def _measure(
        self, video: dict[str, Any], clip: tuple[int, int], reader: VideoReader
    ) -> tuple[dict[str, float | None], list[Region]]:
        """Read a clip's sampled frames once; return its metrics and the regions to hide."""
        frame_size = (video["width"], video["height"])
        size = self._search.fit(*frame_size)
        times = reader.times_s
        judged = set(frames_at(times, *clip, self._filters.sample_fps).tolist())
        searched = set(self._search.samples(times, clip))
        asked = self._predictor_frames(reader, clip)
        metrics, shown, found = ClipMetrics(), [], {}
        for number, picture in reader.frames({*judged, *searched, *asked}, size):
            if number in judged:
                metrics.add(picture, times[number])
            if number in asked:
                shown.append(picture)
            if number in searched:
                found[number] = self._search.look(picture)
        figures: dict[str, float | None] = {"cartoon": None, "aesthetics": None, **metrics.result()}
        figures |= {name: predict(shown) for name, predict in self._predictors.items()}
        return figures, self._search.regions(found, reader, clip, size, frame_size)

    def _predictor_frames(self, reader: VideoReader, clip: tuple[int, int]) -> set[int]:
        if not self._predictors:
            return set()
        frames = frames_at(reader.times_s, *clip, _PREDICTOR_FPS)
        first = frames[reader.times_s[frames] < reader.times_s[clip[0]] + _PREDICTOR_SECONDS]
        return set(first.tolist())


def _counts(found: list[Region]) -> dict[str, int]:
    return {f"n_{kind}s": sum(region.kind == kind for region in found) for kind in ("face", "plate")}


def _redaction_rows(clip: dict[str, Any], number: int, region: Region) -> list[dict[str, Any]]:
    return [
        {
            "video_id": clip["video_id"],
            "clip_id": clip["clip_id"],
            "frame": int(frame),
            "x": float(box[0]),
            "y": float(box[1]),
            "w": float(box[2]),
            "h": float(box[3]),
            "kind": region.kind,
            "score": float(score),
            "region": number,
            "sampled": bool(sampled),
        }
        for frame, box, score, sampled in zip(region.frames, region.boxes, region.scores, region.sampled, strict=True)
    ]
