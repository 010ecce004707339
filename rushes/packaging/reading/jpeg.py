"""JPEG to pixels, by the quickest decoder there is: simplejpeg, else Pillow, else PyAV.

Here: one image, and several of one size into one array; and the other way for images that are not stored as JPEG.
Not here: where the bytes are.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Data = bytes | memoryview

_QUALITY = 90


def decode_jpeg(data: Data) -> Pixels:
    """Return uint8 (h, w, 3) RGB. What is raised for other bytes, a ``ValueError`` or ``OSError``, is the decoder's."""
    if simplejpeg := _module("simplejpeg"):
        picture: Pixels = simplejpeg.decode_jpeg(data, "RGB")
        return picture
    if pillow := _module("PIL.Image"):
        return np.array(pillow.open(io.BytesIO(data)).convert("RGB"), np.uint8)
    import av

    with av.open(io.BytesIO(data), mode="r", format="jpeg_pipe") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def decode_jpegs(images: Sequence[Data]) -> Pixels:
    """Return uint8 (n, h, w, 3) RGB of one or more images. Raises ``ValueError`` when they differ in size."""
    first = decode_jpeg(images[0])
    pictures = np.empty((len(images), *first.shape), np.uint8)
    pictures[0] = first
    simplejpeg = _module("simplejpeg")
    for place, data in zip(pictures[1:], images[1:], strict=True):
        # Into its place at once: a copy of all pixels is saved.
        picture = simplejpeg.decode_jpeg(data, "RGB", buffer=place) if simplejpeg else decode_jpeg(data)
        if picture.shape != first.shape:
            raise ValueError(f"images of {first.shape[:2]} and of {picture.shape[:2]} pixels are no one array")
        if not simplejpeg:
            place[:] = picture
    return pictures


def encode_jpeg(picture: Pixels) -> bytes:
    """Return a picture, uint8 (h, w, 3) RGB, as JPEG. Needs simplejpeg or Pillow."""
    if simplejpeg := _module("simplejpeg"):
        encoded: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), _QUALITY, colorsubsampling="420")
        return encoded
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, "JPEG", quality=_QUALITY)
    return sink.getvalue()


@cache
def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
