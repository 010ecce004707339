"""Columns of images: ``image``, and ``sequence[image]`` for the frames of a video. Files are kept as they are.

The images of one sample lie in one tar, as files that anybody can take out, and are read by their places in it. Arrays
of pixels are encoded: as PNG, which loses nothing, unless the column is of JPEG. Here: JPEG and PNG. Not here: films
(``videos``), images shown one after another (``moving``).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, overload

import numpy as np
import pyarrow as pa
from PIL import Image as PillowImage

from rushes.errors import SettingsError
from rushes.handmade.given import ReadFile
from rushes.handmade.intake import Intake
from rushes.handmade.kinds import Declaration, Kind, SampleError, kind_of
from rushes.handmade.views import Many, positions
from rushes.packaging.reading.jpeg import decode_jpeg
from rushes.ranges import Ranges, open_ranges
from rushes.ranges.address import shown
from rushes.store.objects import Objects
from rushes.video.no_picture import NO_PICTURE

JPEG_START = b"\xff\xd8"
# What a column may say that its images are, and the format's own name.
_FORMATS: Mapping[str, str] = MappingProxyType({"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG"})
# How arrays are encoded.
_ENCODING: Mapping[str, Mapping[str, Any]] = MappingProxyType({"JPEG": {"quality": 95}, "PNG": {"compress_level": 4}})
_SUFFIXES: Mapping[str, str] = MappingProxyType({"JPEG": ".jpg", "PNG": ".png"})
_TYPE = pa.struct(
    [
        ("media", pa.string()),
        ("offsets", pa.list_(pa.int64())),
        ("sizes", pa.list_(pa.int32())),
        ("heights", pa.list_(pa.int32())),
        ("widths", pa.list_(pa.int32())),
    ]
)


class ImageKind(Kind):
    """One image."""

    options = ("sample_compression",)

    def __init__(self, declared: Declaration) -> None:
        super().__init__(declared)
        compression = declared.sample_compression
        if compression is not None and compression not in _FORMATS:
            raise SettingsError(f"sample_compression {compression!r}: of images, one of {', '.join(_FORMATS)}")

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        return self.packed([sample], intake)

    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        return _images(value, objects)[0]

    def packed(self, samples: Sequence[Any], intake: Intake) -> pa.Array:
        """Return the row of some images, which are put into one tar."""
        sizes, heights, widths = [], [], []
        path = intake.scratch(".tar")
        with tarfile.open(path, "w") as archive:
            for number, sample in enumerate(samples):
                if isinstance(sample, ReadFile):
                    data, name = _bytes(sample, intake), f"-{PurePosixPath(shown(sample.uri)).name}"
                    height, width = self._look_at(sample, data)
                else:
                    data, name = self._encoded(sample)
                    height, width = sample.shape[:2]
                about = tarfile.TarInfo(f"{number:06d}{name}")
                about.size = len(data)
                archive.addfile(about, io.BytesIO(data))
                sizes.append(len(data))
                heights.append(height)
                widths.append(width)
        with tarfile.open(path) as archive:
            offsets = [member.offset_data for member in archive]
        media = intake.keep(path, ".tar").name
        row = {"media": media, "offsets": offsets, "sizes": sizes, "heights": heights, "widths": widths}
        return pa.array([row], _TYPE)

    def _encoded(self, pixels: Any) -> tuple[bytes, str]:
        """Return an array of pixels as a file, and the suffix of its name."""
        if not isinstance(pixels, np.ndarray):
            raise SampleError(f"an image is appended as rushes.read(PATH) or an array, not as {kind_of(pixels)}")
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise SampleError(
                f"an image is an array of uint8 (height, width, 3), RGB, not {pixels.dtype} {pixels.shape}; "
                "other arrays are for htype generic"
            )
        found = _FORMATS[self.declared.sample_compression or "png"]
        sink = io.BytesIO()
        PillowImage.fromarray(np.ascontiguousarray(pixels)).save(sink, found, **_ENCODING[found])
        return sink.getvalue(), _SUFFIXES[found]

    def _look_at(self, sample: ReadFile, data: bytes) -> tuple[int, int]:
        """Return an image's height and width."""
        try:
            with PillowImage.open(io.BytesIO(data)) as image:
                width, height = image.size
                found = str(image.format)
        except NO_PICTURE:
            found = "no image"
        compression = self.declared.sample_compression
        wanted = {_FORMATS[compression]} if compression else set(_FORMATS.values())
        if found not in wanted:
            names = " or ".join(sorted(wanted))
            raise SampleError(f"{shown(sample.uri)} is {found}, but the column holds {names}, kept as it is")
        return height, width


