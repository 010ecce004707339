"""MediaSequence by MediaPipe's own code and TensorFlow's: run in the environment that ``environment.py`` makes.

    mediapipe_worker.py write FILE              two made-up examples, by media_sequence.py's setters
    mediapipe_worker.py read FILES CLASSES OUT  what its readers yield of each example, as OUT (npz); FILES may have *

Also how ``tests/packaging/golden/mediapipe-00000-of-00001`` was made.
"""

import sys
from typing import Any

import numpy as np
import tensorflow as tf
from mediapipe.util.sequence import media_sequence as ms

BACKGROUND = 1


def picture(number: int, step: int, size: tuple[int, int] = (12, 16)) -> np.ndarray:
    """Smooth slopes that JPEG keeps: uint8 (h, w, 3)."""
    down, right = np.mgrid[: size[0], : size[1]]
    planes = 40 + 60 * number + 10 * step + 0 * down, 90 + 4 * down, 30 + 5 * right
    return np.stack(planes, axis=2).astype(np.uint8)


def jpeg(number: int, step: int) -> bytes:
    return bytes(tf.io.encode_jpeg(picture(number, step), quality=95, optimize_size=True).numpy())


def write(path: str) -> None:
    with tf.io.TFRecordWriter(path) as writer:
        for number in range(2):
            writer.write(made(number).SerializeToString())


def made(number: int) -> tf.train.SequenceExample:
    """Images at two rates, labels, overlapping segments, true and predicted boxes, and vectors."""
    example = tf.train.SequenceExample()
    ms.set_example_id(f"clip.mp4_{number}".encode(), example)
    ms.set_clip_data_path(b"/videos/clip.mp4", example)
    ms.set_clip_start_timestamp(0, example)
    ms.set_clip_end_timestamp(10_000_000, example)
    ms.set_clip_label_index((number,), example)
    ms.set_clip_label_string(((b"nebula", b"galaxy")[number],), example)
    ms.set_segment_start_timestamp((0, 1_000_000), example)
    ms.set_segment_end_timestamp((1_000_000, 1_900_000), example)
    ms.set_segment_start_index((0, 1), example)
    ms.set_segment_end_index((1, 2), example)
    ms.set_segment_label_index((number, 2), example)
    ms.set_segment_label_string((b"pan", b"zoom"), example)
    ms.set_image_format(b"JPEG", example)
    ms.set_image_frame_rate(1.0, example)
    for step in range(4 - number):
        ms.add_image_encoded(jpeg(number, step), example)
        ms.add_image_timestamp(1_000_000 * step, example)
        boxes = np.array([[0.1, 0.2, 0.5, 0.75], [0, 0, 1, 1]], np.float32)[: step % 3]
        ms.add_bbox(boxes, example)
        ms.add_bbox_timestamp(1_000_000 * step, example)
        ms.add_bbox_track_index(tuple(range(len(boxes))), example)
        ms.add_bbox_label_string([b"star"] * len(boxes), example)
        ms.add_bbox(boxes + np.float32(0.125), example, prefix="PREDICTED")
    ms.set_image_frame_rate(2.0, example, prefix="FPS2")
    for step in range(5):
        ms.add_image_encoded(jpeg(number, step), example, prefix="FPS2")
        ms.add_image_timestamp(500_000 * step, example, prefix="FPS2")
        ms.add_feature_floats(np.linspace(number, step, 6, dtype=np.float32), example, prefix="NET")
        ms.add_feature_timestamp(500_000 * step, example, prefix="NET")
    return example


def read(path: str, classes: int, out: str) -> None:
    found: dict[str, Any] = {}
    for number, record in enumerate(tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(path)))):
        for name, value in yielded(record, classes).items():
            found[f"{number}/{name}"] = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
    np.savez(out, **found)


def yielded(record: Any, classes: int) -> dict[str, Any]:
    """What the readers of the demo and of the Charades data set make of an example, by the module's default parsers."""
    of_context = ["example_id", "clip_label_index", "segment_start_index", "segment_end_index", "segment_label_index"]
    of_context += ["segment_start_timestamp", "segment_end_timestamp", "image_frame_rate"]
    of_lists = ["image_encoded", "image_timestamp"]
    context, lists = tf.io.parse_single_sequence_example(record, parsers(of_context), parsers(of_lists))

    def dense(name: str) -> Any:
        return tf.sparse.to_dense(context[key(name)])

    images = tf.map_fn(tf.image.decode_jpeg, lists[key("image_encoded")], fn_output_signature=tf.uint8)
    start, end, labels = dense("segment_start_index"), dense("segment_end_index"), dense("segment_label_index")
    step = tf.range(len(images), dtype=tf.int64)[:, None]
    matrix = tf.cast((step >= start) & (step <= end), tf.float32)
    hot = tf.one_hot(labels + BACKGROUND, classes + BACKGROUND)
    seconds = tf.stack([dense("segment_start_timestamp"), dense("segment_end_timestamp")], 1)
    return (
        {
            "id": context[key("example_id")],
            "images": images,
            "timestamps": lists[key("image_timestamp")],
            "sampling_rate": context[key("image_frame_rate")],
            "labels": tf.one_hot(dense("clip_label_index"), classes),
            "segment_matrix": matrix,
            "of_segments": matrix @ hot,  # the target's columns but for the background's
            "gt_segment_seconds": tf.cast(seconds, tf.float32) / 1e6,
            "gt_segment_classes": labels + BACKGROUND,
        }
        | boxes(record.numpy())
        | beside(record.numpy())
    )


def boxes(data: bytes) -> dict[str, Any]:
    """All boxes, true and predicted, one below the other, and how many each step has; by the module's getters."""
    example = tf.train.SequenceExample.FromString(data)
    found: dict[str, Any] = {}
    for prefix in ("", "PREDICTED"):
        count = ms.get_bbox_size(example, prefix=prefix)
        steps = [np.reshape(ms.get_bbox_at(i, example, prefix=prefix), (-1, 4)) for i in range(count)]
        found[f"boxes{prefix}"] = np.concatenate(steps) if steps else np.empty((0, 4), np.float32)
        found[f"counts{prefix}"] = [len(step) for step in steps]
    return found


def beside(data: bytes) -> dict[str, Any]:
    """The images and vectors that the tests put under prefixes, where there are any, by the module's getters."""
    example = tf.train.SequenceExample.FromString(data)
    images, steps = ms.get_image_encoded_size(example, prefix="FPS10"), "EMBEDDING_FRAMES"
    encoded = b"".join(ms.get_image_encoded_at(i, example, prefix="FPS10") for i in range(images))
    vectors = ms.get_feature_floats_size(example, prefix=steps)
    return {
        "imagesFPS10": np.frombuffer(encoded, np.uint8),
        "timestampsFPS10": [ms.get_image_timestamp_at(i, example, prefix="FPS10") for i in range(images)],
        "vectors": [ms.get_feature_floats_at(i, example, prefix=steps) for i in range(vectors)],
        "timestampsVectors": [ms.get_feature_timestamp_at(i, example, prefix=steps) for i in range(vectors)],
    }


def key(name: str) -> str:
    return str(getattr(ms, f"get_{name}_key")())


def parsers(names: list[str]) -> dict[str, Any]:
    return {key(name): getattr(ms, f"get_{name}_default_parser")() for name in names}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2])
    else:
        read(sys.argv[2], int(sys.argv[3]), sys.argv[4])
