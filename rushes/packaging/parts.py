"""The parts that a data set is written in: shards of sequences, and groups of whole videos for formats of tracks.

A part is what one worker does at a time and what a killed run repeats. Here: how a selection is shared out, and one
part's files. Not here: what is written when all are there (``package``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from math import ceil
from typing import Any

from rushes.packaging.chosen import Chosen
from rushes.packaging.classes import Classes
from rushes.packaging.formats import FORMATS, TRACK_FORMATS
from rushes.packaging.labels import Labels
from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary
from rushes.packaging.sequences import packed_sequences
from rushes.packaging.sizes import estimated_bytes
from rushes.packaging.state import dataset_root
from rushes.packaging.whole_tracks import packed_videos
from rushes.selection.recipes.recipe import Recipe
from rushes.store.objects import Objects

_Written = dict[str, Any]


@dataclass(frozen=True)
class FileRow:
    """A file of a data set, as in the ``datasets`` table; ``path`` is its name in the store."""

    format: str
    path: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True)
class Part:
    """Chosen sequences that are written together: a shard of them, or all those of some videos."""

    shard: Shard
    chosen: tuple[Chosen, ...]
    of_videos: bool


def parts(objects: Objects, recipe: Recipe, chosen: list[Chosen]) -> list[Part]:
    """Share a selection out, once for the formats of sequences and once for those of tracks, if there are any."""
    sizes = estimated_bytes(objects, recipe, chosen) if recipe.shard_mb is not None else [0.0] * len(chosen)
    found: list[Part] = []
    for split in sorted({one.split for one in chosen}):
        members = [one for one in chosen if one.split == split]
        count = _shard_count(recipe, [size for one, size in zip(chosen, sizes, strict=True) if one.split == split])
        if any(name in FORMATS for name in recipe.formats):
            found += _shards(recipe, split, members, count)
        if any(name in TRACK_FORMATS for name in recipe.formats):
            found += _videos(recipe, split, members, -(-len(members) // count))
    return found


def _shard_count(recipe: Recipe, sizes: list[float]) -> int:
    """Return how many shards sequences of these sizes go into; none is without a sequence."""
    count = recipe.shards or -(-len(sizes) // recipe.shard_sequences)
    if recipe.shard_mb is not None:
        count = ceil(sum(sizes) / (recipe.shard_mb * 1e6))
    return max(1, min(count, len(sizes)))


def _shards(recipe: Recipe, split: str, members: list[Chosen], count: int) -> Iterator[Part]:
    """Yield shards: sequence i goes into shard i mod n, so that ranks mix."""
    for i in range(count):
        yield Part(Shard(recipe.name, split, i, count), tuple(members[i::count]), of_videos=False)


def _videos(recipe: Recipe, split: str, members: list[Chosen], size: int) -> Iterator[Part]:
    """Yield groups of videos that have about as many sequences as a shard; a video is in one of them."""
    groups: list[list[Chosen]] = [[]]
    for _, of_video in groupby(sorted(members, key=_video_of), key=_video_of):
        if len(groups[-1]) >= size:
            groups.append([])
        groups[-1] += of_video
    for i, group in enumerate(groups):
        yield Part(Shard(recipe.name, split, i, len(groups)), tuple(group), of_videos=True)


def _video_of(one: Chosen) -> str:
    return one.video_id


@dataclass(frozen=True)
class PartWork:
    """Writes one part in all its formats; picklable, so that a worker process can be given it.

    ``inputs`` tells the tables that it is made of: a part that was made of others counts for nothing.
    """

    objects: Objects
    recipe: Recipe
    version: str
    inputs: str
    classes: Classes
    labels: Labels | None

    def note(self, part: Part) -> str:
        """The name of the object that says that a part's files are all there."""
        kind = "videos" if part.of_videos else "shards"
        return f"{dataset_root(self.recipe.name, self.version)}/{kind}/{part.shard.stem}.json"

    def made(self, part: Part) -> _Written | None:
        """Return what is noted of a part; None when it is not there, or was made of other tables."""
        try:
            note: _Written = json.loads(self.objects.read(self.note(part)))
        except FileNotFoundError:
            return None
        return note if note.get("inputs") == self.inputs else None

    def __call__(self, part: Part) -> None:
        written, boxes = self._tracks(part) if part.of_videos else self._sequences(part)
        note = {"formats": written, "boxes": boxes, "inputs": self.inputs}
        self.objects.write(self.note(part), json.dumps(note, sort_keys=True).encode())

    def put(self, format_name: str, file: File) -> FileRow:
        """Store a file of a format."""
        path = f"{self._root(format_name)}{file.path}"
        self.objects.write(path, file.data)
        return FileRow(format_name, path, hashlib.sha256(file.data).hexdigest(), len(file.data), file.rows)

    def _root(self, format_name: str) -> str:
        return f"{dataset_root(self.recipe.name, self.version)}/{format_name}/"

    def _sequences(self, part: Part) -> tuple[dict[str, _Written], Counter[str]]:
        """Write a shard in each format; return what was written, and how many boxes of each class there are."""
        sequences = packed_sequences(self.objects, self.recipe, part.chosen, self.classes, self.labels)
        ids = Counter(int(id) for sequence in sequences for boxes in sequence.boxes for id in boxes.class_ids)
        written: dict[str, _Written] = {}
        written |= {name: self._shard(name, sequences, part.shard) for name in self.recipe.formats if name in FORMATS}
        return written, Counter({self.classes.names[id]: count for id, count in ids.items()})

    def _shard(self, name: str, sequences: list[PackedSequence], shard: Shard) -> _Written:
        rows, carried, dropped = [], [], Counter[str]()
        for file in FORMATS[name].shard_files(sequences, shard, self.classes.names):
            rows.append(self.put(name, file))
            dropped.update(file.dropped)
            carried += [] if file.carried is None else [file.carried]
        summary = ShardSummary(
            shard,
            tuple(s.sequence_id for s in sequences),
            tuple(len(s) for s in sequences),
            tuple(row.path.removeprefix(self._root(name)) for row in rows),
            dict(dropped),
            tuple(carried),
        )
        files = [asdict(row) for row in rows]
        return {"summary": summary.to_json(), "files": files, "dropped": dict(dropped), "rejects": []}

    def _tracks(self, part: Part) -> tuple[dict[str, _Written], Counter[str]]:
        """Write a group of videos in each format; return what was written, and how many boxes of each class."""
        formats = [name for name in self.recipe.formats if name in TRACK_FORMATS]
        written: dict[str, _Written] = {name: {"files": [], "dropped": Counter(), "rejects": []} for name in formats}
        boxes: Counter[str] = Counter()
        for video in packed_videos(self.objects, self.recipe, part.chosen):
            for track in video.tracks:
                boxes[track.class_name] += len(track.frames)
            for name in formats:
                for made in TRACK_FORMATS[name].video_files(video):
                    if isinstance(made, File):
                        written[name]["files"].append(asdict(self.put(name, made)))
                        written[name]["dropped"].update(made.dropped)
                    else:
                        written[name]["rejects"].append(made.row())
        return written, boxes
