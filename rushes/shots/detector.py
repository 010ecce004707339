"""What finds cuts: the one small interface behind which all detectors stand.

Here: what a detector is given and gives back. Not here: the detectors, and where frames come from (``cut``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np


class Cut(NamedTuple):
    """The first frame of a new shot, and how sure its detector was, in the detector's own measure."""

    frame: int
    score: float


@dataclass(frozen=True)
class Change:
    """A gradual change: the frames ``[start, end)`` belong to no shot alone; the next shot begins at ``cut``.

    None where no shot is before it or after it.
    """

    start: int
    end: int
    cut: int | None
    score: float


class CutDetector(Protocol):
    """Finds cuts in one pass over consecutive frames, of which it keeps only a few: a new one for each pass.

    ``size``: (width, height) of the frames that it is to be given, averaged down to it; None for the frames of
    ``rushes.shots.sampled``, which are cheaper.
    """

    size: tuple[int, int] | None

    def see(self, frame: int, picture: np.ndarray) -> None:
        """Take the next frame: its number in the video, and uint8 (h, w, 3) RGB, which is not changed after."""
        ...

    def cuts(self) -> list[Cut]:
        """Return the cuts in order, once the last frame was seen. Never the first frame of the pass."""
        ...