class ImageSequenceKind(ImageKind):
    """Images in order, such as the frames of a video."""

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, (list, tuple, np.ndarray)):
            raise SampleError(f"a sequence of images is a list of rushes.read(PATH) or arrays, not {kind_of(sample)}")
        return self.packed(list(sample), intake)

    def decode(self, value: pa.Scalar, objects: Objects) -> Images:
        return _images(value, objects)


@dataclass(frozen=True)
class Image:
    """One image, still unread."""

    _images: Images

    @property
    def shape(self) -> tuple[int | None, ...]:
        """(height, width, 3)."""
        return self._images.shape[1:]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self._images.sizes[0]

    def tobytes(self) -> bytes:
        """Return the file as it was appended."""
        return self._images.tobytes()[0]

    def numpy(self) -> np.ndarray:
        """Decode it: uint8 (h, w, 3) RGB."""
        return _decoded(self.tobytes())


@dataclass(frozen=True)
class Images:
    """Images in order, still unread: of each, where it lies in the bytes of ``source``, and its (height, width)."""

    source: Ranges
    spans: Sequence[tuple[int, int]]
    sizes: Sequence[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Image]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> Image: ...
    @overload
    def __getitem__(self, key: Many) -> Images: ...
    def __getitem__(self, key: int | Many) -> Image | Images:
        places = positions(key, len(self), "image")
        chosen = [places] if isinstance(places, int) else places
        images = Images(self.source, [self.spans[i] for i in chosen], [self.sizes[i] for i in chosen])
        return Image(images) if isinstance(places, int) else images

    @property
    def shape(self) -> tuple[int | None, ...]:
        """(images, height, width, 3), None where they differ."""
        sides = zip(*self.sizes, strict=True)
        return len(self), *(same[0] if len(set(same)) == 1 else None for same in sides), 3

    def tobytes(self) -> list[bytes]:
        """Return the files as they were appended."""
        return self.source.read(self.spans)

    def heads(self, size: int) -> list[bytes]:
        """Return how each file begins."""
        return self.source.read([(start, start + size) for start, _ in self.spans])

    def numpy(self, aslist: bool = False) -> np.ndarray | list[np.ndarray]:
        """Decode them: uint8 (n, h, w, 3) RGB, or a list where sizes differ; ``aslist``: a list in any case."""
        pictures = [_decoded(data) for data in self.tobytes()]
        return pictures if aslist or len(set(self.sizes)) != 1 else np.stack(pictures)


def _images(value: pa.Scalar, objects: Objects) -> Images:
    row = value.as_py()
    spans = [(start, start + size) for start, size in zip(row["offsets"], row["sizes"], strict=True)]
    sizes = list(zip(row["heights"], row["widths"], strict=True))
    return Images(open_ranges(objects.full_uri(row["media"])), spans, sizes)


def _bytes(file: ReadFile, intake: Intake) -> bytes:
    try:
        return Path(intake.local(file)).read_bytes()
    except FileNotFoundError:
        raise SampleError(f"{shown(file.uri)}: no such file") from None
    except OSError as error:
        raise SampleError(f"{shown(file.uri)}: cannot be read ({error.strerror})") from None


def _decoded(data: bytes) -> np.ndarray:
    if data.startswith(JPEG_START):
        return decode_jpeg(data)
    return np.array(PillowImage.open(io.BytesIO(data)).convert("RGB"), np.uint8)
