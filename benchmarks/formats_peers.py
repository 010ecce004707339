"""SequenceExamples written by TensorFlow's own classes, for ``benchmarks/formats.py``; run where they are installed.

    python -P benchmarks/formats_peers.py WAY SEQUENCES OUT ROUNDS      prints the CPU seconds of the best round

``SEQUENCES`` is a pickle of dicts: what a sequence has, as plain values and arrays. ``WAY`` is ``setters``, MediaPipe's
``media_sequence_util`` as its data sets use it, or ``messages``, ``tf.train`` alone. Both end in
``tf.io.TFRecordWriter``.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def by_messages(context: Mapping[str, Any], lists: Mapping[str, Sequence[Any]]) -> bytes:
    """As TensorFlow's guide to TFRecord files has it."""
    return bytes(
        tf.train.SequenceExample(
            context=tf.train.Features(feature={key: feature(value) for key, value in context.items()}),
            feature_lists=tf.train.FeatureLists(
                feature_list={
                    key: tf.train.FeatureList(feature=[feature(step) for step in steps]) for key, steps in lists.items()
                }
            ),
        ).SerializeToString()
    )


def feature(value: Any) -> Any:
    if isinstance(value, tuple):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
    if value.dtype.kind == "f":
        return tf.train.Feature(float_list=tf.train.FloatList(value=value))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=value))


def by_setters(context: Mapping[str, Any], lists: Mapping[str, Sequence[Any]]) -> bytes:
    """As MediaPipe's scripts fill an example, value by value."""
    from mediapipe.util.sequence import media_sequence_util as util

    example = tf.train.SequenceExample()
    for key, value in context.items():
        if isinstance(value, tuple):
            util.set_context_bytes_list(key, value, example)
        elif value.dtype.kind == "f":
            util.set_context_float_list(key, value, example)
        else:
            util.set_context_int_list(key, value, example)
    for key, steps in lists.items():
        for step in steps:
            if isinstance(step, tuple):
                util.add_bytes_list(key, step, example)
            elif step.dtype.kind == "f":
                util.add_float_list(key, step, example)
            else:
                util.add_int_list(key, step, example)
    return bytes(example.SerializeToString())


def features(sequence: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """What MediaSequence has of a sequence, by key."""
    times = [round(1e6 * time) for time in sequence["times_s"]]
    index, string = sequence["label"]
    label = {"index": ints(index), "string": texts(string), "confidence": floats(sequence["scores"][0][0])}
    context = {
        "example/id": texts(sequence["sequence_id"]),
        "example/dataset_name": texts(sequence["name"]),
        "example/dataset/flag/string": texts(sequence["split"]),
        "clip/data_path": texts(sequence["source_uri"]),
        "clip/media_id": texts(sequence["media_id"]),
        "clip/alternative_media_id": texts(sequence["video_id"]),
        "clip/start/timestamp": ints(round(1e6 * sequence["start_s"])),
        "clip/end/timestamp": ints(round(1e6 * sequence["end_s"])),
        "image/format": texts("JPEG"),
        "image/channels": ints(3),
        "image/height": ints(sequence["height"]),
        "image/width": ints(sequence["width"]),
        "image/frame_rate": floats(sequence["frame_rate"]),
        "segment/start/timestamp": ints(times[0]),
        "segment/start/index": ints(0),
        "segment/end/timestamp": ints(times[-1]),
        "segment/end/index": ints(len(times) - 1),
        **{f"{kind}/label/{key}": value for kind in ("clip", "segment") for key, value in label.items()},
    }
    lists: dict[str, list[Any]] = {"image/encoded": [], "image/timestamp": []}
    for step, time_us in enumerate(times):
        lists["image/encoded"].append((sequence["jpegs"][step],))
        lists["image/timestamp"].append(ints(time_us))
        for key, value in regions(sequence, step).items():
            lists.setdefault(f"PREDICTED/region/{key}", []).append(value)
        lists.setdefault("PREDICTED/region/timestamp", []).append(ints(time_us))
    return context, lists


def regions(sequence: Mapping[str, Any], step: int) -> dict[str, Any]:
    """The boxes of a step, all of which lie in the image."""
    left, top, width, height = sequence["boxes"][step].astype(np.float64).T
    numbers, classes = sequence["track_numbers"][step], sequence["class_ids"][step]
    of_width, of_height = sequence["width"], sequence["height"]
    return {
        "num_regions": ints(len(left)),
        "is_annotated": ints(1),
        "is_generated": ints(*sequence["generated"][step]),
        "label/index": ints(*classes),
        "label/string": texts(*(sequence["class_names"][i] for i in classes)),
        "label/confidence": floats(*sequence["scores"][step]),
        "track/index": ints(*numbers),
        "track/string": texts(*(f"{sequence['clip_id']}/{number}" for number in numbers)),
        "bbox/ymin": np.clip(top / of_height, 0, 1).astype(np.float32),
        "bbox/xmin": np.clip(left / of_width, 0, 1).astype(np.float32),
        "bbox/ymax": np.clip((top + height) / of_height, 0, 1).astype(np.float32),
        "bbox/xmax": np.clip((left + width) / of_width, 0, 1).astype(np.float32),
    }


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def floats(*values: float) -> Any:
    return np.array(values, np.float32)


def texts(*values: str) -> tuple[bytes, ...]:
    return tuple(value.encode() for value in values)


def main(way: str, sequences: str, out: str, rounds: str) -> None:
    given = pickle.loads(Path(sequences).read_bytes())
    build = {"messages": by_messages, "setters": by_setters}[way]
    taken = []
    for _ in range(int(rounds)):
        begin = time.process_time()
        with tf.io.TFRecordWriter(out) as writer:
            for sequence in given:
                writer.write(build(*features(sequence)))
        taken.append(time.process_time() - begin)
    print(min(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
