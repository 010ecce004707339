"""MediaSequence's labels of clips and segments: what people said happens, or else what object a sequence follows.

Formats whose readers can do nothing with an example without labels have the objects in it instead, each for the time
that it is there. Here: which of these, and the spans in times and in images, both ends included. Not here: labels of
boxes (``mediasequence_regions``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.packaging.mediasequence_regions import Shown
from rushes.packaging.packed import PackedSequence, class_name
from rushes.packaging.packed_beside import seconds_to_us
from rushes.packaging.sequence_example import Context, Feature, real, text, whole

# What a sequence follows stands here where people gave labels: the two number their classes each in a way of its own.
TRACK = "TRACK"

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """A labelled span; its times in microseconds, its confidence where there is one."""

    start: int
    end: int
    index: int
    name: str
    confidence: float | None


def segments(images: Sequence[Shown], sequence: PackedSequence) -> list[Segment]:
    """The segments of an example: labels of people, no more of each than the example shows; else one of its track.

    The confidence of a track's label is the mean score of the boxes of its class, none where there is no such box.
    """
    if sequence.beside.spans is None:
        return [] if sequence.label is None else [_of_track(images, *sequence.label)]
    start, end = images[0].timestamp, seconds_to_us(sequence.end_s)

    def within(seconds: float) -> int:
        return min(max(start, seconds_to_us(seconds)), end)

    return [
        Segment(within(span.start_s), within(span.end_s), span.index, span.name, span.score)
        for span in sequence.beside.spans
    ]


def objects(images: Sequence[Shown], class_names: Sequence[str]) -> list[Segment]:
    """A segment for each track with a box in any image, from the first of these to the last; in order of time.

    Tracks that people gave, where there is any.
    """
    told = any(image.boxes.annotated.any() for image in images)
    seen: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for image in images:
        of = image.boxes.at(image.boxes.annotated) if told else image.boxes
        for track, class_id, score in zip(of.track_numbers.tolist(), of.class_ids.tolist(), of.scores, strict=True):
            seen.setdefault((track, class_id), []).append((image.timestamp, float(score)))
    return [
        Segment(at[0][0], at[-1][0], class_id, class_name(class_names, class_id), sum(s for _, s in at) / len(at))
        for (_, class_id), at in sorted(seen.items(), key=lambda item: (item[1][0][0], item[0]))
    ]


def longest(found: Sequence[Segment]) -> list[Segment]:
    """Those of the label that lasts longest, all its segments together; of several labels the first by number."""
    lasts = Counter[tuple[int, str]]()
    for segment in found:
        lasts[segment.index, segment.name] += segment.end - segment.start
    best = min(lasts, key=lambda label: (-lasts[label], label), default=None)
    return [segment for segment in found if (segment.index, segment.name) == best]


def labels(images: Sequence[Shown], sequence: PackedSequence, found: Sequence[Segment]) -> Context:
    """The features of these segments, and of the clip, which has each of their labels once."""
    surest_last = sorted(found, key=lambda s: -1.0 if s.confidence is None else s.confidence)
    by_label = {(s.index, s.name): s for s in surest_last}
    once = [by_label[key] for key in sorted(by_label)]
    features: dict[str, Feature] = {**_label_features("clip", once), **_label_features("segment", found)}
    if found:
        times = np.array([image.timestamp for image in images], np.int64)
        for side, at in (("start", [s.start for s in found]), ("end", [s.end for s in found])):
            features[f"segment/{side}/timestamp"] = whole(*at)
            features[f"segment/{side}/index"] = nearest_images(times, np.array(at, np.int64))
    if sequence.beside.spans is not None and sequence.label is not None:
        track = _of_track(images, *sequence.label)
        features |= {f"{TRACK}/{key}": value for key, value in _label_features("clip", [track]).items()}
    return features


def _of_track(images: Sequence[Shown], index: int, name: str) -> Segment:
    of_class = np.concatenate([image.boxes.class_ids for image in images]) == index
    scores = np.concatenate([image.boxes.scores for image in images])[of_class]
    confidence = float(scores.mean(dtype=np.float64)) if len(scores) else None
    return Segment(images[0].timestamp, images[-1].timestamp, index, name, confidence)


def _label_features(kind: str, found: Sequence[Segment]) -> dict[str, Feature]:
    """Parallel lists; without confidences unless each has one."""
    if not found:
        return {}
    features = {
        f"{kind}/label/index": whole(*(s.index for s in found)),
        f"{kind}/label/string": text(*(s.name for s in found)),
    }
    confidences = [s.confidence for s in found if s.confidence is not None]
    if len(confidences) == len(found):
        features[f"{kind}/label/confidence"] = real(*confidences)
    return features


def nearest_images(times: _Ints, wanted: _Ints) -> _Ints:
    """The image, by its place in ``times``, that is nearest to each time wanted, the earlier of two; int64 (n,)."""
    return np.abs(times[None, :] - wanted[:, None]).argmin(axis=1).astype(np.int64)
