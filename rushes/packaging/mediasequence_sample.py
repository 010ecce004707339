"""What MediaSequence's readers make of an example for training: images, one-hot labels, matrices of segments.

Here: numpy versions of what MediaPipe's example readers yield: ``id``, ``images`` and ``labels`` as its demo data set
has them, segments and their targets as Charades has them. Class 0 of a target is the background, class i of the labels
its column i + 1. Two things differ: a class that two segments have at once is 1 and not 2, and an example without
segments is all background and not NaN. Not here: reading (``mediasequence_reader``), batches (``rushes.training``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushes.packaging.mediasequence_example import Example, Floats, Ints, Segments
from rushes.packaging.packed import PackagingError

_MICROSECONDS = 1_000_000


def sample(example: Example, classes: int, prefix: str = "") -> dict[str, Any]:
    """An example's values for a training set of ``classes`` classes, with the images under ``prefix``.

    ``id`` str; ``images`` uint8 (t, h, w, c); ``timestamps`` int64 (t,) microseconds; ``sampling_rate`` float, images a
    second, NaN where none was written; ``labels`` float32 (labels, classes), one-hot; of n segments ``segment_matrix``
    float32 (t, n), ``indicator_matrix`` float32 (t, 1) of ones, ``classification_target`` float32 (t, classes + 1),
    ``gt_segment_seconds`` float32 (n, 2), ``gt_segment_classes`` int64 (n,) from 1; ``num_timesteps``, ``num_segments``
    int. Raises PackagingError for a label that is not below ``classes``, and for what the example itself refuses.
    """
    images = example.images(prefix)
    segments = example.segments(images=prefix)
    matrix = segment_matrix(segments.start, segments.end, len(images))
    labels = segments.labels.indices
    if len(labels) != len(segments):
        raise PackagingError(f"example {example.id!r} has segments without a label's index: write it anew")
    rates = np.asarray(example.context.get(f"{prefix}/image/frame_rate" if prefix else "image/frame_rate", ()), float)
    return {
        "id": example.id,
        "images": images,
        "timestamps": example.timestamps(prefix),
        "sampling_rate": float(rates[0]) if len(rates) else float("nan"),
        "labels": one_hot(example.clip_labels().indices, classes),
        "segment_matrix": matrix,
        "indicator_matrix": np.ones((len(images), 1), np.float32),
        "classification_target": classification_target(matrix, labels, classes),
        "gt_segment_seconds": _seconds(segments),
        "gt_segment_classes": labels + 1,
        "num_timesteps": len(images),
        "num_segments": len(segments),
    }


def one_hot(indices: Ints, classes: int) -> Floats:
    """float32 (n, classes), a row an index. Raises PackagingError for an index that is no class."""
    wrong = indices[(indices < 0) | (indices >= classes)]
    if len(wrong):
        raise PackagingError(f"a label has the index {wrong[0]}, but there are {classes} classes: give their number")
    return np.eye(classes, dtype=np.float32)[indices]


def segment_matrix(start: Ints, end: Ints, steps: int) -> Floats:
    """float32 (steps, n): 1 from each segment's start to its end, both included."""
    step = np.arange(steps)[:, None]
    return ((step >= start) & (step <= end)).astype(np.float32)


def classification_target(matrix: Floats, labels: Ints, classes: int) -> Floats:
    """float32 (steps, classes + 1): 1 for each class that a segment has at a step, of the first where none has any."""
    covered = (matrix @ one_hot(labels, classes)) > 0
    background = ~covered.any(axis=1, keepdims=True)
    return np.concatenate([background, covered], axis=1).astype(np.float32)


def _seconds(segments: Segments) -> Floats:
    times = np.stack([segments.start_times, segments.end_times], axis=1)
    return (times / _MICROSECONDS).astype(np.float32).reshape(-1, 2)
