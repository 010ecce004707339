"""WebDataset: plain tar shards that the ``webdataset`` package streams, one sample a sequence.

    SPLIT-00000-of-00002.tar               KEY.json, KEY.embedding.npy where there is a vector, KEY.000000.jpg …
    SPLIT-00000-of-00002.index.parquet     a row a member: key, name, file, offset, size
    SPLIT.json                             the split's shards in order, and the names of the classes

WebDataset takes what stands before the first dot of a file's name for the sample's key, and the rest for the name of
one of its values. Ids of sequences have dots, so that in a key each dot is a tilde, which no id has: none is confused
with another, and ``sequence_id`` in the JSON is the id as it is. All of a sample's members stand side by side, its JSON
first. Images are the given bytes; by the index any of them is one ranged read.

In the JSON, ``times_s``, ``source_frames`` and ``frames_annotated`` have a value a frame; ``boxes`` (left, top, width,
height in pixels of the delivered image), ``ids``, ``class_ids``, ``classes``, ``scores``, ``generated``,
``annotated``, ``considered`` and ``visibility`` a list a frame with a value a box. Numbers are the shortest decimals
that are the same float32. Dropped, and counted: boxes that are not finite, which JSON cannot say.

Here: those members. Not here: how an archive is written (``tar``). A shard is in memory whole while it is written, as
its images are already: what that takes depends on ``shard_sequences``, and not on how large the data set is.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rushes.packaging.packed import (
    File,
    FrameBoxes,
    PackedSequence,
    Shard,
    ShardSummary,
    class_name,
    in_order,
    members,
)
from rushes.packaging.packed_facts import facts
from rushes.packaging.tar import Tar

NOT_FINITE = "box_not_finite"

INDEX = pa.schema(
    [
        ("key", pa.string()),
        ("name", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
    ]
)

_Facts = dict[str, Any]


def key_of(sequence_id: str) -> str:
    """The key of a sequence's sample: its id without dots."""
    return sequence_id.replace(".", "~")


def shard_files(sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]) -> Iterator[File]:
    """The tar of a shard, whose rows are its samples, and the index of its members."""
    tar, path = Tar(), f"{shard.stem}.tar"
    rows: list[_Facts] = []
    dropped: Counter[str] = Counter()
    samples = 0
    for sequence in members(sequences, shard):
        key = key_of(sequence.sequence_id)
        for name, data in _values(sequence, class_names, dropped):
            offset = tar.add(f"{key}.{name}", data)
            rows.append({"key": key, "name": name, "file": path, "offset": offset, "size": len(data)})
        samples += 1
    yield File(path, tar.close(), samples, dict(dropped))
    yield _index(f"{shard.stem}.index.parquet", rows)


def index_files(shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
    """``SPLIT.json``; its rows are shards. Nothing needs it to read the tars."""
    ordered = in_order(shards)
    for split in dict.fromkeys(summary.shard.split for summary in ordered):
        own = [summary for summary in ordered if summary.shard.split == split]
        about = {
            "name": own[0].shard.name,
            "split": split,
            "class_names": list(class_names),
            "shards": [
                {
                    "file": f"{summary.shard.stem}.tar",
                    "index": f"{summary.shard.stem}.index.parquet",
                    "samples": len(summary.sequence_ids),
                    "frames": sum(summary.lengths),
                }
                for summary in own
            ],
        }
        yield File(f"{split}.json", (json.dumps(about, indent=1) + "\n").encode(), len(own))


def _values(sequence: PackedSequence, class_names: Sequence[str], dropped: Counter[str]) -> Iterator[tuple[str, bytes]]:
    """A sample's values by name."""
    told = _told(sequence, class_names, dropped)
    yield "json", json.dumps(told, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()
    if sequence.embedding is not None:
        vector = io.BytesIO()
        np.save(vector, sequence.embedding.astype(np.float32), allow_pickle=False)
        yield "embedding.npy", vector.getvalue()
    for step, jpeg in enumerate(sequence.jpegs):
        yield _image_name(step), jpeg


def _image_name(step: int) -> str:
    return f"{step:06d}.jpg"


def _told(sequence: PackedSequence, class_names: Sequence[str], dropped: Counter[str]) -> _Facts:
    """What the JSON says of a sequence."""
    frames = [_frame(boxes, class_names, dropped) for boxes in sequence.boxes]
    return {
        **facts(sequence),
        "images": [_image_name(step) for step in range(len(sequence))],
        "source_frames": sequence.frames.tolist(),
        "times_s": sequence.times_s.tolist(),
        "frames_annotated": sequence.annotated.tolist(),
        **{name: [frame[name] for frame in frames] for name in frames[0]},
    }


def _frame(boxes: FrameBoxes, class_names: Sequence[str], dropped: Counter[str]) -> _Facts:
    """What the JSON says of a frame's boxes, in their order."""
    finite = np.isfinite(boxes.boxes).all(axis=1) & np.isfinite(boxes.scores)
    if not finite.all():
        dropped[NOT_FINITE] += int((~finite).sum())
        boxes = boxes.at(finite)
    return {
        "boxes": _decimals(boxes.boxes),
        "ids": boxes.track_numbers.tolist(),
        "class_ids": boxes.class_ids.tolist(),
        "classes": [class_name(class_names, id) for id in boxes.class_ids.tolist()],
        "scores": _decimals(boxes.scores),
        "generated": boxes.generated.tolist(),
        "annotated": boxes.annotated.tolist(),
        "considered": boxes.considered.tolist(),
        "visibility": [share if math.isfinite(share) else None for share in _decimals(boxes.visibility)],
    }


def _decimals(values: npt.NDArray[np.float32]) -> list[Any]:
    """The decimal numbers with the fewest digits that are still these float32, nested as the array is."""
    decimals: list[Any] = values.astype(str).astype(np.float64).tolist()
    return decimals


def _index(path: str, rows: Sequence[_Facts]) -> File:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=INDEX)
    numbers = dict.fromkeys(("offset", "size"), "DELTA_BINARY_PACKED")
    strings = ["key", "name", "file"]
    pq.write_table(table, sink, compression="zstd", use_dictionary=strings, column_encoding=numbers)
    return File(path, sink.getvalue(), table.num_rows)
