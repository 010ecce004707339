"""Frames on a time grid are those that a look at every frame would choose."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rushes.video.sampling import evenly, frames_at

# Times in whole thousandths, and rates whose grid is exact in them, leave no doubt about ties.
STEPS = st.lists(st.integers(1, 400), min_size=0, max_size=30)
RATES = st.sampled_from([0.5, 1, 2, 4, 5, 8, 10, 20, 25, 50])


def times_of(steps: list[int]) -> np.ndarray:
    return np.cumsum([700, *steps]) / 1000


def oracle(times: np.ndarray, start: int, end: int, fps: float) -> list[int]:
    """Look at every frame for every point of the grid, in whole thousandths of a thousandth."""
    ticks = np.round(times * 1e6).astype(int).tolist()
    period = round(1e6 / fps)
    grid = range(ticks[start], ticks[end - 1] + 1, period)
    return sorted({min(range(start, end), key=lambda n: (abs(ticks[n] - point), n)) for point in grid})


@given(STEPS, RATES, st.data())
def test_each_point_of_the_grid_gets_its_nearest_frame(steps: list[int], fps: float, data: st.DataObject) -> None:
    times = times_of(steps)
    start = data.draw(st.integers(0, len(times) - 1))
    end = data.draw(st.integers(start + 1, len(times)))
    chosen = frames_at(times, start, end, fps)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == oracle(times, start, end, fps)


@given(STEPS, st.floats(0.1, 100), st.data())
def test_frames_are_ascending_once_each_and_inside(steps: list[int], fps: float, data: st.DataObject) -> None:
    times = times_of(steps)
    start = data.draw(st.integers(0, len(times) - 1))
    end = data.draw(st.integers(start + 1, len(times)))
    chosen = frames_at(times, start, end, fps)
    assert chosen[0] == start
    assert (np.diff(chosen) > 0).all()
    assert chosen[-1] < end


@given(st.integers(1, 60), st.integers(1, 30), st.integers(1, 4))
def test_a_rate_that_divides_the_videos_takes_every_nth_frame(count: int, fps: int, every: int) -> None:
    times = 3 + np.arange(count) / (fps * every)
    assert frames_at(times, 0, count, fps).tolist() == list(range(0, count, every))


@given(STEPS, st.floats(1, 3))
def test_frames_no_closer_than_the_grid_are_all_taken_but_perhaps_the_last(steps: list[int], finer: float) -> None:
    times = times_of(steps)
    fps = 1000 / min(steps, default=1) * finer
    chosen = frames_at(times, 0, len(times), fps).tolist()
    assert chosen in (list(range(len(times))), list(range(len(times) - 1)))


def test_no_frames_give_none() -> None:
    assert frames_at(np.arange(5.0), 3, 3, 10).tolist() == []


@given(st.integers(0, 50), st.integers(1, 20))
def test_evenly_leaves_gaps_that_differ_by_one_at_most(length: int, count: int) -> None:
    items = np.arange(length) * 3
    chosen = evenly(items, count)
    assert len(chosen) == min(length, count)
    assert set(chosen.tolist()) <= set(items.tolist())
    gaps = np.diff(chosen) // 3
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
    assert (gaps > 0).all()


def test_one_of_many_is_the_middle_one() -> None:
    assert evenly(np.arange(9), 1).tolist() == [4]
    assert evenly(np.arange(9), 3).tolist() == [1, 4, 7]
