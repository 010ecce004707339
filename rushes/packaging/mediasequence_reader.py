"""Reading MediaSequence's shards, our own and anybody's, without TensorFlow: ``open_mediasequence``.

    clips = open_mediasequence("store/datasets/street/1a2b3c4d5e6f/mediasequence", "street_train_tfrecord")
    len(clips), clips[3].id, clips[3].images().shape, clips[3].regions("PREDICTED").corners[0]

Here: which files are a set's shards, and which bytes of which of them an example is. Checksums are checked, of lengths
when a set is first counted, of an example when it is read; a damaged or unfinished file is an error that names it. Not
here: what is in an example (``mediasequence_example``), and training (``rushes.training.mediasequence``).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from rushes.packaging.mediasequence import LABELS_PATH, SEGMENT_LABELS_PATH
from rushes.packaging.mediasequence_example import Example
from rushes.packaging.packed import PackagingError
from rushes.packaging.tfrecord import read_record, record_spans
from rushes.store.objects import Objects

_SHARD = re.compile(r"([^/]+)-(\d{5})-of-(\d{5})")


@dataclass(frozen=True)
class MediaSequence:
    """The examples of a set of shards, in the order of the shards and as each has them.

    Counting them reads 12 bytes an example; an example is read when it is asked for, from a disk or a bucket. Holds no
    open file, so that it may be sent to other processes.
    """

    objects: Objects
    shards: tuple[str, ...]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Example:
        """The example of a number from 0, or from the end when negative. Raises IndexError and PackagingError."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}: count from 0")
        shard, span = self._places[index]
        with self._reading(shard) as stream:
            return Example.of(read_record(stream, span))

    def __iter__(self) -> Iterator[Example]:
        return (self[i] for i in range(len(self)))

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The names of the objects' classes by their index, from ``labels.csv`` beside the shards; none without it."""
        return self._listed(LABELS_PATH)

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels that clips and segments have: those that people gave, else the objects' classes."""
        return self._listed(SEGMENT_LABELS_PATH) or self.class_names

    def _listed(self, path: str) -> tuple[str, ...]:
        if not self.objects.exists(path):
            return ()
        rows = list(csv.DictReader(io.StringIO(self.objects.read(path).decode())))
        names = {int(row["index"]): row["string"] for row in rows}
        return tuple(names.get(i, "") for i in range(max(names, default=-1) + 1))

    @cached_property
    def _places(self) -> list[tuple[str, tuple[int, int]]]:
        places = []
        for shard in self.shards:
            with self._reading(shard) as stream:
                places += [(shard, span) for span in record_spans(stream)]
        return places

    @contextmanager
    def _reading(self, shard: str) -> Iterator[BinaryIO]:
        """Open a shard; an error says which it was."""
        try:
            with self.objects.open(shard) as stream:
                yield stream
        except PackagingError as error:
            raise PackagingError(f"{self.objects.full_uri(shard)}: {error}") from error


def open_mediasequence(folder: str | os.PathLike[str], name: str | None = None) -> MediaSequence:
    """The examples of the shards ``NAME-00000-of-00010`` … in a folder, on a disk or as ``s3://bucket/prefix``.

    ``name`` may be left out when the folder has the shards of one name. Raises PackagingError when there are none, of
    several names, or not all of them.
    """
    objects = Objects(folder)
    sets: dict[str, list[tuple[str, int, int]]] = {}
    for path in objects.list(""):
        if match := _SHARD.fullmatch(path):
            sets.setdefault(match[1], []).append((path, int(match[2]), int(match[3])))
    chosen = sets.get(name) if name is not None else next(iter(sets.values()), None)
    if chosen is None or (name is None and len(sets) > 1):
        named = (
            f"the names {sorted(sets)}: give one of them" if sets else "no name: give the folder of NAME-00000-of-00010"
        )
        raise PackagingError(f"{objects.uri} has shards of {named}")
    counts = {count for _, _, count in chosen}
    if len(counts) > 1 or [at for _, at, _ in chosen] != list(range(*counts)):
        raise PackagingError(
            f"{objects.uri} has the shards {[path for path, _, _ in chosen]}: put all there, of one set"
        )
    return MediaSequence(objects, tuple(path for path, _, _ in chosen))
