"""The output formats by name, and what each of them has to offer.

Here: the protocol and the registry. Not here: any format's bytes. A format is pure: sequences in, files out, nothing
read or stored, the same input giving the same bytes; that is what lets a killed run take up at the next shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from rushes.packaging import mediasequence, mot, native
from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary


class Format(Protocol):
    """A module that writes data sets in one format."""

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


FORMATS: Mapping[str, Format] = {"mediasequence": mediasequence, "mot": mot, "native": native}
