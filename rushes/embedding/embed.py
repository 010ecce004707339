"""From a video's kept clips and tracks to vectors: one decode pass for whole frames and crops alike.

Here: which frames and crops are embedded, and the rows of ``embeddings``. Not here: the network (``embedder``). Crops
are not redacted: a vector shows nobody, and a person's crop is mostly what redaction would hide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushes.embedding.embedder import Embedder
from rushes.settings import Embedding
from rushes.store.rejects import Reason, Reject
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.video.sampling import evenly, frames_at
from rushes.work.step import Outcome, Task

# A crop smaller than this on a side says nothing that a network could see.
_MIN_CROP = 8


class EmbedVideo:
    """The computation of ``embeddings``."""

    def __init__(self, settings: Embedding) -> None:
        self._settings = settings
        self._embedder = Embedder(settings.model)

    def __call__(self, task: Task) -> Outcome:
        """Return a vector for each sampled frame of the kept clips and for some crops of each track."""
        video = task.video
        rows: list[dict[str, Any]] = []
        with open_video(task.objects, video, task.rows["packets"]) as reader:
            whole = self._sampled(task, reader)
            crops = self._crops(task, set(whole))
            for number, picture in reader.frames({*whole, *crops}):
                images = [picture] if number in whole else []
                images += [_crop(picture, box) for _, box in crops.get(number, [])]
                vectors = iter(self._embedder(images))
                if number in whole:
                    vector = next(vectors)
                    rows += [self._row(video, clip, None, number, vector) for clip in whole[number]]
                for (track, _), vector in zip(crops.get(number, []), vectors, strict=True):
                    rows.append(self._row(video, track["clip_id"], track["track_id"], number, vector))
        bad = [row for row in rows if row["vector"] is None]
        rejects = [
            Reject("track" if row["track_id"] else "clip", row["track_id"] or row["clip_id"], "embed",
                   Reason.BAD_EMBEDDING, f"frame {row['frame']}: the vector is zero or not finite")
            for row in bad
        ]  # fmt: skip
        return Outcome({"embeddings": [row for row in rows if row["vector"] is not None]}, rejects)

    def _sampled(self, task: Task, reader: VideoReader) -> dict[int, list[str]]:
        """Return the frames to embed whole, and the clips of each: those of overlapping spans may share it."""
        clips: dict[int, list[str]] = {}
        for clip in task.rows["filtered_clips"].to_pylist():
            if clip["kept"]:
                for number in frames_at(reader.times_s, clip["start_frame"], clip["end_frame"], self._settings.fps):
                    clips.setdefault(int(number), []).append(clip["clip_id"])
        return clips

    def _crops(self, task: Task, decoded: set[int]) -> dict[int, list[tuple[dict[str, Any], np.ndarray]]]:
        """Return for each frame the tracks to crop from it, preferring frames that are decoded anyway."""
        crops: dict[int, list[tuple[dict[str, Any], np.ndarray]]] = {}
        for track, boxes in _by_track(task):
            frames = np.array([box["frame"] for box in boxes])
            shared = np.flatnonzero(np.isin(frames, list(decoded)))
            enough = shared if len(shared) >= min(self._settings.crops_per_track, len(boxes)) else np.arange(len(boxes))
            for at in evenly(enough, self._settings.crops_per_track):
                box = boxes[at]
                crops.setdefault(box["frame"], []).append((track, np.array([box["x"], box["y"], box["w"], box["h"]])))
        return crops

    def _row(
        self, video: dict[str, Any], clip: str, track: str | None, number: int, vector: np.ndarray
    ) -> dict[str, Any]:
        usable = bool(np.isfinite(vector).all() and np.any(vector))
        return {
            "video_id": video["video_id"],
            "clip_id": clip,
            "track_id": track,
            "frame": number,
            "model": self._settings.model,
            "vector": vector.astype("<f2").tobytes() if usable else None,
        }


def _by_track(task: Task) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    boxes: dict[str, list[dict[str, Any]]] = {}
    for box in task.rows["track_boxes"].to_pylist():
        boxes.setdefault(box["track_id"], []).append(box)
    for track in task.rows["tracks"].to_pylist():
        yield track, boxes[track["track_id"]]


def _crop(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return a box's pixels, at least ``_MIN_CROP`` wide and high where the frame allows."""
    height, width = picture.shape[:2]
    centre, half = box[:2] + box[2:] / 2, np.maximum(box[2:], _MIN_CROP) / 2
    left, top = np.floor(centre - half).astype(int).clip(0, (width - 1, height - 1))
    right, bottom = np.ceil(centre + half).astype(int).clip((left + 1, top + 1), (width, height))
    return picture[top:bottom, left:right]
