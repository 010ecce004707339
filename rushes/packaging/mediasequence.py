"""MediaSequence: TFRecord files of ``tf.train.SequenceExample``, one example a sequence.

Here: which key gets which value, after the key list and comments of MediaPipe's ``util/sequence``. Not here: how the
message and the record are encoded. Files: ``NAME_SPLIT_tfrecord-00000-of-00010`` and ``labels.csv``.

Times are int64 microseconds in the source video, boxes normalised to [0, 1]. Boxes that come from a model stand under
``PREDICTED/``; un-prefixed regions are ground truth: boxes of annotated tracks, where a sequence has any. Every image
has exactly one step of either, with the image's own timestamp: what MediaSequence calls reconciled.
Dropped, and counted: images whose time is not after the one before (with their boxes), and boxes that have no area in
the image or are not finite.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rushes.packaging.packed import File, FrameBoxes, PackedSequence, Shard, ShardSummary, class_name, members
from rushes.packaging.sequence_example import Feature, Steps, build
from rushes.packaging.tfrecord import write_record

FeatureList = Sequence[Feature] | Steps

LABELS_PATH = "labels.csv"

TIME_REPEATED = "image_time_repeated"
BOX_OF_DROPPED_IMAGE = "box_of_dropped_image"
NOT_FINITE = "box_not_finite"
NO_AREA = "box_without_area_in_image"

_BOX_COLUMNS = tuple(field.name for field in fields(FrameBoxes))


def shard_files(sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]) -> Iterator[File]:
    """One TFRecord file; its rows are its examples."""
    dropped: Counter[str] = Counter()
    data = io.BytesIO()
    count = 0
    for sequence in members(sequences, shard):
        write_record(data, _example(sequence, shard.name, class_names, dropped))
        count += 1
    yield File(f"{shard.name}_{shard.split}_tfrecord-{shard.part}", data.getvalue(), count, dict(dropped))


def index_files(shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
    """``labels.csv``: the index and the string of every label. The shards themselves need no index."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("index", "string"))
    writer.writerows(enumerate(class_names))
    yield File(LABELS_PATH, text.getvalue().encode(), len(class_names))


def feature_prefix(model: str) -> str:
    """A model's name as MediaSequence wants a prefix: capitals, digits and underscores."""
    return re.sub(r"[^A-Z0-9]+", "_", model.upper()).strip("_") or "EMBEDDING"


def microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


@dataclass(frozen=True)
class _Image:
    timestamp: int
    jpeg: bytes
    boxes: FrameBoxes
    annotated: bool


def _example(sequence: PackedSequence, name: str, class_names: Sequence[str], dropped: Counter[str]) -> bytes:
    images = _images(sequence, dropped)
    context = {
        **_example_and_clip(sequence, name),
        **_image_context(sequence),
        **_labels(sequence, images),
        **_embedding_context(sequence),
    }
    lists: dict[str, FeatureList] = {
        "image/encoded": [_bytes(image.jpeg) for image in images],
        "image/timestamp": _each([image.timestamp for image in images]),
        **_all_regions(images, sequence, class_names, dropped),
        **_embedding_lists(sequence),
    }
    return build(context, lists)


def _images(sequence: PackedSequence, dropped: Counter[str]) -> list[_Image]:
    """The images whose times increase: readers may count on strictly increasing timestamps."""
    images: list[_Image] = []
    of_images = zip(sequence.times_s.tolist(), sequence.jpegs, sequence.boxes, sequence.annotated, strict=True)
    for time, jpeg, boxes, annotated in of_images:
        timestamp = microseconds(time)
        if images and timestamp <= images[-1].timestamp:
            dropped[TIME_REPEATED] += 1
            if len(boxes):
                dropped[BOX_OF_DROPPED_IMAGE] += len(boxes)
        else:
            images.append(_Image(timestamp, jpeg, boxes, bool(annotated)))
    return images


def _example_and_clip(sequence: PackedSequence, name: str) -> Mapping[str, Feature]:
    return {
        "example/id": _bytes(sequence.sequence_id),
        "example/dataset_name": _bytes(name),
        "example/dataset/flag/string": _bytes(sequence.split),
        "clip/data_path": _bytes(sequence.source_uri),
        "clip/media_id": _bytes(sequence.media_id),
        "clip/alternative_media_id": _bytes(sequence.video_id),
        "clip/start/timestamp": _ints(microseconds(sequence.start_s)),
        "clip/end/timestamp": _ints(microseconds(sequence.end_s)),
    }


