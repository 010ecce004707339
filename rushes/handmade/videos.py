"""Columns of videos: ``video``, whose files are taken in as they are, and ``link[video]``, left where they are.

A row holds what ``rushes.video`` needs to know of a file, and beside it lies the index of its packets: when frames are
read, no container is opened. Here: rows of videos. Not here: frames (``rushes.video``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.errors import SettingsError, StoreError, VideoError
from rushes.handmade.given import LinkedFile, ReadFile
from rushes.handmade.intake import Intake, suffix_of
from rushes.handmade.kinds import Declaration, Kind, SampleError, kind_of
from rushes.ranges import Ranges
from rushes.ranges.address import check_address, shown
from rushes.ranges.credentials import ENV, check_key
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.video.index import PacketIndex
from rushes.video.media import media_ranges, packet_index, packet_rows
from rushes.video.video import Video, open_file

# What a column may say that its videos are, and FFmpeg's name of that container.
_CONTAINERS: Mapping[str, str] = MappingProxyType(
    {"mp4": "mov", "mov": "mov", "mkv": "matroska", "webm": "matroska", "avi": "avi", "ts": "mpegts"}
)
_PACKETS = "packets"
_FIELDS = [(field.name, field.type) for field in VIDEOS.arrow if field.name != "collection"]
_TYPE = pa.struct([*_FIELDS, (_PACKETS, pa.string())])


class VideoKind(Kind):
    """Videos whose bytes are part of the data set."""

    options: tuple[str, ...] = ("sample_compression",)

    def __init__(self, declared: Declaration) -> None:
        super().__init__(declared)
        compression = declared.sample_compression
        if compression is not None and compression not in _CONTAINERS:
            raise SettingsError(f"sample_compression {compression!r}: of videos, one of {', '.join(_CONTAINERS)}")

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, ReadFile):
            raise SampleError(f"a video is appended as rushes.read(PATH), not as {kind_of(sample)}")
        path = intake.local(sample)
        if os.path.isdir(path):
            raise SampleError(f"{path} is a folder: its pictures go into a column of htype sequence[image]")
        try:
            video = open_file(path)
        except VideoError as error:
            raise VideoError(error.reason, str(error).replace(path, shown(sample.uri))) from None
        self._check_container(sample, video.row["container"])
        kept = intake.keep(path, suffix_of(sample.uri))
        about = {
            "video_id": PurePosixPath(shown(sample.uri)).stem,
            "source_uri": shown(sample.uri),
            "media_uri": kept.name,
            "linked": False,
            "sha256": kept.sha256,
        }
        return _encoded(video, about, intake)

    def decode(self, value: pa.Scalar, objects: Objects) -> Video:
        return _Held(value.as_py(), objects)

    def _check_container(self, sample: ReadFile, container: str) -> None:
        compression = self.declared.sample_compression
        if compression is not None and _CONTAINERS[compression] != container:
            raise SampleError(
                f"{shown(sample.uri)} is {container}, but the column holds {compression}, and files are kept as they "
                "are: declare a column of its own, or one without sample_compression, which takes any"
            )


class LinkedVideoKind(VideoKind):
    """Videos of which the data set has the address, and the name of the credentials that it takes to read them."""

    options = ()

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, LinkedFile):
            raise SampleError(f"a link is appended as rushes.link(ADDRESS), not as {kind_of(sample)}")
        check_address(sample.uri)
        if sample.creds_key is not None and sample.creds_key != ENV:
            check_key(sample.creds_key)
            if sample.creds_key not in intake.creds_keys:
                raise SettingsError(
                    f"no credentials key {sample.creds_key!r} in this data set: add_creds_key({sample.creds_key!r})"
                )
        video = open_file(sample.uri, sample.creds_key)
        return _encoded(video, {"media_uri": sample.uri, "linked": True, "sha256": None}, intake)


def _encoded(video: Video, about: dict[str, Any], intake: Intake) -> pa.Array:
    """Return a video's row, its packets beside it."""
    row = {**video.row, **about}
    path = intake.scratch(".parquet")
    pq.write_table(packet_rows(row["video_id"], video.index), path, compression="zstd")
    row[_PACKETS] = intake.keep(path, ".packets.parquet").name
    return pa.array([row], _TYPE)


class _Held(Video):
    """A video of a data set, whose index is read when it is first needed."""

    def __init__(self, row: dict[str, Any], objects: Objects) -> None:
        super().__init__(row)
        self._objects = objects

    @cached_property
    def index(self) -> PacketIndex:
        """The packet index."""
        name = self.row[_PACKETS]
        try:
            data = self._objects.read(name)
        except FileNotFoundError:
            raise StoreError(f"{self._objects.full_uri(name)}: a file of the data set is missing") from None
        return packet_index(self.row, pq.read_table(pa.BufferReader(data)))

    def source(self) -> Ranges:
        """Return the video's bytes."""
        return media_ranges(self._objects, self.row, self.index)
