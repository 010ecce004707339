"""The step that all objects of a picture take at once, because the camera moved and not they.

Here: finding that step from boxes alone, by a vote. Not here: when to look for it, and what to do with it
(``bytetrack``). Nothing looks at pixels: the detections of a frame have said all that is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["common_step"]

_SIDES_RATIO = 1.5  # a box may be a track's next one when no side is longer or shorter by more than this
_CELL = 0.5  # side of a cell of the vote, as a part of the boxes' median size


def common_step(expected: NDArray[np.floating], found: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """Return the step (2,), in pixels, that takes most of the ``expected`` boxes (n, 4) to ``found`` ones (m, 4).

    Every pair of boxes of like size votes for the step between their centres, each expected box once for a step: a
    generalised Hough transform (Ballard, 1981) over translations. The median of the votes around the fullest cell is
    the answer; of equally full ones, the smaller step. None where no pair is of like size.
    """
    from_centre, to_centre = (boxes[:, :2] + boxes[:, 2:] / 2 for boxes in (expected, found))
    sides, found_sides = (np.log(np.maximum(boxes[:, 2:], 1.0)) for boxes in (expected, found))
    alike = (np.abs(found_sides - sides[:, None]) <= np.log(_SIDES_RATIO)).all(axis=-1)
    voters, towards = np.nonzero(alike)
    if not len(voters):
        return None
    steps = to_centre[towards] - from_centre[voters]
    cell = _CELL * float(np.exp(np.median(sides.mean(axis=1))))
    places = np.rint(steps / cell).astype(np.int64)
    votes = np.unique(np.column_stack([places, voters]), axis=0)
    cells, count = np.unique(votes[:, :2], axis=0, return_counts=True)
    fullest = cells[np.lexsort((np.square(cells).sum(axis=1), -count))[0]]
    around = (np.abs(steps - fullest * cell) <= cell).all(axis=1)
    return np.asarray(np.median(steps[around], axis=0), np.float64)
