"""Pieces of a fixed length begin at the first frame of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.shots.spans import Span
from rushes.shots.stride import stride_cuts


@pytest.mark.parametrize("fps", [24000 / 1001, 25, 29.97, 30])
def test_a_rate_s_rounding_moves_no_border(fps: float) -> None:
    cuts = stride_cuts(np.arange(1000) / fps, Span(None, 0, 1000), 48 / fps)
    assert [cut.frame for cut in cuts] == list(range(48, 1000, 48))


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=60), st.integers(1, 5), st.data())
def test_each_piece_begins_with_the_first_frame_in_it(steps: list[int], stride: int, data: st.DataObject) -> None:
    times = np.cumsum([7000, *steps]) / 1000
    start = data.draw(st.integers(0, len(times) - 1))
    end = data.draw(st.integers(start + 1, len(times)))
    expected = [
        n for n in range(start + 1, end)
        if int((times[n] - times[start]) * 1000 + 0.5) // (stride * 1000)
        > int((times[n - 1] - times[start]) * 1000 + 0.5) // (stride * 1000)
    ]  # fmt: skip
    assert [cut.frame for cut in stride_cuts(times, Span("s", start, end), stride)] == expected
