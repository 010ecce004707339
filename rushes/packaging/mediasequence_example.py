"""One example of MediaSequence, read back into numpy: whoever wrote it, and whatever else it has.

Here: a SequenceExample's values by MediaSequence's keys, after the key list and comments of MediaPipe's
``util/sequence``. Not here: files of examples (``mediasequence_reader``), the matrices that training wants
(``mediasequence_sample``). Times are int64 microseconds in the source video. Every group of keys may stand under
prefixes, ``FPS10/image/encoded`` beside ``image/encoded``; "" is the group without one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from rushes.packaging.mediasequence_labels import nearest_images
from rushes.packaging.packed import PackagingError
from rushes.packaging.sequence_example import Feature, parse
from rushes.video.no_picture import NO_PICTURE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_PREFIX = re.compile(r"[A-Z0-9_]+")
_JPEG = b"\xff\xd8"


@dataclass(frozen=True)
class Labels:
    """Categories of a clip or of segments: parallel, but that any of the three may be left out and empty."""

    indices: Ints
    strings: tuple[str, ...]
    confidences: Floats


@dataclass(frozen=True)
class Segments:
    """Labelled spans of a clip; parallel arrays (n,).

    ``start_times`` and ``end_times`` in microseconds; ``start`` and ``end`` are the first and the last image of each,
    both included, and empty when there are no images.
    """

    start_times: Ints
    end_times: Ints
    start: Ints
    end: Ints
    labels: Labels

    def __len__(self) -> int:
        return max(len(self.start_times), len(self.start))


@dataclass(frozen=True)
class Regions:
    """Boxes by step, and all else that was written of them.

    ``timestamps`` int64 (n,), one a step, of a reconciled example those of the images; ``corners`` a float32 (k, 4) a
    step, ymin, xmin, ymax, xmax in [0, 1]; ``values`` the features of each step by what their keys have behind
    ``region/``: ``values["track/index"][step]``.
    """

    timestamps: Ints
    corners: tuple[Floats, ...]
    values: Mapping[str, Sequence[Feature]]

    def __len__(self) -> int:
        return len(self.corners)


@dataclass(frozen=True)
class Example:
    """The features of an example: ``context`` has those of the whole by key, ``lists`` those of steps."""

    context: Mapping[str, Feature]
    lists: Mapping[str, Sequence[Feature]]

    @classmethod
    def of(cls, record: bytes) -> Self:
        """Parse a serialised example. Raises PackagingError when it is none."""
        return cls(*parse(record))

    @cached_property
    def id(self) -> str:
        """``example/id``, "" where there is none."""
        return next(iter(_texts("example/id", self.context.get("example/id", ()))), "")

    @property
    def prefixes(self) -> tuple[str, ...]:
        """All prefixes that any key stands under, sorted; "" is among them where keys have none."""
        firsts = {key.partition("/")[0] for key in (*self.context, *self.lists)}
        return tuple(sorted({first if _PREFIX.fullmatch(first) else "" for first in firsts}))

    def encoded(self, prefix: str = "") -> list[bytes]:
        """The images as they were written. Raises PackagingError when there are none under this prefix."""
        key = _key(prefix, "image/encoded")
        if key not in self.lists:
            having = [p for p in self.prefixes if _key(p, "image/encoded") in self.lists]
            raise PackagingError(f"example {self.id!r} has no {key}: it has images under the prefixes {having}")
        return [_one_of_bytes(key, step) for step in self.lists[key]]

    def images(self, prefix: str = "") -> npt.NDArray[np.uint8]:
        """The images decoded, uint8 (t, h, w, c), c as they have it: 3, RGB, of colour, 1 of grey.

        Raises PackagingError when there are none, when one cannot be decoded, or when they differ in size.
        """
        decoded = [self._decoded(data, step) for step, data in enumerate(self.encoded(prefix))]
        shapes = sorted({image.shape for image in decoded})
        if len(shapes) > 1:
            raise PackagingError(f"example {self.id!r} has images of the shapes {shapes}: read them one by one")
        return np.stack(decoded) if decoded else np.empty((0, 0, 0, 3), np.uint8)

    def timestamps(self, prefix: str = "", group: str = "image") -> Ints:
        """When each step of a group (``image``, ``region``, ``feature``) is, int64 (t,) microseconds."""
        return self._steps(_key(prefix, f"{group}/timestamp"))

    def clip_labels(self, prefix: str = "") -> Labels:
        """The labels of the whole clip."""
        return self._labels(_key(prefix, "clip/label"))

    def segments(self, prefix: str = "", images: str = "") -> Segments:
        """The labelled segments, by the places of the images under the prefix ``images``.

        The indices that were written count un-prefixed images; for others, and where none were written, each side is
        the nearest image, the earlier of two. Raises PackagingError when starts, ends and labels differ in number.
        """
        times = self.timestamps(images)
        (start_times, start), (end_times, end) = (
            self._ends(_key(prefix, f"segment/{side}"), times, counted=not images) for side in ("start", "end")
        )
        segments = Segments(start_times, end_times, start, end, self._labels(_key(prefix, "segment/label")))
        parts = (start_times, end_times, start, end, *vars(segments.labels).values())
        if len(counts := {len(values) for values in parts if len(values)}) > 1:
            raise PackagingError(f"example {self.id!r} has segments whose parts number {sorted(counts)}: write it anew")
        return segments

    def regions(self, prefix: str = "") -> Regions:
        """The boxes of all steps; of no step when there are none under this prefix.

        Raises PackagingError when the sides of boxes differ in number.
        """
        head = _key(prefix, "region/")
        values = {key.removeprefix(head): steps for key, steps in self.lists.items() if key.startswith(head)}
        sides = [[_floats(s) for s in values.get(f"bbox/{side}", ())] for side in ("ymin", "xmin", "ymax", "xmax")]
        try:
            corners = tuple(np.stack(step, axis=1) for step in zip(*sides, strict=True))
        except ValueError:
            raise PackagingError(f"example {self.id!r} has {head}bbox sides that differ in number") from None
        return Regions(self.timestamps(prefix, "region"), corners, values)

    def features(self, prefix: str) -> Floats:
        """The vectors under a prefix, ``PREFIX/feature/floats``, float32 (t, d): embeddings at their own rate.

        Raises PackagingError when there are none, or when they differ in length.
        """
        key = _key(prefix, "feature/floats")
        steps = [_floats(step) for step in self.lists.get(key, ())]
        if len({len(step) for step in steps}) != 1:
            raise PackagingError(f"example {self.id!r} has no {key}, or of several lengths: it has {self.prefixes}")
        return np.stack(steps)

    def _decoded(self, data: bytes, step: int) -> npt.NDArray[np.uint8]:
        try:
            return _decode(data)
        except NO_PICTURE as error:
            raise PackagingError(f"example {self.id!r}: image {step} cannot be decoded: {error}") from error

    def _ends(self, key: str, images: Ints, *, counted: bool) -> tuple[Ints, Ints]:
        """The times and the images at which segments start or end; ``counted``: written indices are of these images."""
        times, at = self._ints(f"{key}/timestamp"), self._ints(f"{key}/index")
        if len(times) and len(images) and not (counted and len(at)):
            at = nearest_images(images, times)
        elif counted and len(at) and not len(times) and at.min() >= 0 and at.max() < len(images):
            times = images[at]
        return times, at

    def _labels(self, key: str) -> Labels:
        strings = _texts(f"{key}/string", self.context.get(f"{key}/string", ()))
        return Labels(self._ints(f"{key}/index"), strings, _floats(self.context.get(f"{key}/confidence", ())))

    def _ints(self, key: str) -> Ints:
        return _as_ints(key, self.context.get(key, ()))

    def _steps(self, key: str) -> Ints:
        """The first value of each step."""
        steps = [_as_ints(key, step) for step in self.lists.get(key, ())]
        if any(len(step) == 0 for step in steps):
            raise PackagingError(f"example {self.id!r} has steps of {key} without a value: write it anew")
        return np.array([step[0] for step in steps], np.int64)


def _key(prefix: str, key: str) -> str:
    return f"{prefix}/{key}" if prefix else key


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    """uint8 (h, w, c). JPEG in colour by the quick decoder, whatever else by Pillow."""
    if data.startswith(_JPEG) and simplejpeg.decode_jpeg_header(data)[2] == "YCbCr":
        picture: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB")
        return picture
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"), np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def _as_ints(key: str, feature: Feature) -> Ints:
    if isinstance(feature, tuple) and not feature:
        return np.empty(0, np.int64)
    if isinstance(feature, tuple) or feature.dtype.kind == "f":
        raise PackagingError(f"{key} is no list of whole numbers: it is not what MediaSequence means by it")
    return feature.astype(np.int64, copy=False)


def _floats(feature: Feature) -> Floats:
    return np.array(feature, np.float32)


def _texts(key: str, feature: Feature) -> tuple[str, ...]:
    if not isinstance(feature, tuple):
        raise PackagingError(f"{key} is no list of strings: it is not what MediaSequence means by it")
    return tuple(text.decode(errors="replace") for text in feature)


def _one_of_bytes(key: str, feature: Feature) -> bytes:
    if not isinstance(feature, tuple) or len(feature) != 1:
        raise PackagingError(f"{key} has a step that is not one string of bytes: write it anew")
    return feature[0]
