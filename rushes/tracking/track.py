"""From a video's kept clips to its tracks: annotated ones, or sampled frames through the detector and the tracker.

Here: whose tracks, which frames are looked at, and the rows of ``tracks`` and ``track_boxes`` of what was detected. Not
here: annotated tracks (``annotated``), detection, association and summary, each of which has its own module.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

import numpy as np

from rushes.settings import Tracking
from rushes.shots.cut import time_range
from rushes.tracking.annotated import AnnotatedTracks, names_objects
from rushes.tracking.bytetrack import PRESETS
from rushes.tracking.class_scores import TopClasses
from rushes.tracking.detector import Detections, Detector
from rushes.tracking.follow import Sightings, follow
from rushes.tracking.keep import judged
from rushes.tracking.summary import summarise_track
from rushes.video.media import open_video, packet_index
from rushes.video.reader import VideoReader
from rushes.video.sampling import frames_at
from rushes.work.step import Outcome, Task

_Tracks = Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]


class TrackVideo:
    """The computation of ``tracks``."""

    def __init__(self, settings: Tracking) -> None:
        self._settings, self._params = settings, PRESETS[settings.preset]

    @cached_property
    def _detector(self) -> Detector:
        """Loaded for the first video that needs it: annotated ones may not."""
        own = self._settings
        return Detector(
            own.model,
            own.min_score,
            own.nms_iou,
            device=own.device,
            vocabulary=own.vocabulary,
            text_encoder=own.text_encoder,
        )

    def __call__(self, task: Task) -> Outcome:
        """Return the tracks of each kept clip; no track crosses a cut."""
        origin = self._settings.origin
        if origin == "auto":
            origin = "annotated" if names_objects(task.rows["annotation_boxes"]) else "detected"
        clips = [clip for clip in task.rows["filtered_clips"].to_pylist() if clip["kept"]]
        found = list(self._annotated(task, clips)) if origin in ("annotated", "both") else []
        found += self._detected(task, clips) if origin in ("detected", "both") else []
        tracks, rejects = [], []
        for found_row, _ in found:
            row, reject = judged(found_row, self._settings.keep)
            tracks.append(row)
            rejects += [reject] if reject else []
        return Outcome({"tracks": tracks, "track_boxes": [box for _, boxes in found for box in boxes]}, rejects)

    def _annotated(self, task: Task, clips: Sequence[dict[str, Any]]) -> _Tracks:
        index = packet_index(task.video, task.rows["packets"])
        given = AnnotatedTracks(task.video, index, task.rows["annotation_boxes"], task.rows["annotation_segments"])
        return (track for clip in clips for track in given.clip(clip))

    def _detected(self, task: Task, clips: Sequence[dict[str, Any]]) -> _Tracks:
        video = task.video
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            for clip in clips:
                yield from self._follow(video, clip, reader)

    def _follow(self, video: dict[str, Any], clip: dict[str, Any], reader: VideoReader) -> _Tracks:
        numbers = frames_at(reader.times_s, clip["start_frame"], clip["end_frame"], self._settings.fps)
        with closing(self._detect(video, numbers, reader)) as detections:
            tracks = follow(detections, reader.times_s[numbers], self._params)
        for number, (seen, classes) in enumerate(tracks, 1):
            yield self._rows(video, clip, number, seen, classes, numbers, reader.times_s)

    def _detect(
        self, video: dict[str, Any], numbers: np.ndarray, reader: VideoReader
    ) -> Generator[Detections, None, None]:
        """Yield each frame's detections, in pixels of the source frame."""
        size = self._detector.fit(video["width"], video["height"])
        scale = np.array([video["width"] / size[0], video["height"] / size[1]] * 2, np.float32)
        pictures = (picture for _, picture in reader.frames(numbers, size))
        with closing(self._detector.each(pictures)) as each:
            for found in each:
                yield Detections(found.boxes * scale, found.scores, found.class_scores)

    def _rows(
        self,
        video: dict[str, Any],
        clip: dict[str, Any],
        track: int,
        seen: Sightings,
        classes: TopClasses,
        numbers: np.ndarray,
        times_s: np.ndarray,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        frames = [int(numbers[at]) for at in seen.at]
        summary = summarise_track(classes, seen.scores, np.stack(seen.boxes), (video["width"], video["height"]))
        keys = {
            "track_id": f"{clip['clip_id']}.t{track:04d}",
            "video_id": video["video_id"],
            "clip_id": clip["clip_id"],
        }
        row = {
            **keys,
            "class_id": summary.class_id,
            "class_name": self._detector.class_names[summary.class_id],
            "vocabulary": self._detector.vocabulary,
            "n_boxes": len(frames),
            **time_range(times_s, video["duration_s"], frames[0], frames[-1] + 1),
            "mean_score": summary.mean_score,
            "mean_area": summary.mean_area,
            "top10_class_ids": summary.top10_class_ids,
            "top10_class_names": [self._detector.class_names[number] for number in summary.top10_class_ids],
            "top10_mean": summary.top10_mean,
            "top10_std": summary.top10_std,
            "origin": "detected",
            "object_id": None,
            "considered": True,
            "complete": False,
        }
        return row, [
            {
                **keys,
                "frame": frame,
                "t_s": float(times_s[frame]),
                "x": float(box[0]),
                "y": float(box[1]),
                "w": float(box[2]),
                "h": float(box[3]),
                "score": score,
                "class_id": of,
                "considered": True,
                "visibility": None,
            }
            for frame, box, score, of in zip(frames, seen.boxes, seen.scores, seen.class_ids, strict=True)
        ]