def _image_context(sequence: PackedSequence) -> Mapping[str, Feature]:
    return {
        "image/format": _bytes("JPEG"),
        "image/channels": _ints(3),
        "image/height": _ints(sequence.height),
        "image/width": _ints(sequence.width),
        "image/frame_rate": _floats(sequence.frame_rate),
    }


def _labels(sequence: PackedSequence, images: Sequence[_Image]) -> Mapping[str, Feature]:
    """The sequence's label, for the clip and for the one segment from the first image to the last, both included.

    Its confidence is the mean score of the sequence's boxes of that class; a label without a box has none.
    """
    if sequence.label is None:
        return {}
    index, string = sequence.label
    features: dict[str, Feature] = {
        "segment/start/timestamp": _ints(images[0].timestamp),
        "segment/start/index": _ints(0),
        "segment/end/timestamp": _ints(images[-1].timestamp),
        "segment/end/index": _ints(len(images) - 1),
    }
    of_class = np.concatenate([image.boxes.class_ids for image in images]) == index
    scores = np.concatenate([image.boxes.scores for image in images])[of_class]
    for kind in ("clip", "segment"):
        features[f"{kind}/label/index"] = _ints(index)
        features[f"{kind}/label/string"] = _bytes(string)
        if len(scores):
            features[f"{kind}/label/confidence"] = _floats(float(scores.mean(dtype=np.float64)))
    return features


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
        cls, images: Sequence[_Image], annotated: bool | None, sequence: PackedSequence, dropped: Counter[str]
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


def _all_regions(
    images: Sequence[_Image], sequence: PackedSequence, class_names: Sequence[str], dropped: Counter[str]
) -> Mapping[str, FeatureList]:
    """Ground truth where people told any, and a model's regions, unless all that is there was told by people."""
    told = any(image.annotated for image in images)
    found = not told or any((~image.boxes.annotated).any() for image in images)
    lists: dict[str, FeatureList] = {}
    if told:
        true = _Regions.take(images, True, sequence, dropped)
        own = _region_lists(images, true, sequence.clip_id, class_names)
        lists |= own | {"region/is_annotated": _each([image.annotated for image in images])}
    if found:
        rest = _Regions.take(images, False if told else None, sequence, dropped)
        own = _region_lists(images, rest, sequence.clip_id, class_names)
        lists |= {f"PREDICTED/{key}": steps for key, steps in own.items()}
    return lists


def _region_lists(
    images: Sequence[_Image], regions: _Regions, clip_id: str, class_names: Sequence[str]
) -> dict[str, FeatureList]:
    """Regions by image. A track's string holds the clip, so that it names one object in the whole data set."""
    of, counts = regions.of, regions.counts.tolist()
    names = {i: class_name(class_names, i).encode() for i in np.unique(of["class_ids"]).tolist()}
    lists: dict[str, FeatureList] = {
        "region/timestamp": _each([image.timestamp for image in images]),
        "region/num_regions": _each(counts),
        # The tracker saw every image: one without regions was looked at and held nothing.
        "region/is_annotated": _each([1] * len(images)),
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


def _embedding_context(sequence: PackedSequence) -> Mapping[str, Feature]:
    if sequence.embedding is None:
        return {}
    return {f"{feature_prefix(sequence.embedding_model)}/feature/dimensions": _ints(len(sequence.embedding))}


def _embedding_lists(sequence: PackedSequence) -> Mapping[str, list[Feature]]:
    """The sequence's vector as a feature of one step that begins with the sequence and lasts as long."""
    if sequence.embedding is None:
        return {}
    prefix = feature_prefix(sequence.embedding_model)
    start = microseconds(sequence.start_s)
    return {
        f"{prefix}/feature/floats": [sequence.embedding.astype(np.float32)],
        f"{prefix}/feature/timestamp": [_ints(start)],
        f"{prefix}/feature/duration": [_ints(microseconds(sequence.end_s) - start)],
    }


def _each(values: Sequence[int]) -> Steps:
    """One whole number a step."""
    return Steps(np.array(values, np.int64), [1] * len(values))


def _ints(value: int) -> Feature:
    return np.array([value], np.int64)


def _floats(value: float) -> Feature:
    return np.array([value], np.float32)


def _bytes(value: str | bytes) -> Feature:
    return (value.encode() if isinstance(value, str) else value,)
