"""What the four numbers of a box are, and how one meaning is turned into another.

``coords`` is a dict of two: ``type`` says whether a box is counted in pixels or in fractions of the picture's width and
height, ``mode`` whether its four numbers are left, top, right, bottom (LTRB), left, top, width, height (LTWH) or the
centre's x and y, width, height (CCWH). Here: checking and converting. Not here: where boxes are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import SettingsError

Coords = Mapping[str, str]

TYPES = ("pixel", "fractional")
MODES = ("LTRB", "LTWH", "CCWH")
PIXEL_LTWH: Coords = MappingProxyType({"type": "pixel", "mode": "LTWH"})
"""What the tables of a store and packaged data sets hold."""


def check_coords(coords: Any) -> None:
    """Raise ``SettingsError`` for what is no ``coords``."""
    if not (
        isinstance(coords, Mapping)
        and coords.keys() == {"type", "mode"}
        and coords["type"] in TYPES
        and coords["mode"] in MODES
    ):
        raise SettingsError(
            f'coords {coords!r}: give {{"type": …, "mode": …}}, the type one of {", ".join(TYPES)}, '
            f"the mode one of {', '.join(MODES)}"
        )


def pixel_ltwh(boxes: npt.NDArray[Any], coords: Coords, width: int, height: int) -> npt.NDArray[np.float64]:
    """Return boxes (k, 4) as left, top, width, height in pixels of a picture of that size."""
    first, second = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    if coords["mode"] == "LTRB":
        second = second - first
    if coords["mode"] == "CCWH":
        first = first - second / 2
    return np.concatenate([first, second], axis=1) * _unit(coords, width, height)


def from_pixel_ltwh(boxes: npt.NDArray[Any], coords: Coords, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return boxes (k, 4), left, top, width, height in pixels of a picture of that size, as ``coords`` has them."""
    first, second = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    if coords["mode"] == "LTRB":
        second = first + second
    if coords["mode"] == "CCWH":
        first = first + second / 2
    return (np.concatenate([first, second], axis=1) / _unit(coords, width, height)).astype(np.float32)


def _unit(coords: Coords, width: int, height: int) -> npt.NDArray[np.float64]:
    """Return how many pixels one of each of the four numbers is."""
    return np.array([width, height, width, height] if coords["type"] == "fractional" else [1, 1, 1, 1], np.float64)
