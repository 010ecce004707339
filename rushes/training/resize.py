"""Frames and boxes at another size.

Here: what happens to the numbers. Not here: which size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F


def resized(frames: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return frames uint8 (t, 3, h, w) at another size, bilinear with antialiasing, as Pillow does it."""
    if frames.shape[2:] == (height, width):
        return frames
    return F.interpolate(frames, (height, width), mode="bilinear", antialias=True, align_corners=False)


def scaled(boxes: Sequence[torch.Tensor], across: float, down: float) -> list[torch.Tensor]:
    """Return boxes (k, 4) in pixels, of any mode, so many times as far across and down."""
    by = torch.tensor([across, down, across, down])
    return [(one * by).float() for one in boxes]
