"""Clips must cover spans without gaps, and overlap only where spans do."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.shots.cover import out_of_place

Ranges = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("clips", "spans", "wrong"),
    [
        ([(0, 4), (4, 9)], [(0, 9)], []),
        ([], [(0, 9)], [(0, 9)]),
        ([(0, 4), (5, 9)], [(0, 9)], [(4, 5)]),
        ([(1, 9)], [(0, 9)], [(0, 1)]),
        ([(0, 8)], [(0, 9)], [(8, 9)]),
        ([(0, 5), (4, 9)], [(0, 9)], [(4, 5)]),
        ([(0, 9), (0, 9)], [(0, 9)], [(0, 9)]),
        ([(0, 10)], [(0, 9)], [(0, 10), (9, 10)]),
        ([(2, 6), (4, 9)], [(2, 6), (4, 9)], []),
        ([(2, 9)], [(2, 9), (4, 6)], []),
        ([(2, 6), (3, 9), (4, 5)], [(2, 6), (3, 9)], [(4, 5)]),
        ([(2, 6)], [(2, 4), (4, 6)], [(2, 6)]),
        ([(2, 4), (4, 6)], [(2, 4), (4, 6)], []),
        ([(2, 4), (6, 8)], [(2, 4)], [(6, 8)]),
    ],
)
def test_gaps_and_overlaps_are_told(clips: Ranges, spans: Ranges, wrong: Ranges) -> None:
    assert out_of_place(clips, spans) == wrong


some_ranges = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda r: (r[0], sum(r))), max_size=5)


@given(some_ranges, some_ranges)
def test_nothing_is_told_exactly_when_each_frame_is_right(clips: Ranges, spans: Ranges) -> None:
    def covered(ranges: Ranges, frame: int) -> int:
        return sum(start <= frame < end for start, end in ranges)

    right = all(
        min(1, covered(spans, frame)) <= covered(clips, frame) <= covered(spans, frame) for frame in range(30)
    ) and all(any(set(range(*clip)) <= set(range(*span)) for span in spans) for clip in clips)
    assert (out_of_place(clips, spans) == []) == right


@given(some_ranges, st.data())
def test_spans_cut_anywhere_are_well_covered(spans: Ranges, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, 30)))
    pieces = {
        piece
        for start, end in spans
        for piece in pairwise(sorted({start, end, *(cut for cut in cuts if start < cut < end)}))
    }
    assert out_of_place(sorted(pieces), spans) == []
