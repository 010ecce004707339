"""Pictures out of decoded frames: scaled, in the wanted pixel format, upright.

Here: conversion, with the colours that the stream says it has (BT.601, limited range, when it says nothing). Not here:
decoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from rushes.video.memory import Reused
from rushes.video.swscale import StraightToRgb

# Pixel format: FFmpeg's name of it. Interleaved pictures are (h, w, channels), planar ones as turned planes allow.
LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        "rgb24": "uint8 (h, w, 3)",
        "bgr24": "uint8 (h, w, 3)",
        "rgba": "uint8 (h, w, 4)",
        "rgb48": "uint16 (h, w, 3)",
        "gray": "uint8 (h, w)",
        "yuv420p": "uint8 (h * 3 / 2, w): the Y plane, then the U and the V plane in lines of half the width",
        "yuv444p": "uint8 (3, h, w)",
    }
)
_FFMPEG_NAMES = {"rgb48": "rgb48le"}
# As many pictures' memory is kept: the one a loop holds, the next, and some for whoever looks back.
_PICTURES = 4


class Converter:
    """Turns frames of one video into arrays. ``rotation``: degrees counter-clockwise by which they are turned.

    A picture that nobody holds any more gives its memory to a later one.
    """

    def __init__(self, rotation: int, pixel_format: str) -> None:
        if pixel_format not in LAYOUTS:
            raise ValueError(f"unknown pixel format {pixel_format!r}; there are: {', '.join(LAYOUTS)}")
        self._turns = rotation // 90
        self._format = pixel_format
        self._scaling, self._converting = VideoReformatter(), VideoReformatter()
        self._memory = Reused(_PICTURES)
        self._straight = StraightToRgb()

    def picture(self, frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
        """Return a frame as an array of its own; ``size``: (width, height) of the upright picture."""
        if self._is_as_wanted(frame, size):
            picture = self._memory.take((frame.height, frame.width, 3), np.dtype(np.uint8))
            if self._straight.write(frame, picture):
                return picture
        converted = self._converted(frame, size)
        picture = self._memory.take(converted.shape, converted.dtype)
        np.copyto(picture, converted)
        return picture

    def into(self, frame: VideoFrame, size: tuple[int, int], picture: np.ndarray) -> None:
        """Fill an array with a frame."""
        if not (self._is_as_wanted(frame, size) and self._straight.write(frame, picture)):
            np.copyto(picture, self._converted(frame, size))

    def close(self) -> None:
        """Release what libraries hold."""
        self._straight.close()

    def _is_as_wanted(self, frame: VideoFrame, size: tuple[int, int]) -> bool:
        """Tell whether only the pixels' format is to be changed."""
        return self._format == "rgb24" and not self._turns and size == (frame.width, frame.height)

    def _converted(self, frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
        """Return a view of the converted frame, upright."""
        if min(size) < 1:
            raise ValueError(f"no picture can be {size[0]}x{size[1]}")
        if self._format == "yuv420p" and (size[0] % 2 or size[1] % 2):
            raise ValueError(f"a yuv420p picture's sides are even, and {size[0]}x{size[1]} are not: give a size")
        width, height = (size[1], size[0]) if self._turns % 2 else size
        scaled = (width, height) != (frame.width, frame.height)
        if scaled and frame.format.chroma_width(2) == 1:
            # Scaling to RGB at once is not vectorised: this takes half the time and comes nearer to area averages.
            planar = "yuv422p" if 2 * width >= frame.width else "yuv444p"  # as much colour as the frame has to give
            frame = self._scaling.reformat(
                frame, width, height, format=planar, interpolation=Interpolation.AREA, threads=1
            )
        converted: np.ndarray = self._converting.reformat(
            frame,
            width,
            height,
            format=_FFMPEG_NAMES.get(self._format, self._format),
            interpolation=Interpolation.AREA if scaled else Interpolation.BILINEAR,
            threads=1,
        ).to_ndarray()
        return self._turned(converted, width, height) if self._turns else converted

    def _turned(self, picture: np.ndarray, width: int, height: int) -> np.ndarray:
        if self._format == "yuv444p":
            return np.rot90(picture, self._turns, axes=(1, 2))
        if self._format == "yuv420p":
            y, u, v = np.split(picture.reshape(-1), [width * height, width * height * 5 // 4])
            planes = [y.reshape(height, width), *(p.reshape(height // 2, width // 2) for p in (u, v))]
            turned = [np.rot90(plane, self._turns) for plane in planes]
            return np.concatenate([plane.reshape(-1) for plane in turned]).reshape(-1, turned[0].shape[1])
        return np.rot90(picture, self._turns)
