"""Converting a frame straight into an array's memory, by the very libswscale that PyAV is linked with.

PyAV converts into frames of its own, from which pictures must be copied: a sixth of what reading a 720p frame costs.
Here: frames that libswscale is known to write without touching a byte beside them. Not here: every other frame, and
scaling (``convert``, whose results are the same to the bit).
"""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any

import av.video.reformatter
import numpy as np
from av.video.frame import VideoFrame

_RGB24, _BILINEAR, _ONE = 2, 2, 1 << 16
_BT601 = 5
_MATRICES = (1, 4, 5, 6, 7, 9)
_FULL = 2
# Planar YUV of 8 bits, of which lines of a multiple of 16 pixels are written exactly.
_FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p")
_WIDTH_STEP = 16
_POINTERS, _STRIDES = ctypes.c_void_p * 4, ctypes.c_int * 4


def _library() -> Any:
    """Return libswscale's functions, or None where the platform does not let them be found."""
    pointer: Any = ctypes.c_void_p
    integer: Any = ctypes.c_int
    try:
        # A look-up in PyAV's extension module goes on to the libraries that it was loaded with.
        library = ctypes.CDLL(av.video.reformatter.__file__)
        library.av_get_pix_fmt.argtypes, library.av_get_pix_fmt.restype = [ctypes.c_char_p], integer
        library.sws_getCoefficients.argtypes, library.sws_getCoefficients.restype = [integer], pointer
        library.sws_getContext.argtypes, library.sws_getContext.restype = [integer] * 7 + [pointer] * 3, pointer
        library.sws_setColorspaceDetails.argtypes = [pointer, pointer, integer, pointer] + [integer] * 4
        library.sws_scale.argtypes = [pointer, pointer, pointer, integer, integer, pointer, pointer]
        library.sws_freeContext.argtypes, library.sws_freeContext.restype = [pointer], None
    except (AttributeError, OSError):
        return None
    return library


_SWS = _library()


class StraightToRgb:
    """Writes frames of one kind after another into arrays. For one thread; ``close`` it."""

    def __init__(self) -> None:
        self._kind: tuple[int, int, str, int, int] | None = None
        self._context: int | None = None

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> StraightToRgb:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release libswscale's context."""
        if self._context is not None:
            _SWS.sws_freeContext(self._context)
        self._context = self._kind = None

    def write(self, frame: VideoFrame, picture: np.ndarray) -> bool:
        """Fill uint8 (h, w, 3), of the frame's size and contiguous, with RGB; return whether that was possible."""
        name = frame.format.name
        if _SWS is None or frame.width % _WIDTH_STEP or name not in _FORMATS or not picture.flags.c_contiguous:
            return False
        if frame.interlaced_frame:  # whose fields PyAV's way converts one by one
            return False
        planes = frame.planes
        if any(plane.line_size <= 0 for plane in planes):
            return False
        kind = (frame.width, frame.height, name, int(frame.colorspace), int(frame.color_range))
        if kind != self._kind and not self._prepare(kind):
            return False
        _SWS.sws_scale(
            self._context,
            _POINTERS(*[plane.buffer_ptr for plane in planes]),
            _STRIDES(*[plane.line_size for plane in planes]),
            0,
            frame.height,
            _POINTERS(picture.ctypes.data),
            _STRIDES(picture.strides[0]),
        )
        return True

    def _prepare(self, kind: tuple[int, int, str, int, int]) -> bool:
        self.close()
        width, height, name, matrix, color_range = kind
        pixels = _SWS.av_get_pix_fmt(name.encode())
        context = _SWS.sws_getContext(width, height, pixels, width, height, _RGB24, _BILINEAR, None, None, None)
        if not context:
            return False
        self._context, self._kind = context, kind
        full = color_range == _FULL or name.startswith("yuvj")
        source = _SWS.sws_getCoefficients(matrix if matrix in _MATRICES else _BT601)
        target = _SWS.sws_getCoefficients(_BT601)
        _SWS.sws_setColorspaceDetails(context, source, int(full), target, 1, 0, _ONE, _ONE)
        return True
