"""MOT Challenge: a folder a sequence, with its images, ground truth, detections and ``seqinfo.ini``.

Here: that layout and the classes of MOT16/17 (Milan et al., "MOT16: A Benchmark for Multi-Object Tracking", table 5 and
6). Frames, ids and box corners count from 1. Not here: scoring. TrackEval's MotChallenge2DBox scores a split ``train``
below ``ROOT`` with ``GT_FOLDER=ROOT/train, SEQMAP_FILE=ROOT/seqmaps/train.txt, SKIP_SPLIT_FOL=True``.

``gt/gt.txt`` has the boxes whose class the benchmark knows, of annotated tracks alone where a sequence has any;
visibility is as it was annotated, else the share of the box inside the image, for nothing is known of occlusion.
``det/det.txt`` has the detected (not interpolated) persons: its lines name no class, and the benchmark scores
pedestrians alone. What is in neither is counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary, class_name, in_order, members
from rushes.sources.formats.mot import CLASSES, PEDESTRIAN

# MOT's classes, and COCO's that are among them. Class 6 is "non motorized vehicle", so that buses, trucks and trains
# have no class here.
MOT_CLASSES = {name: number for number, name in CLASSES.items()} | {"person": PEDESTRIAN, "motorcycle": 5}

GT_NO_CLASS = "gt_class_unknown_to_mot"
GT_NOT_ANNOTATED = "gt_detected_beside_annotated"
GT_NO_AREA = "gt_box_without_area"
DET_NOT_PERSON = "det_not_a_person"
DET_ANNOTATED = "det_annotated"
DET_GENERATED = "det_interpolated"
DET_NO_AREA = "det_box_without_area"

# Files hold thousandths of a pixel; a side that would be written as 0 makes scorers divide by zero.
_SMALLEST_SIDE = 0.001


def shard_files(sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]) -> Iterator[File]:
    """The folders of the shard's sequences, ``SPLIT/SEQUENCE_ID/…``; rows are images, or lines of a text."""
    for sequence in members(sequences, shard):
        folder = f"{shard.split}/{sequence.sequence_id}"
        for number, jpeg in enumerate(sequence.jpegs, start=1):
            yield File(f"{folder}/img1/{number:06d}.jpg", jpeg, 1)
        boxes = list(_boxes(sequence, class_names))
        yield _text_file(f"{folder}/gt/gt.txt", boxes, _not_in_ground_truth, _ground_truth_line)
        yield _text_file(f"{folder}/det/det.txt", boxes, _not_in_detections, _detection_line)
        yield File(f"{folder}/seqinfo.ini", _seqinfo(sequence).encode(), 1)


def index_files(shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
    """``seqmaps/SPLIT.txt``: the names of a split's sequences, below the heading that readers skip."""
    names: dict[str, list[str]] = {}
    for summary in in_order(shards):
        names.setdefault(summary.shard.split, []).extend(summary.sequence_ids)
    for split, sequence_ids in names.items():
        lines = "".join(f"{line}\n" for line in ("name", *sequence_ids))
        yield File(f"seqmaps/{split}.txt", lines.encode(), len(sequence_ids))


@dataclass(frozen=True)
class _Box:
    """One box as the benchmark sees it; ``frame`` counts from 1, the corner from 0; ``visibility`` is a share of 1.

    ``true`` says that it may stand as ground truth.
    """

    frame: int
    track_number: int
    left: float
    top: float
    width: float
    height: float
    score: float
    generated: bool
    annotated: bool
    true: bool
    considered: bool
    mot_class: int | None
    visibility: float

    @property
    def has_area(self) -> bool:
        return self.width >= _SMALLEST_SIDE and self.height >= _SMALLEST_SIDE

    @property
    def ltwh(self) -> str:
        return ",".join(map(_number, (self.left + 1, self.top + 1, self.width, self.height)))


def _boxes(sequence: PackedSequence, class_names: Sequence[str]) -> Iterator[_Box]:
    """By frame, and by track number in a frame."""
    annotated = any(boxes.annotated.any() for boxes in sequence.boxes)
    for frame, boxes in enumerate(sequence.boxes, start=1):
        for k in boxes.track_numbers.argsort():
            left, top, width, height = boxes.boxes[k].tolist()
            yield _Box(
                frame=frame,
                track_number=int(boxes.track_numbers[k]),
                left=left,
                top=top,
                width=width,
                height=height,
                score=float(boxes.scores[k]),
                generated=bool(boxes.generated[k]),
                annotated=bool(boxes.annotated[k]),
                true=bool(boxes.annotated[k]) or not annotated,
                considered=bool(boxes.considered[k]),
                mot_class=_mot_class(class_name(class_names, int(boxes.class_ids[k]))),
                visibility=_visible(float(boxes.visibility[k]), (left, top, width, height), sequence),
            )


def _text_file(
    path: str, boxes: Iterable[_Box], why_not: Callable[[_Box], str | None], line: Callable[[_Box], str]
) -> File:
    lines: list[str] = []
    dropped: Counter[str] = Counter()
    for box in boxes:
        reason = why_not(box)
        if reason is None:
            lines.append(line(box) + "\n")
        else:
            dropped[reason] += 1
    return File(path, "".join(lines).encode(), len(lines), dict(dropped))


def _not_in_ground_truth(box: _Box) -> str | None:
    if not box.true:
        return GT_NOT_ANNOTATED
    if box.mot_class is None:
        return GT_NO_CLASS
    return None if box.has_area else GT_NO_AREA


def _ground_truth_line(box: _Box) -> str:
    return f"{box.frame},{box.track_number},{box.ltwh},{int(box.considered)},{box.mot_class},{_number(box.visibility)}"


def _not_in_detections(box: _Box) -> str | None:
    if box.annotated:
        return DET_ANNOTATED
    if box.mot_class != PEDESTRIAN:
        return DET_NOT_PERSON
    if box.generated:
        return DET_GENERATED
    return None if box.has_area else DET_NO_AREA


def _detection_line(box: _Box) -> str:
    return f"{box.frame},-1,{box.ltwh},{box.score:.6g},-1,-1,-1"


def _mot_class(name: str) -> int | None:
    """Return a class's number; annotations write the benchmark's names in several ways."""
    return MOT_CLASSES.get(re.sub(r"[ _-]+", "_", name.lower()))


def _visible(annotated: float, ltwh: tuple[float, float, float, float], sequence: PackedSequence) -> float:
    left, top, width, height = ltwh
    if not math.isnan(annotated):
        return annotated
    return _overlap(left, width, sequence.width) * _overlap(top, height, sequence.height)


def _overlap(start: float, length: float, limit: int) -> float:
    """The share of [start, start + length) that lies in [0, limit)."""
    return max(0.0, min(start + length, limit) - max(start, 0.0)) / length if length > 0 else 0.0


def _number(value: float) -> str:
    """To a thousandth, without trailing zeros; never ``-0``."""
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def _seqinfo(sequence: PackedSequence) -> str:
    # The benchmark's rate is a whole number, and its readers parse it as one.
    rate = max(1, round(sequence.frame_rate))
    return (
        f"[Sequence]\nname={sequence.sequence_id}\nimDir=img1\nframeRate={rate}\nseqLength={len(sequence)}\n"
        f"imWidth={sequence.width}\nimHeight={sequence.height}\nimExt=.jpg\n"
    )
