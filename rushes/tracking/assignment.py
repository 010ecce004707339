"""The best pairing of two sets, given what each pair is worth.

Here: the assignment problem, and nothing of what is assigned to what.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["best_pairs"]


def best_pairs(gain: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns of the pairing with the greatest sum of ``gain``; only pairs with a gain above 0 are made.

    A pair that competes with no other is made at once: in most frames that leaves the assignment little to solve.
    """
    possible = gain > 0
    lone = possible & (possible.sum(axis=1, keepdims=True) == 1) & (possible.sum(axis=0) == 1)
    rows, columns = np.nonzero(lone)
    contested = possible & ~lone
    left, right = np.flatnonzero(contested.any(axis=1)), np.flatnonzero(contested.any(axis=0))
    if not len(left):
        return rows, columns
    block = gain[np.ix_(left, right)]
    i, j = linear_sum_assignment(np.maximum(block, 0.0), maximize=True)
    made = block[i, j] > 0
    return np.append(rows, left[i[made]]), np.append(columns, right[j[made]])
