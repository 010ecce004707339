"""What was seen in samples is hidden in every frame in which it may be."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.privacy.follow import Path
from rushes.privacy.found import Found
from rushes.privacy.regions import Region, linked, region

SIZE = (640, 360)
TIMES = np.arange(400) / 25
Box = tuple[float, ...]


def seen(*boxes: Box, score: float = 0.9) -> Found:
    return Found(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32))


def path(boxes: dict[int, Box], absent: Sequence[int] = ()) -> Path:
    made = Path(absent=set(absent))
    for frame, box in boxes.items():
        made.add(frame, np.array(box), 0.9)
    made.absent.update(absent)
    return made


def hidden(
    one: Path, clip: tuple[int, int] = (0, 100), padding: float = 0.0, scale: tuple[float, float] = (1, 1)
) -> Region:
    return region("face", one, TIMES, clip, scale, SIZE, padding)


def test_boxes_between_sightings_are_on_the_way_from_one_to_the_next() -> None:
    found = hidden(path({0: (100, 50, 40, 40), 5: (110, 50, 40, 40), 10: (120, 60, 40, 40)}), (0, 11))
    assert found.frames.tolist() == list(range(11))
    np.testing.assert_allclose(found.boxes[:, 0], np.arange(100, 122, 2))
    np.testing.assert_allclose(found.boxes[:, 1], [50] * 6 + [52, 54, 56, 58, 60])
    assert np.flatnonzero(found.sampled).tolist() == [0, 5, 10]
    assert (found.boxes.dtype, found.scores.dtype) == (np.float32, np.float32)


def test_the_way_goes_by_time_where_frames_are_uneven() -> None:
    times = np.array([0, 0.1, 0.2, 0.9, 1.0])
    one = path({0: (100, 50, 40, 40), 4: (110, 50, 40, 40)})
    found = region("plate", one, times, (0, 5), (1, 1), SIZE, 0.0)
    np.testing.assert_allclose(found.boxes[:, 0], [100, 101, 102, 109, 110], rtol=1e-5)
    assert found.kind == "plate"


def test_frames_that_nobody_looked_at_are_covered_up_to_those_without_it() -> None:
    box = (100, 50, 40, 40)
    found = hidden(path({30: box, 40: box}, absent=[10, 20, 50, 60]), (0, 70))
    assert found.frames.tolist() == list(range(21, 50))
    np.testing.assert_allclose(found.boxes, np.tile(np.array(box, np.float32), (29, 1)))


def test_for_a_moment_it_is_held_although_nobody_saw_it() -> None:
    found = hidden(path({30: (100, 50, 40, 40)}, absent=[29, 31]), (0, 70))
    assert found.frames.tolist() == [27, 28, 29, 30, 31, 32], "0.12 s, at 25 frames a second"


def test_a_frame_in_which_it_was_missed_is_bridged() -> None:
    found = hidden(path({0: (100, 50, 40, 40), 12: (108, 50, 40, 40)}, absent=[6]), (0, 13))
    assert found.frames.tolist() == list(range(13))
    np.testing.assert_allclose(found.boxes[6], [104, 50, 40, 40])
    assert not found.sampled[6]


def test_at_the_ends_a_region_reaches_the_clips_borders_and_not_beyond() -> None:
    found = hidden(path({12: (100, 50, 40, 40), 28: (100, 50, 40, 40)}), (10, 29))
    assert found.frames.tolist() == list(range(10, 29))


def test_boxes_are_scaled_to_the_source_and_grow_by_the_padding() -> None:
    found = hidden(path({0: (10, 20, 30, 40)}), (0, 1), padding=0.5, scale=(2, 3))
    np.testing.assert_allclose(found.boxes, [[20 - 30, 60 - 60, 60 + 60, 120 + 120]] + np.array([[10, 0, -10, 0]]))


BOXES = st.tuples(st.floats(-50, 630), st.floats(-50, 350), st.floats(1, 300), st.floats(1, 300))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.integers(5, 94), BOXES, min_size=1, max_size=8),
    st.sets(st.integers(5, 94), max_size=8),
    st.floats(0, 0.5),
)
def test_there_is_no_hole_and_every_box_lies_inside_the_frame_and_covers_what_was_seen(
    boxes: dict[int, Box], absent: set[int], padding: float
) -> None:
    found = hidden(path(boxes, sorted(absent - boxes.keys())), (5, 95), padding)
    assert np.diff(found.frames).tolist() == [1] * (len(found.frames) - 1)
    assert found.frames[0] <= min(boxes)
    assert found.frames[-1] >= max(boxes)
    assert found.frames[0] >= 5
    assert found.frames[-1] < 95
    corners = np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + found.boxes[:, 2:]], axis=1)
    assert (corners >= -1e-3).all()
    assert (corners <= np.array([*SIZE, *SIZE]) + 1e-3).all()
    for frame, (x, y, w, h) in boxes.items():
        left, top, right, bottom = corners[frame - found.frames[0]]
        assert left <= max(x, 0) + 0.01
        assert top <= max(y, 0) + 0.01
        assert right >= min(x + w, SIZE[0]) - 0.01
        assert bottom >= min(y + h, SIZE[1]) - 0.01


def test_two_that_are_seen_at_once_are_two_paths() -> None:
    found = {n: seen((100, 50, 40, 40), (400, 50, 40, 40)) for n in (0, 12, 24)}
    assert [sorted(one.boxes) for one in linked(found, TIMES)] == [[0, 12, 24]] * 2


def test_a_path_knows_the_samples_in_which_it_was_missed() -> None:
    box = (100, 50, 40, 40)
    (one,) = linked({0: seen(), 12: seen(box), 24: seen(), 36: seen(box, score=0.3), 48: seen()}, TIMES)
    assert sorted(one.boxes) == [12, 36]
    assert one.absent == {0, 24, 48}
    assert one.scores == {12: pytest.approx(0.9), 36: pytest.approx(0.3)}


@pytest.mark.parametrize(("lost_s", "paths"), [(1.9, 1), (3.0, 2)])
def test_one_that_is_lost_for_less_than_two_seconds_is_the_same(lost_s: float, paths: int) -> None:
    last = round(lost_s * 25)
    found = {n: seen() for n in range(0, last, 6)} | {0: seen((100, 50, 40, 40)), last: seen((100, 50, 40, 40))}
    assert len(linked(found, TIMES)) == paths


def test_without_sightings_there_are_no_paths() -> None:
    assert linked({0: seen(), 10: seen()}, TIMES) == []
