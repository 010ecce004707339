"""Frames on a time grid are those that a look at every frame would choose."""

import math
from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rushes.video.sampling import evenly, frames_at, frames_at_each

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


@given(STEPS, st.floats(0.1, 100), st.lists(st.tuples(st.integers(0, 31), st.integers(0, 31)), max_size=6))
def test_many_pieces_at_once_get_what_each_would(steps: list[int], fps: float, pieces: list[tuple[int, int]]) -> None:
    times = times_of(steps)
    starts, ends = np.array(pieces, np.int64).reshape(-1, 2).clip(0, len(times)).T
    frames, counts = frames_at_each(times, starts, ends, fps)
    each = [one_by_one(times, start, end, fps) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    assert counts.tolist() == [len(its) for its in each]
    assert frames.tolist() == [frame for its in each for frame in its]


def one_by_one(times_s: np.ndarray, start: int, end: int, fps: float) -> list[int]:
    """Go through one piece's grid, point by point, in the same arithmetic of doubles."""
    times, found = times_s[start:end].tolist(), []
    points = math.floor((times[-1] - times[0]) * fps + 1e-9) + 1 if times else 0
    for nth in range(points):
        point = times[0] + nth / fps
        right = min(bisect_left(times, point), len(times) - 1)
        left = max(right - 1, 0)
        found.append(start + (left if point - times[left] <= times[right] - point + 1e-9 else right))
    return sorted(set(found))


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
