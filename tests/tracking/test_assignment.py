"""The best pairing, against trying every one."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rushes.tracking.assignment import best_pairs

# Mostly impossible pairs, so that some rows and columns have one candidate, some several and some none.
GAINS = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5),
    elements=st.one_of(st.just(-1.0), st.just(0.0), st.floats(-1.0, 1.0)),
)


def greatest_sum(gain: np.ndarray) -> float:
    rows, columns = gain.shape
    return max(
        sum(gain[i, j] for i, j in zip(chosen, order, strict=True))
        for size in range(min(rows, columns) + 1)
        for chosen in combinations(range(rows), size)
        for order in permutations(range(columns), size)
    )


@settings(deadline=None)
@given(GAINS)
def test_no_other_pairing_gains_more(gain: np.ndarray) -> None:
    rows, columns = best_pairs(gain)
    np.testing.assert_allclose(gain[rows, columns].sum(), greatest_sum(gain), atol=1e-12)


@settings(deadline=None)
@given(GAINS)
def test_every_pair_gains_and_none_shares_a_member(gain: np.ndarray) -> None:
    rows, columns = best_pairs(gain)
    assert (gain[rows, columns] > 0).all()
    assert len(set(rows)) == len(rows) == len(columns) == len(set(columns))


def test_two_good_pairs_are_better_than_one_best() -> None:
    rows, columns = best_pairs(np.array([[0.9, 0.8], [0.7, 0.0]]))
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]
