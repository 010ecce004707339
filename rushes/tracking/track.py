"""From a video's kept clips to its tracks: annotated ones, or sampled frames through the detector and the tracker.

Here: whose tracks, which frames are looked at, and the rows of ``tracks`` and ``track_boxes`` of what was detected. Not
here: annotated tracks (``annotated``), detection, association and summary, each of which has its own module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from rushes.errors import SettingsError
from rushes.settings import Tracking
from rushes.shots.cut import time_range
from rushes.tracking.annotated import AnnotatedTracks, names_objects
from rushes.tracking.bytetrack import PRESETS, track_clip
from rushes.tracking.detector import Detections, Detector
from rushes.tracking.summary import summarise_track
from rushes.video.media import open_video, packet_index
from rushes.video.reader import VideoReader
from rushes.video.sampling import frames_at
from rushes.work.step import Outcome, Task

_Tracks = Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]

# Frames decoded before the detector is given them: enough to fill a GPU's batch, few enough to hold.
_AHEAD = 32


class TrackVideo:
    """The computation of ``tracks``."""

    def __init__(self, settings: Tracking) -> None:
        if settings.preset not in PRESETS:
            raise SettingsError(f"tracking.preset {settings.preset!r} is unknown; there are: {', '.join(PRESETS)}")
        self._settings, self._params = settings, PRESETS[settings.preset]

    @cached_property
    def _detector(self) -> Detector:
        """Loaded for the first video that needs it: annotated ones may not."""
        return Detector(self._settings.model, self._settings.min_score, self._settings.nms_iou)

    def __call__(self, task: Task) -> Outcome:
        """Return the tracks of each kept clip; no track crosses a cut."""
        origin = self._settings.origin
        if origin == "auto":
            origin = "annotated" if names_objects(task.rows["annotation_boxes"]) else "detected"
        clips = [clip for clip in task.rows["filtered_clips"].to_pylist() if clip["kept"]]
        found = list(self._annotated(task, clips)) if origin in ("annotated", "both") else []
        found += self._detected(task, clips) if origin in ("detected", "both") else []
        return Outcome(
            {"tracks": [row for row, _ in found], "track_boxes": [box for _, boxes in found for box in boxes]}
        )

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
        detections = self._detect(video, numbers, reader)
        times = reader.times_s[numbers]
        ids = track_clip([(found.boxes, found.scores) for found in detections], times, self._params)
        sightings: dict[int, list[tuple[int, int]]] = {}
        for at, numbered in enumerate(ids):
            for detection, track in enumerate(numbered):
                if track:
                    sightings.setdefault(int(track), []).append((at, detection))
        for track in sorted(sightings):
            yield self._rows(video, clip, track, sightings[track], numbers, detections, reader.times_s)

    def _detect(self, video: dict[str, Any], numbers: np.ndarray, reader: VideoReader) -> list[Detections]:
        """Return each frame's detections, in pixels of the source frame."""
        size = self._detector.fit(video["width"], video["height"])
        scale = np.array([video["width"] / size[0], video["height"] / size[1]] * 2, np.float32)
        found: list[Detections] = []
        pictures = (picture for _, picture in reader.frames(numbers, size))
        while group := list(islice(pictures, _AHEAD)):
            found += self._detector(group)
        return [Detections(d.boxes * scale, d.scores, d.class_scores) for d in found]

    def _rows(
        self,
        video: dict[str, Any],
        clip: dict[str, Any],
        track: int,
        sightings: list[tuple[int, int]],
        numbers: np.ndarray,
        detections: list[Detections],
        times_s: np.ndarray,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        frames = [int(numbers[at]) for at, _ in sightings]
        boxes = np.stack([detections[at].boxes[k] for at, k in sightings])
        scores = np.array([detections[at].scores[k] for at, k in sightings])
        classes = np.stack([detections[at].class_scores[k] for at, k in sightings])
        summary = summarise_track(classes, scores, boxes, (video["width"], video["height"]))
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
        best = classes.argmax(axis=1)
        return row, [
            {
                **keys,
                "frame": frame,
                "t_s": float(times_s[frame]),
                "x": float(box[0]),
                "y": float(box[1]),
                "w": float(box[2]),
                "h": float(box[3]),
                "score": float(score),
                "class_id": int(of),
                "considered": True,
                "visibility": None,
            }
            for frame, box, score, of in zip(frames, boxes, scores, best, strict=True)
        ]
