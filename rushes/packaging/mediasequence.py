"""MediaSequence: TFRecord files of ``tf.train.SequenceExample``, one example a sequence.

Here: which key gets which value, after the key list and comments of MediaPipe's ``util/sequence``. Not here: how the
message and the record are encoded. Files: ``NAME_SPLIT_tfrecord-00000-of-00010``, ``labels.csv``, and where people
labelled stretches of time ``segment_labels.csv``; or those that MediaPipe's own readers look for (``DEMO``,
``CHARADES``).

Times are int64 microseconds in the source video, boxes normalised to [0, 1]. Boxes that come from a model stand under
``PREDICTED/``; un-prefixed regions are ground truth: boxes of annotated tracks, where a sequence has any. Every image
has exactly one step of either, with the image's own timestamp: what MediaSequence calls reconciled. Images at other
rates stand under ``FPS10/`` and the like, vectors under the name of their model.
Dropped, and counted: images whose time is not after the one before (with their boxes), boxes that have no area in the
image or are not finite, boxes of people that lie between images; for MediaPipe's readers also labels beyond the classes
that they know, and examples that are left without a label.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.packaging.mediasequence_labels import Segment, labels, longest, objects, segments
from rushes.packaging.mediasequence_regions import Shown, regions
from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary, members
from rushes.packaging.packed_beside import ImagesAtRate, seconds_to_us
from rushes.packaging.sequence_example import Context, Feature, Lists, build, one_each, real, text, whole
from rushes.packaging.tfrecord import write_record

LABELS_PATH = "labels.csv"
SEGMENT_LABELS_PATH = "segment_labels.csv"

TIME_REPEATED = "image_time_repeated"
BOX_OF_DROPPED_IMAGE = "box_of_dropped_image"
LABEL_UNKNOWN = "label_unknown_to_reader"
UNLABELLED = "example_without_label"


@dataclass(frozen=True)
class Layout:
    """How the files are called, and what is known of those who look for such files.

    ``classes``: how many they know, for they take no others; None: whoever reads it knows nothing of that, so that
    anything goes. ``one_label``: they take an example for one of one label.
    """

    files: str
    classes: int | None = None
    one_label: bool = False

    def shard_files(
        self, sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]
    ) -> Iterator[File]:
        """One TFRecord file; its rows are its examples. It carries the labels that people gave, by their numbers."""
        dropped: Counter[str] = Counter()
        data = io.BytesIO()
        count, told = 0, dict[str, str]()
        for sequence in members(sequences, shard):
            images = _images(sequence, dropped)
            found = self._segments(images, sequence, class_names, dropped)
            if self.classes is not None and not found:
                dropped[UNLABELLED] += 1
                continue
            write_record(data, _example(sequence, images, found, shard.name, class_names, dropped))
            count += 1
            if sequence.beside.spans is not None:
                told |= {str(segment.index): segment.name for segment in found}
        path = f"{self.files.format(name=shard.name, split=shard.split)}-{shard.part}"
        yield File(path, data.getvalue(), count, dict(dropped), told or None)

    def index_files(self, shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
        """The index and the string of every label. The shards themselves need no index."""
        yield _table(LABELS_PATH, enumerate(class_names))
        told = {int(index): name for shard in shards for one in shard.carried for index, name in one.items()}
        if told:
            yield _table(SEGMENT_LABELS_PATH, sorted(told.items()))

    def _segments(
        self, images: Sequence[Shown], sequence: PackedSequence, class_names: Sequence[str], dropped: Counter[str]
    ) -> list[Segment]:
        found = segments(images, sequence)
        if self.classes is None:
            return found
        if not found and sequence.beside.spans is None:
            found = objects(images, class_names)
        if self.one_label:
            found = longest(found)
        known = [segment for segment in found if segment.index < self.classes]
        if len(known) < len(found):
            dropped[LABEL_UNKNOWN] += len(found) - len(known)
        return known


PLAIN = Layout("{name}_{split}_tfrecord")
DEMO = Layout("demo_space_dataset_{split}_tfrecord", 2, one_label=True)
CHARADES = Layout("charades_v1_{split}_records", 157)


def feature_prefix(model: str) -> str:
    """A model's name as MediaSequence wants a prefix: capitals, digits and underscores."""
    return re.sub(r"[^A-Z0-9]+", "_", model.upper()).strip("_") or "EMBEDDING"


def rate_prefix(fps: float) -> str:
    """``FPS10``, ``FPS29_97``: what images of a rate stand under."""
    return f"FPS{fps:.6f}".rstrip("0").rstrip(".").replace(".", "_")


