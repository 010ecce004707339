"""Where a video's bytes are: an object of the store, or the linked source itself.

Here: the way from a row of ``videos`` to an open reader. Not here: getting the bytes in (``rushes.sources``).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, BinaryIO

import fsspec
import numpy as np
import pyarrow as pa

from rushes.store.objects import Objects
from rushes.video.probe import PacketIndex
from rushes.video.reader import VideoReader


def open_video(objects: Objects, video: Mapping[str, Any], packets: pa.Table) -> VideoReader:
    """Open the video of a row of ``videos``, with its rows of ``packets`` as the index."""
    return VideoReader(media_source(objects, video), packet_index(video, packets), video["rotation"])


def media_source(objects: Objects, video: Mapping[str, Any]) -> str | BinaryIO:
    """Return a local path, or an open file for bytes that are elsewhere."""
    if not video["linked"]:
        return objects.path(video["media_uri"]) if objects.is_local else objects.open(video["media_uri"])
    if "://" not in video["media_uri"]:
        path: str = video["media_uri"]
        return path
    handle: BinaryIO = fsspec.open(video["media_uri"], "rb").open()
    return handle


def packet_index(video: Mapping[str, Any], packets: pa.Table) -> PacketIndex:
    """Return the index that a video's rows of ``packets`` hold."""
    rows = packets.sort_by("frame")
    return PacketIndex(
        Fraction(video["time_base"]),
        rows.column("pts").to_numpy(),
        _filled(rows, "dts"),
        _filled(rows, "pos"),
        rows.column("size").to_numpy(),
        rows.column("keyframe").to_numpy(zero_copy_only=False),
        rows.column("droppable").to_numpy(zero_copy_only=False),
    )


def _filled(rows: pa.Table, column: str) -> np.ndarray:
    return rows.column(column).fill_null(-1).to_numpy()
