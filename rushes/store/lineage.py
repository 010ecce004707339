"""Which columns each column is made of, as far as it can be said: the tables' own and those of the videos' frames.

Dagster's column lineage and the page of tables are made from it. A column that is not named here comes from pixels, the
source or the settings. Here: the list. Not here: what a column means (``schemas``), which asset reads which
(``rushes.steps``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_KEYS: Mapping[str, Sequence[str]] = {"video_id": ("videos.video_id",)}
_CLIP: Mapping[str, Sequence[str]] = {"video_id": ("filtered_clips.video_id",), "clip_id": ("filtered_clips.clip_id",)}
_TIMES = ("packets.pts", "videos.time_base", "videos.start_pts")
_BOXES = ("x", "y", "w", "h", "considered", "visibility")

SOURCES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "packets": _KEYS,
    "annotation_boxes": _KEYS,
    "annotation_segments": {**_KEYS, "start_frame": _TIMES, "end_frame": _TIMES},
    "clips": {
        **_KEYS,
        "clip_id": ("videos.video_id", "clips.start_frame", "clips.end_frame"),
        "start_frame": ("videos.n_frames", "annotation_segments.start_frame"),
        "end_frame": ("videos.n_frames", "annotation_segments.end_frame"),
        "start_s": _TIMES,
        "end_s": (*_TIMES, "videos.duration_s"),
        "span": ("annotation_segments.segment_id",),
    },
    "filtered_clips": {
        "video_id": ("clips.video_id",),
        "clip_id": ("clips.clip_id",),
        "start_frame": ("clips.start_frame",),
        "end_frame": ("clips.end_frame",),
        "start_s": ("clips.start_s",),
        "end_s": ("clips.end_s",),
        "duration_s": ("clips.start_s", "clips.end_s"),
        "n_faces": ("redactions.region",),
        "n_plates": ("redactions.region",),
    },
    "redactions": {"video_id": ("clips.video_id",), "clip_id": ("clips.clip_id",)},
    "tracks": {
        **_CLIP,
        "track_id": ("filtered_clips.clip_id", "annotation_boxes.object_id"),
        "class_id": ("annotation_boxes.class_id",),
        "class_name": ("annotation_boxes.class_name",),
        "vocabulary": ("annotation_boxes.annotation",),
        "n_boxes": ("track_boxes.frame",),
        "start_frame": ("track_boxes.frame",),
        "end_frame": ("track_boxes.frame",),
        "start_s": ("track_boxes.t_s",),
        "end_s": _TIMES,
        "mean_score": ("track_boxes.score",),
        "mean_area": ("track_boxes.w", "track_boxes.h", "videos.width", "videos.height"),
        "object_id": ("annotation_boxes.object_id",),
        "considered": ("track_boxes.considered",),
    },
    "track_boxes": {
        **_CLIP,
        "track_id": ("tracks.track_id",),
        "frame": ("packets.frame", "annotation_boxes.frame"),
        "t_s": _TIMES,
        "score": ("annotation_boxes.score",),
        "class_id": ("annotation_boxes.class_id",),
        **{name: (f"annotation_boxes.{name}",) for name in _BOXES},
    },
    "embeddings": {**_CLIP, "track_id": ("tracks.track_id",), "frame": ("packets.frame", "track_boxes.frame")},
    "selections": {
        **_CLIP,
        "track_id": ("tracks.track_id",),
        "sequence_id": ("filtered_clips.clip_id", "tracks.track_id", "packets.frame"),
        "frames": ("packets.frame", "track_boxes.frame"),
        "class_name": ("tracks.class_name",),
        "distance": ("embeddings.vector",),
        "nearest": ("embeddings.vector",),
    },
    "datasets": {"rows": ("selections.sequence_id",)},
}


def sources(table: str, column: str) -> Sequence[str]:
    """Return the columns that a column is made of, each as ``table.column``; none where that cannot be said."""
    return SOURCES.get(table, {}).get(column, ())
