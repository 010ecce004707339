"""What a format is given and what it gives back: sequences with their pixels, shards, and files.

Here: plain data and the checks that make it safe to write. Not here: how the pixels were decoded, blurred and encoded
(that comes before), what the files look like (one module per format), and where they are stored (that comes after).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from rushes.errors import RushesError
from rushes.packaging.packed_beside import Beside

if TYPE_CHECKING:
    from rushes.packaging.media_film import Film

SPLITS = ("train", "val", "test", "all")

# Sequence ids become folder and file names, and data set and embedding names a part of them.
_SAFE_NAME = re.compile(r"(?!\.)[A-Za-z0-9._=+@-]+")


class PackagingError(RushesError):
    """A sequence, shard or class list that cannot be written as a data set."""


@dataclass(frozen=True)
class FrameBoxes:
    """The boxes of one frame, in pixels of the delivered image; parallel arrays, one entry a box.

    ``boxes`` float32 (k, 4) left, top, width, height; ``track_numbers`` uint32 (k,) identity within the clip, from 1
    and stable over it; ``class_ids`` int32 (k,); ``scores`` float32 (k,); ``generated`` bool (k,), true for a box that
    was interpolated between those that were found or given; ``annotated`` bool (k,), true for a box of an annotated
    track; ``considered`` bool (k,), false for one that evaluation is told to leave out; ``visibility`` float32 (k,) the
    share of the object that can be seen, NaN where nobody said.
    """

    boxes: npt.NDArray[np.float32]
    track_numbers: npt.NDArray[np.uint32]
    class_ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    generated: npt.NDArray[np.bool_]
    annotated: npt.NDArray[np.bool_]
    considered: npt.NDArray[np.bool_]
    visibility: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.track_numbers)
        if self.boxes.shape != (count, 4):
            raise PackagingError(f"boxes have the shape {self.boxes.shape}: give ({count}, 4), one row a track number")
        if any(len(values) != count for values in vars(self).values()):
            raise PackagingError(f"a frame's boxes differ in number: give {count} class ids, scores and flags")
        if len(np.unique(self.track_numbers)) != count or (self.track_numbers == 0).any():
            raise PackagingError(
                f"track numbers {self.track_numbers.tolist()} are not distinct numbers from 1: give each track one box"
            )

    def __len__(self) -> int:
        return len(self.track_numbers)

    def at(self, which: npt.NDArray[np.bool_]) -> Self:
        """Return some of the boxes, those that ``which`` bool (k,) says."""
        return type(self)(**{name: values[which] for name, values in vars(self).items()})


@dataclass(frozen=True)
class PackedSequence:
    """One sequence, ready to be written: its frames as JPEG, their boxes, and where they came from.

    ``frames`` int32 (n,) and ``times_s`` float64 (n,) are frame numbers and presentation times in the source video;
    ``jpegs`` and ``boxes`` have one entry a frame (boxes may be empty); ``annotated`` bool (n,) says for which of them
    people have told what is there, be it nothing. ``width``, ``height`` and the nominal
    ``frame_rate`` are those of the delivered images; ``media_id`` is the sha256 of the source file, of a link its ETag
    or address. ``embedding`` float32 (d,) is the sequence's mean vector of ``embedding_model``; ``label`` the class id
    and name of the sequence's track or main class. ``beside`` is what else there is, for formats that have room for it.
    ``film`` has the frames for the native format where the recipe wants films; where no other format is written, there
    are no ``jpegs`` then.
    """

    sequence_id: str
    video_id: str
    clip_id: str
    track_id: str | None
    split: str
    media_id: str
    source_uri: str
    width: int
    height: int
    frame_rate: float
    frames: npt.NDArray[np.int32]
    times_s: npt.NDArray[np.float64]
    start_s: float
    end_s: float
    jpegs: tuple[bytes, ...]
    boxes: tuple[FrameBoxes, ...]
    annotated: npt.NDArray[np.bool_]
    embedding: npt.NDArray[np.float32] | None
    label: tuple[int, str] | None
    embedding_model: str = "embedding"
    beside: Beside = field(default_factory=Beside)
    film: Film | None = None

    def __post_init__(self) -> None:
        if not _SAFE_NAME.fullmatch(self.sequence_id):
            raise PackagingError(
                f"sequence id {self.sequence_id!r} cannot name a folder: use letters, digits and . _ = + @ -"
            )
        if self.split not in SPLITS:
            raise PackagingError(f"sequence {self.sequence_id} has the split {self.split!r}: use one of {SPLITS}")
        count = len(self.frames)
        lengths = {len(self.times_s), len(self.boxes), len(self.annotated), count}
        lengths |= set() if self.film is not None and not self.jpegs else {len(self.jpegs)}
        if len(lengths) > 1 or count == 0:
            raise PackagingError(
                f"sequence {self.sequence_id} has {count} frames, {len(self.times_s)} times, {len(self.jpegs)} images "
                f"and {len(self.boxes)} lists of boxes, or other flags: give as many of each, and at least one"
            )

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Shard:
    """The ``index``-th of the ``count`` shards of one split of the data set ``name``."""

    name: str
    split: str
    index: int
    count: int

    def __post_init__(self) -> None:
        if not _SAFE_NAME.fullmatch(self.name):
            raise PackagingError(f"data set name {self.name!r} cannot name a file: use letters, digits and . _ = + @ -")
        if self.split not in SPLITS:
            raise PackagingError(f"a shard has the split {self.split!r}: use one of {SPLITS}")
        if not 0 <= self.index < self.count:
            raise PackagingError(f"shard {self.index} of {self.count} does not exist: count from 0")

    @property
    def stem(self) -> str:
        """``train-00000-of-00010``: what the shard's files are called."""
        return f"{self.split}-{self.part}"

    @property
    def part(self) -> str:
        """``00000-of-00010``."""
        return f"{self.index:05d}-of-{self.count:05d}"


