"""Rows of the tables with everything filled in, of which a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rushes.shots.cut import clip_id
from rushes.store.manifests import Batch, Entry, Record, seal_batch, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.store.tables import write_partition

Row = dict[str, Any]


def video_row(video_id: str, n_frames: int = 100, fps: int = 25, **changes: Any) -> Row:
    return {
        "video_id": video_id,
        "collection": "made",
        "source_uri": f"/footage/{video_id}.mp4",
        "media_uri": f"media/{video_id}.mp4",
        "linked": False,
        "creds_key": None,
        "sha256": "00" * 32,
        "size_bytes": 1000,
        "etag": None,
        "container": "mov",
        "codec": "h264",
        "width": 640,
        "height": 360,
        "rotation": 0,
        "time_base": f"1/{fps}",
        "start_pts": 0,
        "duration_s": n_frames / fps,
        "fps": float(fps),
        "is_vfr": False,
        "n_frames": n_frames,
        "has_audio": False,
        "recorded_at": None,
        "kind": "container",
        "read_by": "packets",
        "read_note": None,
        "pixel_format": "yuv420p",
        "colorspace": 2,
        "color_range": 0,
        "codec_tag": "avc1",
        "bits_per_sample": 24,
        "reorder_depth": 2,
        "extradata": None,
        **changes,
    }


def packet_rows(video_id: str, pts: Iterable[int]) -> list[Row]:
    return [
        {
            "video_id": video_id,
            "frame": frame,
            "pts": time,
            "dts": time,
            "pos": None,
            "size": 10,
            "keyframe": frame == 0,
            "droppable": False,
            "decode_order": frame,
            "name": None,
        }
        for frame, time in enumerate(pts)
    ]


def filtered_row(video_id: str, start: int, end: int, fps: int = 25, **changes: Any) -> Row:
    return {
        "clip_id": clip_id(video_id, start, end),
        "video_id": video_id,
        "start_frame": start,
        "end_frame": end,
        "start_s": start / fps,
        "end_s": end / fps,
        "duration_s": (end - start) / fps,
        "trimmed": False,
        "sharpness": 50.0,
        "exposure": 0.5,
        "contrast": 0.2,
        "colourfulness": 30.0,
        "noise": 1.0,
        "motion_p10": 0.01,
        "motion_p50": 0.05,
        "motion": 0.1,
        "stillness": 0.0,
        "letterbox": 0.0,
        "slides": 0.0,
        "quality": 0.7,
        "cartoon": None,
        "aesthetics": None,
        "n_faces": 0,
        "n_plates": 0,
        "privacy": "faces",
        "kept": True,
        "reason": None,
        **changes,
    }


def track_row(clip: Row, number: int, start: int, end: int, class_name: str = "car", **changes: Any) -> Row:
    return {
        "track_id": f"{clip['clip_id']}.t{number:04d}",
        "video_id": clip["video_id"],
        "clip_id": clip["clip_id"],
        "class_id": 2,
        "class_name": class_name,
        "vocabulary": "coco80",
        "n_boxes": end - start,
        "start_frame": start,
        "end_frame": end,
        "start_s": start / 25,
        "end_s": end / 25,
        "mean_score": 0.5,
        "mean_area": 0.1,
        "top10_class_ids": [2],
        "top10_class_names": [class_name],
        "top10_mean": [0.5],
        "top10_std": [0.1],
        "origin": "detected",
        "object_id": None,
        "considered": True,
        "complete": False,
        "kept": True,
        "reason": None,
        **changes,
    }


def box_row(track: Row, frame: int, box: Sequence[float], **changes: Any) -> Row:
    return {
        **{name: track[name] for name in ("track_id", "video_id", "clip_id", "class_id")},
        "frame": frame,
        "t_s": frame / 25,
        **dict(zip("xywh", map(float, box), strict=True)),
        "score": 0.5,
        "considered": True,
        "visibility": None,
        **changes,
    }


def embedding_row(clip: Row, frame: int, vector: Sequence[float], track_id: str | None = None, **changes: Any) -> Row:
    return {
        "video_id": clip["video_id"],
        "clip_id": clip["clip_id"],
        "track_id": track_id,
        "frame": frame,
        "model": "made",
        "vector": np.asarray(vector, "<f2").tobytes(),
        **changes,
    }


def redaction_row(clip: Row, frame: int, box: Sequence[float], **changes: Any) -> Row:
    return {
        "video_id": clip["video_id"],
        "clip_id": clip["clip_id"],
        "frame": frame,
        **dict(zip("xywh", map(float, box), strict=True)),
        "kind": "face",
        "score": 0.9,
        "region": 1,
        "sampled": True,
        **changes,
    }


def write_batch(store: Objects, batch: str = "made-0000", **tables: Sequence[Row]) -> None:
    """Write a batch's tables and the records that make them count; tables that are not given are empty."""
    videos = [row["video_id"] for row in tables.get("videos", ())]
    collection = batch.rpartition("-")[0]
    seal_batch(store, Batch(batch, collection, tuple(Entry(v, v, f"/footage/{v}.mp4") for v in videos)))
    for name, table in TABLES.items():
        if table.keys == ("batch",):
            write_partition(store, table, {"batch": batch}, table.from_rows(tables.get(name, ())))
    for asset in ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"):
        write_record(store, Record(asset, batch, "1", identity=f"{asset} of {batch}"))
