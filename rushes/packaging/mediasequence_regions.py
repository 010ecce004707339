"""MediaSequence's regions: boxes of people and of models, one step an image, as its metadata calculator leaves them.

A step that people told goes to the image nearest in time, the later of two. Of several that one image is nearest to,
the nearest stays (of two equally near the earlier) and what the others held is lost: here it is counted. Images to
which none came have ``is_annotated`` 0. All steps have their image's time; ``unmodified_timestamp`` has the own times
of those that stayed. Here: that, and boxes as features. Not here: which boxes there are (``sequences``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rushes.packaging.packed import FrameBoxes, PackedSequence, class_name
from rushes.packaging.packed_beside import ToldFrame, seconds_to_us
from rushes.packaging.sequence_example import Lists, Steps, one_each

NOT_FINITE = "box_not_finite"
NO_AREA = "box_without_area_in_image"
BETWEEN = "box_between_images"

_BOX_COLUMNS = tuple(field.name for field in fields(FrameBoxes))


@dataclass(frozen=True)
class Shown:
    """An image, the boxes in it, whether people told them, and the time they told them of, in microseconds."""

    timestamp: int
    jpeg: bytes
    boxes: FrameBoxes
    annotated: bool
    told_at: int


def regions(
    images: Sequence[Shown], sequence: PackedSequence, class_names: Sequence[str], dropped: Counter[str]
) -> Lists:
    """Ground truth where people told any, and a model's regions, unless all that is there was told by people."""
    true = _reconciled(images, sequence.beside.told, dropped)
    told = any(image.annotated for image in true)
    found = not told or any((~image.boxes.annotated).any() for image in images)
    lists: dict[str, Any] = {}
    if told:
        own = _Regions.take(true, True, sequence, dropped)
        lists |= _region_lists(true, own, sequence.clip_id, class_names)
        lists["region/is_annotated"] = one_each([image.annotated for image in true])
        lists["region/unmodified_timestamp"] = one_each([image.told_at for image in true if image.annotated])
    if found:
        rest = _Regions.take(images, False if told else None, sequence, dropped)
        predicted = _region_lists(images, rest, sequence.clip_id, class_names)
        lists |= {f"PREDICTED/{key}": steps for key, steps in predicted.items()}
    return lists


def _reconciled(images: Sequence[Shown], told: Sequence[ToldFrame], dropped: Counter[str]) -> list[Shown]:
    """The images with what people told of a moment beside them, where they told nothing of the image itself."""
    shown = list(images)
    times = np.array([image.timestamp for image in images], np.int64)
    for one in told:
        time = seconds_to_us(one.time_s)
        at = _nearest(times, time)
        rival, lost = shown[at], len(one.boxes)
        if not rival.annotated or abs(times[at] - time) < abs(times[at] - rival.told_at):
            lost = int((rival.boxes.annotated & ~rival.boxes.generated).sum())
            shown[at] = replace(rival, boxes=one.boxes, annotated=True, told_at=time)
        if lost:
            dropped[BETWEEN] += lost
    return shown


def _nearest(times: npt.NDArray[np.int64], wanted: int) -> int:
    """The place of the time nearest to the one wanted, the later of two."""
    after = min(int(np.searchsorted(times, wanted)), len(times) - 1)
    before = max(after - 1, 0)
    return after if abs(times[after] - wanted) <= abs(wanted - times[before]) else before


@dataclass(frozen=True)
class _Regions:
    """Boxes that lie in their image, of all images in one piece: ``counts`` int64 (t,) tells how many each has.

    ``corners`` float32 (n, 4) ymin, xmin, ymax, xmax in [0, 1]; ``of`` has what ``FrameBoxes`` has of each.
    """

    counts: npt.NDArray[np.int64]
    corners: npt.NDArray[np.float32]
    of: Mapping[str, npt.NDArray[Any]]

    @classmethod
    def take(
        cls, images: Sequence[Shown], annotated: bool | None, sequence: PackedSequence, dropped: Counter[str]
    ) -> Self:
        """Those of the boxes that are ``annotated``, or not; all of them when it is None."""
        step = np.repeat(np.arange(len(images)), [len(image.boxes) for image in images])
        of = {name: np.concatenate([getattr(i.boxes, name) for i in images]) for name in _BOX_COLUMNS}
        wanted = np.ones(len(step), bool) if annotated is None else of["annotated"] == annotated
        left, top, box_width, box_height = of["boxes"].astype(np.float64).T
        corners = np.stack((top, left, top + box_height, left + box_width), axis=1)
        corners = np.clip(corners / (2 * (sequence.height, sequence.width)), 0.0, 1.0).astype(np.float32)
        finite = np.isfinite(of["boxes"]).all(axis=1)
        inside = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        for reason, lost in ((NOT_FINITE, ~finite), (NO_AREA, finite & ~inside)):
            if (lost & wanted).any():
                dropped[reason] += int((lost & wanted).sum())
        keep = wanted & finite & inside
        counts = np.bincount(step[keep], minlength=len(images))
        return cls(counts, corners[keep], {name: values[keep] for name, values in of.items()})


def _region_lists(
    images: Sequence[Shown], regions: _Regions, clip_id: str, class_names: Sequence[str]
) -> dict[str, Any]:
    """Regions by image. A track's string holds the clip, so that it names one object in the whole data set."""
    of, counts = regions.of, regions.counts.tolist()
    names = {i: class_name(class_names, i).encode() for i in np.unique(of["class_ids"]).tolist()}
    lists: dict[str, Any] = {
        "region/timestamp": one_each([image.timestamp for image in images]),
        "region/num_regions": one_each(counts),
        # The tracker saw every image: one without regions was looked at and held nothing.
        "region/is_annotated": one_each([1] * len(images)),
        "region/is_generated": Steps(of["generated"].astype(np.int64), counts),
        "region/label/index": Steps(of["class_ids"].astype(np.int64), counts),
        "region/label/string": Steps(tuple([names[i] for i in of["class_ids"].tolist()]), counts),
        "region/label/confidence": Steps(of["scores"].astype(np.float32), counts),
        "region/track/index": Steps(of["track_numbers"].astype(np.int64), counts),
        "region/track/string": Steps(tuple([f"{clip_id}/{n}".encode() for n in of["track_numbers"].tolist()]), counts),
    }
    for column, side in enumerate(("ymin", "xmin", "ymax", "xmax")):
        lists[f"region/bbox/{side}"] = Steps(regions.corners[:, column], counts)
    return lists
