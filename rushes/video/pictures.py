"""Pictures for people: frames in a grid, boxes with names drawn over them.

Here: drawing on pictures that may be shown. Not here: which frames, and whether they may be shown
(``rushes.privacy.delivery``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import simplejpeg

_CAPTION = 16
_GAP = 4
_PAPER = 255
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Label:
    """A box (left, top, width, height in the picture's pixels) with a name; ``number`` chooses its colour."""

    box: Sequence[float]
    name: str
    number: int


@dataclass(frozen=True)
class Tile:
    """A picture, uint8 (h, w, 3) RGB, its caption, and boxes to draw."""

    picture: np.ndarray
    caption: str
    labels: Sequence[Label] = field(default=())


def contact_sheet(tiles: Sequence[Tile], columns: int = 4, width: int = 240) -> bytes:
    """Return a JPEG of the tiles in rows of ``columns``, each scaled to ``width`` pixels."""
    cells = [_cell(tile, width) for tile in tiles]
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    height = sum(max(cell.shape[0] for cell in row) + _GAP for row in rows) + _GAP
    sheet = np.full((max(height, 1), columns * (width + _GAP) + _GAP, 3), _PAPER, np.uint8)
    top = _GAP
    for row in rows:
        for column, cell in enumerate(row):
            left = _GAP + column * (width + _GAP)
            sheet[top : top + cell.shape[0], left : left + width] = cell
        top += max(cell.shape[0] for cell in row) + _GAP
    return encode(sheet, 80)


def encode(picture: np.ndarray, quality: int) -> bytes:
    """Return a picture, uint8 (h, w, 3) RGB, as JPEG."""
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=quality, colorsubsampling="420")
    return data


def draw(picture: np.ndarray, labels: Sequence[Label]) -> np.ndarray:
    """Return the picture with boxes and names over it."""
    drawn = picture.copy()
    for label in labels:
        colour = colour_of(label.number)
        x, y, w, h = (round(v) for v in label.box)
        cv2.rectangle(drawn, (x, y), (x + w, y + h), colour, 1 if drawn.shape[1] < 400 else 2)
        base = y - 3 if y > 12 else y + 11
        cv2.putText(drawn, label.name, (x + 1, base), _FONT, 0.36, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(drawn, label.name, (x + 1, base), _FONT, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn


def write_words(picture: np.ndarray, place: tuple[int, int], words: str) -> None:
    """Write a line onto a light picture, uint8 (h, w, 3), from the left end of its base line on."""
    cv2.putText(picture, words, place, _FONT, 0.36, (40, 40, 40), 1, cv2.LINE_AA)


def colour_of(number: int, *, dark: bool = False) -> tuple[int, int, int]:
    """Return one of many colours that are easy to tell apart: hues a golden angle away from each other, RGB."""
    hue = np.array([[[int(number * 137.508) % 180, 200, 190 if dark else 255]]], np.uint8)
    r, g, b = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0].tolist()
    return r, g, b


def _cell(tile: Tile, width: int) -> np.ndarray:
    scale = width / tile.picture.shape[1]
    size = (width, max(1, round(tile.picture.shape[0] * scale)))
    picture = cv2.resize(tile.picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    picture = draw(picture, [Label([v * scale for v in a.box], a.name, a.number) for a in tile.labels])
    caption = np.full((_CAPTION, width, 3), _PAPER, np.uint8)
    write_words(caption, (1, _CAPTION - 5), tile.caption[: width // 6])
    return np.concatenate([picture, caption])
