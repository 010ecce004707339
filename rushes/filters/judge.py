"""Judging a video's clips and finding what must be hidden in them: one decode pass for both.

Here: which frames are read for what, and the rows of ``filtered_clips`` and ``redactions``. Not here: the measuring,
the judging, the finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.filters.metrics import ClipMetrics
from rushes.filters.rules import reason_to_drop
from rushes.privacy.faces import FaceDetector, Faces
from rushes.privacy.regions import Region, frames_to_search, regions
from rushes.settings import Settings
from rushes.shots.cut import time_range
from rushes.store.rejects import Reason, Reject
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.video.sampling import frames_at, scaled_down
from rushes.work.step import Outcome, Task

if TYPE_CHECKING:
    from rushes.filters.predictors import Predictor

_LINES = 360
# What TrackVerse's predictors look at: the first seconds of a clip, at this rate.
_PREDICTOR_SECONDS, _PREDICTOR_FPS = 8.0, 2.0


class JudgeVideo:
    """The computation of ``filtered_clips``."""

    def __init__(self, settings: Settings) -> None:
        self._filters, self._privacy = settings.filters, settings.privacy
        self._faces = None
        if settings.privacy.look_for == "faces":
            self._faces = FaceDetector(settings.privacy.model, settings.privacy.min_linked_score, _LINES)
        self._predictors: dict[str, Predictor] = {}
        if settings.filters.cartoon_model:
            from rushes.filters.predictors import CartoonPredictor

            self._predictors["cartoon"] = CartoonPredictor(settings.filters.cartoon_model)
        if settings.filters.aesthetics_model:
            from rushes.filters.predictors import AestheticsPredictor

            self._predictors["aesthetics"] = AestheticsPredictor(settings.filters.aesthetics_model)

    def __call__(self, task: Task) -> Outcome:
        """Return a row for every clip, the regions to hide in the kept ones, and a reject for each one dropped."""
        video = task.video
        clips, redactions, rejects = [], [], []
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            for clip in task.rows["clips"].to_pylist():
                judged, drop, found = self._judge(video, clip, reader)
                clips.append(judged)
                if drop is None:
                    redactions += found
                else:
                    rejects.append(Reject("clip", clip["clip_id"], "filters", *drop))
        return Outcome({"filtered_clips": clips, "redactions": redactions}, rejects)

    def _judge(
        self, video: dict[str, Any], clip: dict[str, Any], reader: VideoReader
    ) -> tuple[dict[str, Any], tuple[Reason, str] | None, list[dict[str, Any]]]:
        """Return a clip's row, why it is dropped if it is, and the rows of what is to be hidden in it."""
        times = reader.times_s
        start, end = clip["start_frame"], clip["end_frame"]
        limit = times[start] + self._filters.max_duration_s
        trimmed = bool(clip["end_s"] > limit)
        if trimmed:
            end = max(start + 1, int(np.searchsorted(times[:end], limit)))
        judged = {
            "clip_id": clip["clip_id"],
            "video_id": clip["video_id"],
            **time_range(times, video["duration_s"], start, end),
            "trimmed": trimmed,
            "privacy": self._privacy.look_for,
        }
        judged["duration_s"] = judged["end_s"] - judged["start_s"]
        figures, found = self._measure(video, (start, end), reader)
        drop = reason_to_drop({**judged, **figures}, self._filters)
        judged |= {**figures, "n_faces": len(found), "kept": drop is None, "reason": drop[0].value if drop else None}
        return judged, drop, [row for n, region in enumerate(found, 1) for row in _redaction_rows(clip, n, region)]

    def _measure(
        self, video: dict[str, Any], clip: tuple[int, int], reader: VideoReader
    ) -> tuple[dict[str, float | None], list[Region]]:
        """Read a clip's sampled frames once; return its metrics and the regions to hide."""
        frame_size = (video["width"], video["height"])
        size = self._faces.fit(*frame_size) if self._faces else scaled_down(*frame_size, _LINES)
        times = reader.times_s
        judged = set(frames_at(times, *clip, self._filters.sample_fps).tolist())
        searched = {*frames_at(times, *clip, self._privacy.sample_fps).tolist(), clip[1] - 1} if self._faces else set()
        asked = self._predictor_frames(reader, clip)
        metrics, shown, found = ClipMetrics(), [], {}
        for number, picture in reader.frames({*judged, *searched, *asked}, size):
            if number in judged:
                metrics.add(picture, times[number])
            if number in asked:
                shown.append(picture)
            if self._faces and number in searched:
                found[number] = self._faces([picture])[0]
        figures: dict[str, float | None] = {"cartoon": None, "aesthetics": None, **metrics.result()}
        figures |= {name: predict(shown) for name, predict in self._predictors.items()}
        return figures, self._hidden(reader, clip, frame_size, size, found)

    def _hidden(
        self,
        reader: VideoReader,
        clip: tuple[int, int],
        frame_size: tuple[int, int],
        size: tuple[int, int],
        found: dict[int, Faces],
    ) -> list[Region]:
        """Return the regions to hide, having looked at every frame between samples where faces come, go or run."""
        if self._faces is None:
            return []
        scale = np.array([frame_size[0] / size[0], frame_size[1] / size[1]] * 2, np.float32)
        privacy = self._privacy

        def sightings() -> tuple[list[int], list[tuple[np.ndarray, np.ndarray]]]:
            return sorted(found), [(found[n].boxes * scale, found[n].scores) for n in sorted(found)]

        for number, picture in reader.frames(frames_to_search(*sightings(), reader.times_s, privacy.min_score), size):
            found[number] = self._faces([picture])[0]
        return regions(*sightings(), reader.times_s, clip, frame_size, privacy.padding, privacy.min_score)

    def _predictor_frames(self, reader: VideoReader, clip: tuple[int, int]) -> set[int]:
        if not self._predictors:
            return set()
        frames = frames_at(reader.times_s, *clip, _PREDICTOR_FPS)
        first = frames[reader.times_s[frames] < reader.times_s[clip[0]] + _PREDICTOR_SECONDS]
        return set(first.tolist())


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
            "kind": "face",
            "score": float(score),
            "region": number,
            "sampled": bool(sampled),
        }
        for frame, box, score, sampled in zip(region.frames, region.boxes, region.scores, region.sampled, strict=True)
    ]
