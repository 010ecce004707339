"""Small pictures of frames, their boxes drawn in.

Here: JPEG to smaller JPEG. Not here: which frame stands for a sequence (``site``, ``strip``).
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from rushes.packaging.reader import DatasetError
from rushes.packaging.reading.cells import Array
from rushes.video.no_picture import NO_PICTURE

_SIDE = 320


def thumbnail(jpeg: bytes, boxes: Array, ids: Array) -> bytes:
    """Return a JPEG of at most 320 pixels a side of a larger one.

    ``boxes`` (k, 4) are left, top, width, height in the larger one's pixels, ``ids`` (k,) choose their colours. Raises
    ``DatasetError`` when the bytes are no picture.
    """
    try:
        picture = Image.open(io.BytesIO(jpeg))
        width, height = picture.size
        picture.draft("RGB", (_SIDE, _SIDE))  # decodes every eighth pixel of what is large: that is most of the time
        small = picture.convert("RGB")
    except NO_PICTURE as error:
        raise DatasetError(f"a picture cannot be decoded ({error}): package the data set again") from error
    small.thumbnail((_SIDE, _SIDE), reducing_gap=2.0)
    across, down = small.width / width, small.height / height
    brush = ImageDraw.Draw(small)
    for (left, top, wide, high), number in zip(boxes.tolist(), ids.tolist(), strict=True):
        corners = (left * across, top * down, (left + wide) * across - 1, (top + high) * down - 1)
        if corners[0] <= corners[2] and corners[1] <= corners[3]:
            brush.rectangle(corners, outline=colour(number), width=2)
    sink = io.BytesIO()
    small.save(sink, "JPEG", quality=82)
    return sink.getvalue()


def colour(number: int) -> str:
    """Return the colour of an object of a number: neighbours in number are far apart in hue. The page has the same."""
    return f"hsl({number * 137.508 % 360:.1f}, 85%, 62%)"
