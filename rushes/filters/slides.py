"""Frames that look like a slide or a page of text: even ground, and rows of small things with strong edges.

Here: telling such a frame by its shape; no letter is read. Not here: thresholds (``rules``).
"""

from __future__ import annotations

import cv2
import numpy as np

# Half of the frame at least has luma within so many of 255 levels: paper, or a slide's ground.
_EVEN, _LEAST_GROUND = 16, 0.5
# The Laplacian of luma at the edges of letters.
_EDGE = 60
# Pixels at 360 lines: the gaps between letters and words that are closed, and how high a line of text may be.
_GAP, _LOWEST, _HIGHEST = 11, 4, 48
# How often a line is longer than high, and how many of its letters, all but of its height, stand apart in it.
_LENGTH, _LETTERS, _TALL = 3.0, 3, 0.4
# So many lines there are, and they hold so much of all strong edges: leaves against the sky form a line here and there.
_LEAST_LINES, _LEAST_TEXT = 2, 0.35


def looks_like_a_page(luma: np.ndarray, edges: np.ndarray) -> bool:
    """Tell whether a frame looks like a slide or a page of text.

    ``luma``: uint8 (360, w); ``edges``: int16 (360, w), its Laplacian.
    """
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
    if np.convolve(counts, np.ones(_EVEN)).max() < _LEAST_GROUND * luma.size:
        return False
    strong = cv2.inRange(cv2.convertScaleAbs(edges), _EDGE, 255)
    closed = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((1, _GAP), np.uint8))
    _, line_of, lines, _ = cv2.connectedComponentsWithStats(closed)
    text = _are_text(strong, line_of, lines)
    ink = np.bincount(line_of[strong > 0], minlength=len(lines))
    return int(text.sum()) >= _LEAST_LINES and ink[text].sum() >= _LEAST_TEXT * ink.sum()


def _are_text(strong: np.ndarray, line_of: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Tell which lines, by number, look like lines of text: bool (n,), the first, which is the ground, never.

    ``strong``: uint8 (h, w), the strong edges; ``line_of``: int32 (h, w), each pixel's line; ``lines``: OpenCV's
    figures of them.
    """
    _, _, letters, centres = cv2.connectedComponentsWithStats(strong)
    height, width = lines[:, cv2.CC_STAT_HEIGHT], lines[:, cv2.CC_STAT_WIDTH]
    columns, rows = np.minimum(np.round(centres[1:]).astype(int), np.array(strong.shape[::-1]) - 1).T
    own = line_of[rows, columns]
    tall = letters[1:, cv2.CC_STAT_HEIGHT] >= _TALL * height[own]
    written = np.bincount(own[tall & (own > 0)], minlength=len(lines)) >= _LETTERS
    shaped = (height >= _LOWEST) & (height <= _HIGHEST) & (width >= _LENGTH * height)
    return np.asarray(written & shaped)
