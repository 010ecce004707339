"""COCO-VID and TAO: the images of all sequences, and one JSON a split that readers of either take.

A sequence is a video of that JSON. COCO-VID's readers go by ``frame_id`` and ``instance_id``, TAO's by ``track_id``,
``frame_index`` and the list ``tracks``; ids count from 1 through the whole file, categories are the data set's classes.
The paths of images begin where the JSON lies. ``origin`` says of a track and of each of its boxes whether people gave
it or a detector found it, ``generated`` that a box was interpolated; what evaluation is to leave out is marked
``iscrowd``, the one mark that COCO's own code heeds, and ``ignore``. Nobody looked for every class: a video has no
``neg_category_ids``, and of detected classes it is said that more may be there (``not_exhaustive_category_ids``).

Here: that JSON, put together from what the shards carry. Not here: reading it (``rushes.sources.formats.coco_vid``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rushes.packaging.packed import (
    File,
    FrameBoxes,
    PackedSequence,
    Shard,
    ShardSummary,
    class_name,
    in_order,
    members,
    shortest,
)

NO_AREA = "box_without_area"
ANNOTATED, DETECTED = "annotated", "detected"

_Facts = dict[str, Any]


def shard_files(sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]) -> Iterator[File]:
    """The shard's images, ``SPLIT/SEQUENCE_ID/000000.jpg``; the first of a sequence carries all that the JSON says."""
    for sequence in members(sequences, shard):
        for class_id in {int(id) for boxes in sequence.boxes for id in boxes.class_ids}:
            class_name(class_names, class_id)
        frames = [_frame(boxes) for boxes in sequence.boxes]
        dropped = sum(len(boxes) for boxes in sequence.boxes) - sum(len(boxes) for boxes in frames)
        for step, jpeg in enumerate(sequence.jpegs):
            carried = _sequence(sequence, frames) if step == 0 else None
            lost = {NO_AREA: dropped} if dropped and step == 0 else {}
            yield File(_image_path(shard.split, sequence.sequence_id, step), jpeg, 1, lost, carried)


def index_files(shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
    """``SPLIT.json``; its rows are boxes."""
    ordered = in_order(shards)
    for split in dict.fromkeys(summary.shard.split for summary in ordered):
        own = [summary for summary in ordered if summary.shard.split == split]
        book = _Book(own[0].shard, class_names)
        for summary in own:
            for facts in summary.carried:
                book.add(facts)
        text = json.dumps(book.data, separators=(",", ":"), allow_nan=False)
        yield File(f"{split}.json", text.encode(), len(book.data["annotations"]))


class _Book:
    """One split's JSON, which grows by a sequence at a time. Its first key is one that readers know it by."""

    def __init__(self, shard: Shard, class_names: Sequence[str]) -> None:
        self._split = shard.split
        self.data: dict[str, Any] = {
            "info": {"description": f"{shard.name}, {shard.split}", "version": "1"},
            "licenses": [],
            "categories": [{"id": id, "name": name} for id, name in enumerate(class_names)],
            "videos": [],
            "images": [],
            "tracks": [],
            "annotations": [],
        }

    def add(self, facts: _Facts) -> None:
        """Number a sequence's parts and add them."""
        video_id = self._add("videos", facts["video"])
        tracks: dict[int, int] = {}
        for step, (image, boxes) in enumerate(zip(facts["images"], facts["boxes"], strict=True)):
            file_name = _image_path(self._split, facts["video"]["name"], step)
            image_id = self._add("images", {"video_id": video_id, "file_name": file_name, **image})
            for number, box in boxes:
                if number not in tracks:
                    about = {"category_id": box["category_id"], "origin": box["origin"], "number": number}
                    tracks[number] = self._add("tracks", {"video_id": video_id, **about})
                of = {"image_id": image_id, "video_id": video_id, "track_id": tracks[number]}
                self._add("annotations", {**of, "instance_id": tracks[number], **box})

    def _add(self, key: str, facts: _Facts) -> int:
        rows = self.data[key]
        rows.append({"id": len(rows) + 1, **facts})
        return len(rows)


def _image_path(split: str, sequence_id: str, step: int) -> str:
    return f"{split}/{sequence_id}/{step:06d}.jpg"


def _sequence(sequence: PackedSequence, frames: Sequence[list[tuple[int, _Facts]]]) -> _Facts:
    """Return all that the JSON says of a sequence, but for ids."""
    detected = {box["category_id"] for boxes in frames for _, box in boxes if box["origin"] == DETECTED}
    size = {"width": sequence.width, "height": sequence.height}
    return {
        "video": {
            "name": sequence.sequence_id,
            **size,
            "frame_rate": sequence.frame_rate,
            "neg_category_ids": [],
            "not_exhaustive_category_ids": sorted(detected),
            "source_video": sequence.video_id,
            "source_uri": sequence.source_uri,
        },
        "images": [
            {**size, "frame_id": step, "frame_index": step, "source_frame": int(frame), "time_s": float(time_s),
             "annotated": bool(annotated)}
            for step, (frame, time_s, annotated) in enumerate(
                zip(sequence.frames, sequence.times_s, sequence.annotated, strict=True)
            )
        ],
        "boxes": frames,
    }  # fmt: skip


def _frame(boxes: FrameBoxes) -> list[tuple[int, _Facts]]:
    """Return (track number, what the JSON says of its box) by track number; without boxes that have no area."""
    return [
        (int(boxes.track_numbers[k]), _box(boxes, int(k)))
        for k in boxes.track_numbers.argsort()
        if boxes.boxes[k, 2] > 0 and boxes.boxes[k, 3] > 0 and all(map(math.isfinite, boxes.boxes[k]))
    ]


def _box(boxes: FrameBoxes, k: int) -> _Facts:
    left, top, width, height = (shortest(side) for side in boxes.boxes[k])
    left_out, visibility = not boxes.considered[k], boxes.visibility[k]
    facts = {
        "category_id": int(boxes.class_ids[k]),
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": int(left_out),
        "ignore": int(left_out),
        "score": shortest(boxes.scores[k]),
        "origin": ANNOTATED if boxes.annotated[k] else DETECTED,
        "generated": bool(boxes.generated[k]),
    }
    return facts if math.isnan(visibility) else facts | {"visibility": shortest(visibility)}