@dataclass(frozen=True)
class File:
    """One file of a data set: its path below the format's folder, its bytes, and how many rows they hold.

    ``dropped`` counts, by reason, the boxes and images that were given for this file and are not in it. ``carried`` is
    whatever the index files need to know of it, as JSON knows values.
    """

    path: str
    data: bytes
    rows: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    carried: Any = None


@dataclass(frozen=True)
class ShardSummary:
    """What is left of a shard once its files are stored: enough to write the index files without the pixels.

    ``sequence_ids`` and ``lengths`` (frames a sequence) are parallel and in the order written; ``paths`` are those of
    the files, ``dropped`` the sum of their counts, ``carried`` what those that carry something do, in order.
    """

    shard: Shard
    sequence_ids: tuple[str, ...]
    lengths: tuple[int, ...]
    paths: tuple[str, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    carried: tuple[Any, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(
            shard=Shard(**values["shard"]),
            sequence_ids=tuple(values["sequence_ids"]),
            lengths=tuple(values["lengths"]),
            paths=tuple(values["paths"]),
            dropped=values["dropped"],
            carried=tuple(values["carried"]),
        )


def members(sequences: Iterable[PackedSequence], shard: Shard) -> Iterator[PackedSequence]:
    """The sequences, each checked to be of the shard's split and not to have come before."""
    seen: set[str] = set()
    for sequence in sequences:
        if sequence.split != shard.split:
            raise PackagingError(
                f"sequence {sequence.sequence_id} of split {sequence.split} was given to a shard of {shard.split}: "
                "give a shard the sequences of its own split"
            )
        if sequence.sequence_id in seen:
            raise PackagingError(f"sequence {sequence.sequence_id} was given to a shard twice: give it once")
        seen.add(sequence.sequence_id)
        yield sequence


def in_order(shards: Sequence[ShardSummary]) -> list[ShardSummary]:
    """The shards as a data set counts its sequences: train, val, test, all; then by shard index.

    Raises PackagingError when a shard is missing or given twice, or a sequence is in two of them: an index would lie.
    """
    ordered = sorted(shards, key=lambda summary: (SPLITS.index(summary.shard.split), summary.shard.index))
    for split in SPLITS:
        found = [summary.shard for summary in ordered if summary.shard.split == split]
        if found and [(shard.index, shard.count) for shard in found] != [(i, len(found)) for i in range(len(found))]:
            raise PackagingError(f"split {split} has the shards {[s.part for s in found]}: give each of them, once")
    counts = Counter(sequence_id for summary in ordered for sequence_id in summary.sequence_ids)
    doubled = [sequence_id for sequence_id, count in counts.items() if count > 1]
    if doubled:
        raise PackagingError(f"sequence {doubled[0]} is in more than one shard: give it to one")
    return ordered


def class_name(class_names: Sequence[str], class_id: int) -> str:
    """The name of a class id; PackagingError when the list has none."""
    if not 0 <= class_id < len(class_names):
        raise PackagingError(f"a box has class id {class_id}, but {len(class_names)} class names were given: give all")
    return class_names[class_id]


def shortest(value: np.floating) -> float:
    """Return the decimal number with the fewest digits that is still this float32: 0.9, not 0.8999999761581421."""
    return float(str(np.float32(value)))
