"""What was seen in samples is hidden in every frame in which it may be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.privacy.regions import Region, frames_to_search, regions

SIZE = (640, 360)
Sighting = tuple[np.ndarray, np.ndarray]


def seen(*boxes: tuple[float, ...], score: float = 0.9) -> Sighting:
    return np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32)


def found(
    samples: list[int],
    sightings: list[Sighting],
    clip: tuple[int, int] = (0, 100),
    padding: float = 0.0,
    fps: float = 25.0,
    min_score: float = 0.5,
) -> list[Region]:
    return regions(samples, sightings, np.arange(200) / fps, clip, SIZE, padding, min_score)


def test_boxes_between_samples_are_on_the_way_from_one_to_the_next() -> None:
    [region] = found([0, 5, 10], [seen((100, 50, 40, 40)), seen((110, 50, 40, 40)), seen((120, 60, 40, 40))], (0, 11))
    assert region.frames.tolist() == list(range(11))
    np.testing.assert_allclose(region.boxes[:, 0], np.arange(100, 122, 2))
    np.testing.assert_allclose(region.boxes[:, 1], [50] * 6 + [52, 54, 56, 58, 60])
    assert np.flatnonzero(region.sampled).tolist() == [0, 5, 10]
    assert (region.boxes.dtype, region.scores.dtype) == (np.float32, np.float32)


def test_the_way_goes_by_time_where_frames_are_uneven() -> None:
    times = np.array([0, 0.1, 0.2, 0.9, 1.0])
    sightings = [seen((100, 50, 40, 40)), seen((110, 50, 40, 40))]
    [region] = regions([0, 4], sightings, times, (0, 5), SIZE, 0.0, 0.5)
    np.testing.assert_allclose(region.boxes[:, 0], [100, 101, 102, 109, 110], rtol=1e-5)


def test_frames_that_nobody_looked_at_are_covered_up_to_the_samples_without_it() -> None:
    box = (100, 50, 40, 40)
    [region] = found([20, 30, 40, 50, 60], [seen(), seen(box), seen(box), seen(), seen()], (20, 70))
    assert region.frames.tolist() == list(range(21, 50))
    np.testing.assert_allclose(region.boxes, np.tile(np.array(box, np.float32), (29, 1)))


def test_at_the_ends_a_region_reaches_the_clips_borders() -> None:
    box = (100, 50, 40, 40)
    [region] = found([12, 20], [seen(box), seen(box)], (10, 29))
    assert region.frames.tolist() == list(range(10, 29))


def test_a_single_sample_hides_the_whole_clip() -> None:
    [region] = found([10], [seen((100, 50, 40, 40))], (10, 17))
    assert region.frames.tolist() == list(range(10, 17))
    assert region.sampled.tolist() == [True] + [False] * 6


def test_a_sample_in_which_it_was_missed_is_bridged() -> None:
    sightings = [seen((100, 50, 40, 40)), seen(), seen((108, 50, 40, 40))]
    [region] = found([0, 6, 12], sightings, (0, 13))
    assert region.frames.tolist() == list(range(13))
    np.testing.assert_allclose(region.boxes[6], [104, 50, 40, 40])
    assert not region.sampled[6]


def test_two_that_are_seen_at_once_are_two_regions() -> None:
    sightings = [seen((100 + n, 50, 40, 40), (400 - n, 200, 60, 60)) for n in range(4)]
    both = found([0, 6, 12, 18], sightings)
    assert sorted(round(float(region.boxes[0, 0])) for region in both) == [100, 400]
    assert all(len(region.frames) == 100 for region in both)


def test_weak_sightings_count_where_a_sure_one_links_with_them() -> None:
    box = (100, 50, 40, 40)
    [region] = found([0, 6, 12], [seen(box, score=0.3), seen(box, score=0.6), seen(box, score=0.3)], (0, 13))
    assert region.frames.tolist() == list(range(13))
    assert found([0, 6, 12], [seen(box, score=0.3)] * 3, (0, 13)) == []


def test_padding_grows_every_side_and_stays_in_the_frame() -> None:
    [region] = found([0], [seen((100, 50, 40, 20))], (0, 1), padding=0.5)
    np.testing.assert_allclose(region.boxes, [[80, 40, 80, 40]])
    [region] = found([0], [seen((600, 340, 40, 20))], (0, 1), padding=0.5)
    np.testing.assert_allclose(region.boxes, [[580, 330, 60, 30]])


def test_nothing_seen_hides_nothing() -> None:
    assert found([0, 5], [seen(), seen()]) == []


@st.composite
def clips(draw: st.DrawFn) -> tuple[list[int], list[Sighting], tuple[int, int]]:
    start = draw(st.integers(0, 20))
    end = draw(st.integers(start + 1, start + 80))
    samples = sorted({start, *draw(st.lists(st.integers(start, end - 1), max_size=10))})
    side = st.integers(2, 90).map(float)
    box = st.tuples(st.integers(0, 550).map(float), st.integers(0, 270).map(float), side, side)
    sightings = [seen(*draw(st.lists(box, max_size=3)), score=draw(st.sampled_from([0.5, 0.9]))) for _ in samples]
    return samples, sightings, (start, end)


@settings(max_examples=80, deadline=None)
@given(clips(), st.sampled_from([0.0, 0.2]))
def test_every_sighting_is_covered_and_no_region_leaves_the_clip_or_the_frame(
    given_: tuple[list[int], list[Sighting], tuple[int, int]], padding: float
) -> None:
    samples, sightings, (start, end) = given_
    hidden = found(samples, sightings, (start, end), padding)
    assert sum(int(region.sampled.sum()) for region in hidden) == sum(len(boxes) for boxes, _ in sightings)
    for sample, (boxes, _) in zip(samples, sightings, strict=True):
        for x, y, w, h in boxes:
            covering = [r.boxes[r.frames == sample] for r in hidden]
            assert any(
                bx <= x + 1e-3 and by <= y + 1e-3 and bx + bw >= x + w - 1e-3 and by + bh >= y + h - 1e-3
                for [(bx, by, bw, bh)] in (c for c in covering if len(c))
            )
    for region in hidden:
        assert region.frames.tolist() == list(range(region.frames[0], region.frames[-1] + 1))
        assert start <= region.frames[0] <= region.frames[-1] < end
        assert (region.boxes >= 0).all()
        assert (region.boxes[:, :2] + region.boxes[:, 2:] <= np.array(SIZE) + 1e-3).all()


@pytest.mark.parametrize("gap_s", [1.9])
def test_one_that_is_lost_for_less_than_two_seconds_is_the_same(gap_s: float) -> None:
    box, last = (100, 50, 40, 40), int(gap_s * 25)
    samples = list(range(0, last + 1, 6))
    sightings = [seen(box), *[seen() for _ in samples[1:-1]], seen(box)]
    assert len(found(samples, sightings)) == 1


def one(x: float, score: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[x, 10, 20, 20]], np.float32), np.array([score], np.float32)


NONE = (np.empty((0, 4), np.float32), np.empty(0, np.float32))


@pytest.mark.parametrize(
    ("found", "frames"),
    [
        ([one(10), one(12), one(14)], []),
        ([NONE, NONE, NONE], []),
        ([NONE, one(10), one(10)], [1, 2, 3, 4]),
        ([one(10), one(10), NONE], [6, 7, 8, 9]),
        ([one(10), NONE, one(10)], [1, 2, 3, 4, 6, 7, 8, 9]),
        ([one(10), one(22), one(22)], [1, 2, 3, 4]),
        ([NONE, one(10, 0.4), NONE], []),
        ([one(10, 0.4), one(10, 0.9), one(10, 0.4)], []),
    ],
    ids=["steady", "nobody", "comes", "goes", "misses a sample", "runs", "never sure", "sure once"],
)
def test_every_frame_is_looked_at_where_a_face_comes_goes_or_runs(
    found: list[tuple[np.ndarray, np.ndarray]], frames: list[int]
) -> None:
    assert frames_to_search([0, 5, 10], found, np.arange(11) / 25, 0.6) == frames