def _table(path: str, rows: Iterable[tuple[int, str]]) -> File:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("index", "string"))
    listed = list(rows)
    writer.writerows(listed)
    return File(path, written.getvalue().encode(), len(listed))


def _images(sequence: PackedSequence, dropped: Counter[str]) -> list[Shown]:
    """The images whose times increase: readers may count on strictly increasing timestamps."""
    images: list[Shown] = []
    of_images = zip(sequence.times_s.tolist(), sequence.jpegs, sequence.boxes, sequence.annotated, strict=True)
    for time, jpeg, boxes, annotated in of_images:
        timestamp = seconds_to_us(time)
        if images and timestamp <= images[-1].timestamp:
            dropped[TIME_REPEATED] += 1
            if len(boxes):
                dropped[BOX_OF_DROPPED_IMAGE] += len(boxes)
        else:
            images.append(Shown(timestamp, jpeg, boxes, bool(annotated), timestamp))
    return images


def _example(
    sequence: PackedSequence,
    images: Sequence[Shown],
    found: Sequence[Segment],
    name: str,
    class_names: Sequence[str],
    dropped: Counter[str],
) -> bytes:
    own = ImagesAtRate(
        _frame_rate(images, sequence),
        np.array([image.timestamp for image in images], np.int64),
        tuple(image.jpeg for image in images),
    )
    streams = {"": own} | {f"{rate_prefix(rate.fps)}/": rate for rate in sequence.beside.rates}
    vectors = dict(_vectors(sequence))
    context: dict[str, Feature] = {**_example_and_clip(sequence, name), **labels(images, sequence, found)}
    lists: dict[str, Any] = {**regions(images, sequence, class_names, dropped)}
    for prefix, stream in streams.items():
        context |= {f"{prefix}{key}": value for key, value in _image_context(stream, sequence).items()}
        lists |= {f"{prefix}{key}": value for key, value in _image_lists(stream).items()}
    for prefix, steps in vectors.items():
        context[f"{prefix}/feature/dimensions"] = whole(len(steps["feature/floats"][0]))
        lists |= {f"{prefix}/{key}": value for key, value in steps.items()}
    return build(context, lists)


def _frame_rate(images: Sequence[Shown], sequence: PackedSequence) -> float:
    """One over the time between the first two images, as MediaSequence has it; the nominal rate of a single one."""
    return 1e6 / (images[1].timestamp - images[0].timestamp) if len(images) > 1 else sequence.frame_rate


def _example_and_clip(sequence: PackedSequence, name: str) -> Context:
    return {
        "example/id": text(sequence.sequence_id),
        "example/dataset_name": text(name),
        "example/dataset/flag/string": text(sequence.split),
        "clip/data_path": text(sequence.source_uri),
        "clip/media_id": text(sequence.media_id),
        "clip/alternative_media_id": text(sequence.video_id),
        "clip/start/timestamp": whole(seconds_to_us(sequence.start_s)),
        "clip/end/timestamp": whole(seconds_to_us(sequence.end_s)),
    }


def _image_context(stream: ImagesAtRate, sequence: PackedSequence) -> Context:
    return {
        "image/format": text("JPEG"),
        "image/channels": whole(3),
        "image/height": whole(sequence.height),
        "image/width": whole(sequence.width),
        "image/frame_rate": real(stream.fps),
    }


def _image_lists(stream: ImagesAtRate) -> Lists:
    return {
        "image/encoded": [text(jpeg) for jpeg in stream.jpegs],
        "image/timestamp": one_each(stream.times_us),
    }


def _vectors(sequence: PackedSequence) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Vectors by prefix: the sequence's, a step that lasts as long as it does, and those stored along it."""
    prefix = feature_prefix(sequence.embedding_model)
    if sequence.embedding is not None:
        start = seconds_to_us(sequence.start_s)
        yield (
            prefix,
            {
                "feature/floats": [sequence.embedding.astype(np.float32)],
                "feature/timestamp": [whole(start)],
                "feature/duration": [whole(seconds_to_us(sequence.end_s) - start)],
            },
        )
    if (along := sequence.beside.vectors) is not None:
        times = np.array([seconds_to_us(time) for time in along.times_s.tolist()], np.int64)
        later = np.concatenate([[True], times[1:] > np.maximum.accumulate(times)[:-1]])
        yield (
            f"{prefix}_FRAMES",
            {"feature/floats": list(along.vectors[later]), "feature/timestamp": one_each(times[later])},
        )
