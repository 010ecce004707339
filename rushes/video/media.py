"""Where a video's bytes are, and how its row and its packets are read back as a reader or an index.

Here: the way from rows of ``videos`` and ``packets`` to frames. Not here: getting the bytes in (``rushes.sources``),
what a person holds in Python (``video``).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.ranges import Fingerprint, Ranges, open_ranges
from rushes.store.objects import Objects
from rushes.store.schemas import PACKETS
from rushes.video.decoding import ByContainer, ByPackets, PacketSource
from rushes.video.images import FolderRanges
from rushes.video.index import Coding, PacketIndex
from rushes.video.packets import ReadBy
from rushes.video.probe import VideoInfo
from rushes.video.reader import VideoReader


def open_video(objects: Objects, video: Mapping[str, Any], packets: pa.Table) -> VideoReader:
    """Open the video of a row of ``videos``, with its rows of ``packets`` as the index."""
    index = packet_index(video, packets)
    return open_reader(media_ranges(objects, video, index), video, index)


def open_reader(
    ranges: Ranges,
    video: Mapping[str, Any],
    index: PacketIndex,
    size: tuple[int, int] | None = None,
    pixel_format: str = "rgb24",
    threads: int = 1,
) -> VideoReader:
    """Return a reader of the video of a row of ``videos``, whose bytes and index are given."""
    source: PacketSource
    if video["read_by"] == ReadBy.PACKETS:
        source = ByPackets(ranges, index, coding(video), threads)
    else:
        source = ByContainer(ranges.open(), index, counting=video["read_by"] == ReadBy.START, threads=threads)
    return VideoReader(source, index, size or (video["width"], video["height"]), video["rotation"], pixel_format)


def media_ranges(objects: Objects, video: Mapping[str, Any], index: PacketIndex) -> Ranges:
    """Return the bytes of a video: an object of the store, or the linked source itself."""
    expected = Fingerprint(video["size_bytes"], video["etag"])
    if video["linked"] and index.names is not None:
        return FolderRanges(video["media_uri"], index)
    if video["linked"]:
        return open_ranges(video["media_uri"], video["creds_key"], expected)
    return open_ranges(objects.full_uri(video["media_uri"]), None, expected)


def coding(video: Mapping[str, Any]) -> Coding:
    """Return what the decoder has to be told, out of a row of ``videos``."""
    width, height = video["width"], video["height"]
    if video["rotation"] in (90, 270):
        width, height = height, width
    return Coding(
        video["codec"],
        video["extradata"],
        video["codec_tag"],
        width,
        height,
        video["pixel_format"],
        video["bits_per_sample"],
        video["reorder_depth"],
        video["colorspace"],
        video["color_range"],
    )


def packet_index(video: Mapping[str, Any], packets: pa.Table) -> PacketIndex:
    """Return the index that a video's rows of ``packets`` hold."""
    rows = packets.sort_by("frame")
    names = rows.column("name")
    return PacketIndex(
        Fraction(video["time_base"]),
        rows.column("pts").to_numpy(),
        _filled(rows, "dts"),
        _filled(rows, "pos"),
        rows.column("size").to_numpy(),
        rows.column("keyframe").to_numpy(zero_copy_only=False),
        rows.column("droppable").to_numpy(zero_copy_only=False),
        rows.column("decode_order").to_numpy(),
        None if names.null_count else tuple(names.to_pylist()),
    )


def video_columns(info: VideoInfo) -> dict[str, Any]:
    """Return the columns of ``videos`` that say what a file holds."""
    return {
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "rotation": info.rotation,
        "time_base": str(info.index.time_base),
        "start_pts": int(info.index.pts[0]),
        "duration_s": info.duration_s,
        "fps": info.fps,
        "is_vfr": info.is_vfr,
        "n_frames": len(info.index),
        "has_audio": info.has_audio,
        "recorded_at": info.recorded_at,
        "kind": "frames" if info.index.names else "container",
        "read_by": str(info.read_by),
        "read_note": info.read_note,
        "pixel_format": info.coding.pixel_format,
        "colorspace": info.coding.colorspace,
        "color_range": info.coding.color_range,
        "codec_tag": info.coding.codec_tag,
        "bits_per_sample": info.coding.bits_per_sample,
        "reorder_depth": info.coding.reorder_depth,
        "extradata": info.coding.extradata,
    }


def packet_rows(video_id: str, index: PacketIndex) -> pa.Table:
    """Return the rows of ``packets`` that keep an index."""
    count = len(index)
    return pa.table(
        {
            "video_id": pa.repeat(video_id, count),
            "frame": pa.array(range(count), pa.int32()),
            "pts": index.pts,
            "dts": index.dts,
            "pos": pa.array(index.pos, mask=index.pos < 0),
            "size": index.size,
            "keyframe": index.keyframe,
            "droppable": index.droppable,
            "decode_order": index.decode_order,
            "name": pa.array(index.names or [None] * count, pa.string()),
        }
    ).cast(PACKETS.arrow)


def _filled(rows: pa.Table, column: str) -> np.ndarray:
    return rows.column(column).fill_null(-1).to_numpy()
