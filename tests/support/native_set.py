"""A small native data set whose every frame can be told: by its flat colour, its boxes and its times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import simplejpeg

from rushes.packaging import native
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard, ShardSummary

CLASSES = ("person", "bicycle", "car")
WIDTH, HEIGHT = 64, 48


def colour(sequence: int, step: int) -> tuple[int, int, int]:
    """What JPEG keeps nearly as it is."""
    return 20 * sequence % 250, 9 * step % 250, 100


def boxes_at(sequence: int, step: int) -> np.ndarray:
    """float32 (k, 4) left, top, width, height: as many as step % 3."""
    return np.array([(sequence + n, step, 10, 4 + n) for n in range(step % 3)], np.float32).reshape(-1, 4)


def native_files(
    lengths: Sequence[int], per_shard: int = 3, sizes: Mapping[int, tuple[int, int]] | None = None
) -> dict[str, bytes]:
    """The files of a data set of sequences of those lengths; ``sizes`` (width, height) are of those that differ."""
    sequences = [_sequence(n, length, *(sizes or {}).get(n, (WIDTH, HEIGHT))) for n, length in enumerate(lengths)]
    groups = [sequences[at : at + per_shard] for at in range(0, len(sequences), per_shard)]
    files, summaries = {}, []
    for number, members in enumerate(groups):
        shard = Shard("known", "train", number, len(groups))
        written = list(native.shard_files(members, shard, CLASSES))
        files |= {file.path: file.data for file in written}
        paths = tuple(file.path for file in written)
        summaries.append(ShardSummary(shard, tuple(m.sequence_id for m in members), tuple(map(len, members)), paths))
    return files | {file.path: file.data for file in native.index_files(summaries, CLASSES)}


def _sequence(number: int, length: int, width: int, height: int) -> PackedSequence:
    def jpeg(step: int) -> bytes:
        picture = np.full((height, width, 3), colour(number, step), np.uint8)
        encoded: bytes = simplejpeg.encode_jpeg(picture, 95, "RGB")
        return encoded

    return PackedSequence(
        sequence_id=f"sequence-{number}",
        video_id="known",
        clip_id=f"clip-{number}",
        track_id=None,
        split="train",
        media_id="ab" * 32,
        source_uri="s3://bucket/known.mp4",
        width=width,
        height=height,
        frame_rate=25.0,
        frames=np.arange(100, 100 + length, dtype=np.int32),
        times_s=4 + np.arange(length) / 25,
        start_s=4.0,
        end_s=4 + length / 25,
        jpegs=tuple(jpeg(step) for step in range(length)),
        boxes=tuple(_frame_boxes(boxes_at(number, step)) for step in range(length)),
        annotated=np.zeros(length, bool),
        embedding=None,
        label=None if number % 4 == 3 else (number % 3, CLASSES[number % 3]),
    )


def _frame_boxes(boxes: np.ndarray) -> FrameBoxes:
    count = len(boxes)
    return FrameBoxes(
        boxes=boxes,
        track_numbers=np.arange(1, count + 1, dtype=np.uint32),
        class_ids=np.arange(count, dtype=np.int32),
        scores=np.full(count, 0.5, np.float32),
        generated=np.zeros(count, bool),
        annotated=np.zeros(count, bool),
        considered=np.ones(count, bool),
        visibility=np.full(count, np.nan, np.float32),
    )
