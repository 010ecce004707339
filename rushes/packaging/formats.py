"""The output formats by name, and what each of them has to offer.

Here: the protocol and the registry. Not here: any format's bytes. A format is pure: sequences in, files out, nothing
read or stored, the same input giving the same bytes; that is what lets a killed run take up at the next shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from rushes.packaging import coco_vid, mediasequence, mot, native, track_crops, trackverse, webdataset
from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary
from rushes.packaging.packed_tracks import PackedVideo
from rushes.store.rejects import Reject


class Format(Protocol):
    """A module that writes sequences in one format."""

    def shard_files(
        self, sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]
    ) -> Iterator[File]:
        """The files of one shard. ``sequences`` is gone through once, so that it may be a generator.

        ``class_names[i]`` is the name of class id i. Raises PackagingError for a class id without a name.
        """
        ...

    def index_files(self, shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
        """The files that speak of all shards, written once after the last of them."""
        ...


class TrackFormat(Protocol):
    """What writes whole tracks in one format, a video at a time."""

    def video_files(self, video: PackedVideo) -> Iterator[File | Reject]:
        """The files of a video's tracks, and those tracks that are in none of them."""
        ...


FORMATS: Mapping[str, Format] = {
    "coco-vid": coco_vid,
    "mediasequence": mediasequence.PLAIN,
    "mediasequence-charades": mediasequence.CHARADES,
    "mediasequence-demo": mediasequence.DEMO,
    "mot": mot,
    "native": native,
    "webdataset": webdataset,
}

TRACK_FORMATS: Mapping[str, TrackFormat] = {
    track_crops.NAME: track_crops,
    trackverse.RELEASED.name: trackverse.RELEASED,
    trackverse.WITH_SCORES.name: trackverse.WITH_SCORES,
}
