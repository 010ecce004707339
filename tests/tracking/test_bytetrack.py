"""Joining detections into tracks, in scenes whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.tracking.boxes import iou_matrix
from rushes.tracking.bytetrack import PRESETS, ByteTracker, TrackerParams, track_clip

FPS = 8.0
Clip = list[tuple[np.ndarray, np.ndarray]]


def box(x: float, y: float = 100.0, width: float = 60.0, height: float = 120.0) -> list[float]:
    return [x, y, width, height]


def frame(boxes: list[list[float]], scores: list[float] | float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    each = scores if isinstance(scores, list) else [scores] * len(boxes)
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(each, np.float32)


def track(clip: Clip, params: TrackerParams = PRESETS["default"]) -> list[np.ndarray]:
    return track_clip(clip, np.arange(len(clip)) / FPS, params)


def as_lists(ids: list[np.ndarray]) -> list[list[int]]:
    return [frame.tolist() for frame in ids]


def walk(frames: int, step: float = 15.0) -> Clip:
    """One object that moves to the right by a quarter of its width a frame."""
    return [frame([box(step * t)]) for t in range(frames)]


# one object, one track


def test_many_objects_that_move_linearly_have_one_track_each() -> None:
    rng = np.random.default_rng(1)
    places = np.stack(np.meshgrid(np.arange(8) * 300.0, np.arange(6) * 300.0), axis=-1).reshape(-1, 2)
    velocity = rng.uniform(-6, 6, places.shape)
    clip = []
    for t in range(24):
        boxes = np.hstack([places + velocity * t, np.tile([70.0, 110.0], (len(places), 1))])
        clip.append((boxes.astype(np.float32), np.full(len(places), 0.9, np.float32)))
    expected = list(range(1, len(places) + 1))
    assert as_lists(track(clip)) == [expected] * 24


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_follows_objects_that_move_slowly(preset: str) -> None:
    clip = [frame([box(4.0 * t), box(900 - 4.0 * t)]) for t in range(16)]
    assert as_lists(track(clip, PRESETS[preset])) == [[1, 2]] * 16


def test_two_objects_that_cross_keep_their_tracks() -> None:
    clip = [frame([box(20.0 * t, y=100), box(600 - 20.0 * t, y=112)]) for t in range(31)]  # they meet at t = 15
    assert as_lists(track(clip)) == [[1, 2]] * 31


def test_two_objects_that_cross_while_one_hides_the_other_keep_their_tracks() -> None:
    clip = []
    for t in range(31):
        near, far = box(20.0 * t, y=100), box(600 - 20.0 * t, y=112)
        clip.append(frame([near] if 14 <= t <= 16 else [near, far]))
    assert as_lists(track(clip)) == [[1] if 14 <= t <= 16 else [1, 2] for t in range(31)]


def test_an_object_that_enters_at_the_border_is_one_track_while_its_box_grows() -> None:
    clip = []
    for t in range(12):
        right = min(20.0 + 20.0 * t, 120.0)  # its width is cut by the frame's left border until it is 120 wide
        clip.append(frame([[max(0.0, 20.0 * t - 100), 50.0, right, 200.0]]))
    assert as_lists(track(clip)) == [[1]] * 12


def test_nearby_objects_are_not_swapped_by_the_order_of_the_detections() -> None:
    clip = [frame([box(10.0 * t), box(10.0 * t + 80)][:: 1 if t % 2 else -1]) for t in range(10)]
    first, second = track(clip)[1]
    assert [frame.tolist() for frame in track(clip)[1::2]] == [[first, second]] * 5
    assert [frame.tolist() for frame in track(clip)[0::2]] == [[second, first]] * 5


# occlusion


@pytest.mark.parametrize("hidden", [4, 6, 8])
def test_a_track_found_again_after_an_occlusion_keeps_its_whole_history(hidden: int) -> None:
    clip = walk(32)
    for t in range(12, 12 + hidden):  # half a second to a second
        clip[t] = frame([])
    assert as_lists(track(clip)) == [[] if 12 <= t < 12 + hidden else [1] for t in range(32)]


def test_an_object_hidden_for_longer_than_the_buffer_begins_a_new_track() -> None:
    params = replace(PRESETS["default"], track_buffer_s=1.0)
    still = [frame([box(50)])] * 10
    assert as_lists(track(still + [frame([])] * 7 + still, params))[17:] == [[1]] * 10  # a second from box to box
    assert as_lists(track(still + [frame([])] * 8 + still, params))[18:] == [[2]] * 10


def test_a_track_given_up_never_comes_back() -> None:
    still = [frame([box(50)])] * 5
    ids = track(still + [frame([])] * 20 + still + [frame([])] * 20 + still)
    boxes_of_track = np.bincount(np.concatenate(ids))
    assert boxes_of_track.tolist() == [0, 5, 5, 5]  # each of the fifteen boxes once, in one of three tracks


def test_frames_of_low_score_are_bridged_and_belong_to_the_track() -> None:
    clip = [frame([box(15.0 * t)], 0.2 if 5 <= t < 12 else 0.9) for t in range(20)]
    assert as_lists(track(clip)) == [[1]] * 20


def test_a_hidden_object_is_found_again_by_a_doubtful_box() -> None:
    clip = walk(20)
    for t in range(8, 12):
        clip[t] = frame([])
    clip[12] = frame([box(15.0 * 12)], 0.25)
    assert as_lists(track(clip))[12] == [1]


def test_doubtful_boxes_alone_are_no_track_and_those_below_the_floor_are_ignored() -> None:
    assert as_lists(track([frame([box(50)], 0.3)] * 10)) == [[0]] * 10
    clip = [frame([box(50)], 0.05 if t == 5 else 0.9) for t in range(10)]
    assert as_lists(track(clip)) == [[0] if t == 5 else [1] for t in range(10)]


def test_a_new_track_must_exceed_the_threshold_by_the_margin() -> None:
    params = TrackerParams(track_thresh=0.5, new_track_margin=0.2)
    assert as_lists(track([frame([box(50)], 0.6)] * 4, params)) == [[0]] * 4
    assert as_lists(track([frame([box(50)], 0.8)] + [frame([box(50)], 0.6)] * 3, params)) == [[1]] * 4


# beginnings and ends


def test_the_box_before_confirmation_belongs_to_the_track() -> None:
    clip = [frame([box(800)])] + [frame([box(800), box(15.0 * t)]) for t in range(1, 10)]
    assert as_lists(track(clip)) == [[1]] + [[1, 2]] * 9


def test_a_box_of_one_frame_is_no_track_unless_the_clip_begins_with_it() -> None:
    flash = frame([box(800)])
    assert as_lists(track([frame([]), flash, frame([]), frame([])])) == [[], [0], [], []]
    assert as_lists(track([flash, frame([]), frame([])])) == [[1], [], []]


def test_only_boxes_in_consecutive_frames_confirm_a_track() -> None:
    nothing, flash = frame([]), frame([box(800)])
    assert as_lists(track([nothing, flash, nothing, flash, nothing])) == [[], [0], [], [0], []]


def test_the_numbers_of_false_starts_are_not_left_as_gaps() -> None:
    clip = [frame([box(50)]), frame([box(50), box(500)]), frame([box(50), box(900)]), frame([box(50), box(900)])]
    assert as_lists(track(clip)) == [[1], [1, 0], [1, 2], [1, 2]]


def test_tracks_that_last_to_the_end_of_the_clip_are_there() -> None:
    late = [frame([]) if t < 6 else frame([box(15.0 * t)]) for t in range(8)]  # confirmed by the very last frame
    assert as_lists(track(late))[-2:] == [[1], [1]]
    lost = walk(6) + [frame([])] * 3  # lost, but not yet given up, when the clip ends
    assert as_lists(track(lost)) == [[1]] * 6 + [[]] * 3


def test_tracks_are_numbered_in_order_of_birth() -> None:
    clip = [frame([box(300.0 * k) for k in range(min(t // 3, 4) + 1)]) for t in range(18)]
    seen: list[int] = []
    for ids in track(clip):
        seen += [number for number in ids.tolist() if number not in seen]
    assert seen == [1, 2, 3, 4, 5]


def test_clips_without_frames_or_without_detections() -> None:
    assert track([]) == []
    assert as_lists(track([frame([])] * 3)) == [[], [], []]


def test_with_three_hits_needed_two_are_not_enough() -> None:
    params = TrackerParams(min_hits=3)
    nothing = [frame([])]
    assert as_lists(track(nothing + walk(2) + nothing, params)) == [[], [0], [0], []]
    assert as_lists(track(nothing + walk(3) + nothing, params)) == [[], [1], [1], [1], []]


# time

UNEVEN = np.cumsum([0, 1, 1, 1, 1, 4, 1, 1, 5, 1, 1, 1, 3, 1, 1]) / FPS  # seconds; some frames are missing


def test_uneven_frames_are_followed_by_their_times() -> None:
    clip = [frame([box(200.0 * at)]) for at in UNEVEN]
    assert as_lists(track_clip(clip, UNEVEN)) == [[1]] * len(clip)


def test_without_their_times_the_same_frames_break_the_track() -> None:
    clip = [frame([box(200.0 * at)]) for at in UNEVEN]
    assert max(ids.max() for ids in track_clip(clip, np.arange(len(clip)) / FPS)) > 1


def test_the_buffer_is_measured_in_seconds_not_in_frames() -> None:
    still = [frame([box(50)])] * 4
    clip = [*still, frame([]), *still]
    for gap, number in ((0.5, 1), (2.0, 2)):
        times = np.array([0, 1, 2, 3, 3 + gap * 2, 3 + gap * 4, 4 + gap * 4, 5 + gap * 4, 6 + gap * 4]) / 4
        assert as_lists(track_clip(clip, times))[5:] == [[number]] * 4


def test_a_tracker_fed_at_its_frame_rate_is_a_tracker_told_the_times() -> None:
    clip = walk(10)
    by_rate, by_time = ByteTracker(fps=25.0), ByteTracker()
    for t, (boxes, scores) in enumerate(clip):
        np.testing.assert_array_equal(by_rate.update(boxes, scores), by_time.update(boxes, scores, time_s=t / 25))


@pytest.mark.parametrize(("preset", "rate"), [("trackverse-doc", 8), ("trackverse-v1", 16)])
def test_trackverses_buffer_is_counted_in_frames_at_its_own_rate(preset: str, rate: int) -> None:
    lost = int(rate / 30 * 24)
    still = [frame([box(50)])] * 4
    for hidden, number in ((lost - 1, 1), (lost, 2)):
        clip = still + [frame([])] * hidden + still
        assert as_lists(track_clip(clip, np.arange(len(clip)) / rate, PRESETS[preset]))[-1] == [number]


# appearance


def test_appearance_decides_where_place_misleads() -> None:
    red, blue = [1.0, 0.0], [0.0, 1.0]
    still = [frame([box(0), box(50)])] * 6
    clip = [*still, frame([box(22), box(28)])]  # the left one is now on the right, as its colour tells
    colours = [np.array([red, blue])] * 6 + [np.array([blue, red])]
    times = np.arange(7) / FPS
    mixed = TrackerParams(motion_weight=0.4)
    assert as_lists(track_clip(clip, times, mixed, colours))[-1] == [2, 1]
    assert as_lists(track_clip(clip, times, mixed))[-1] == [1, 2]


def test_lookalikes_that_do_not_touch_are_not_joined() -> None:
    clip = [frame([box(0)])] * 4 + [frame([box(900)])] * 4
    colours = [np.array([[1.0, 0.0]])] * 8
    assert as_lists(track_clip(clip, np.arange(8) / FPS, PRESETS["trackverse-v1"], colours)) == [[1]] * 4 + [[2]] * 4


# properties


def wild_clip(seed: int) -> Clip:
    """Anything a detector might say: walkers that start, stop and vanish, with noise, in changing order."""
    rng = np.random.default_rng(seed)
    place, velocity = rng.uniform(0, 600, (6, 2)), rng.normal(0, 15, (6, 2))
    clip = []
    for _ in range(int(rng.integers(1, 25))):
        place = place + velocity + rng.normal(0, 4, place.shape)
        boxes = np.hstack([place, rng.uniform(60, 100, (6, 2))])[rng.permutation(6)][: rng.integers(0, 7)]
        clip.append((boxes.astype(np.float32), rng.random(len(boxes)).astype(np.float32)))
    return clip


SEEDS = st.integers(0, 100_000)


@settings(deadline=None)
@given(SEEDS)
def test_a_track_is_at_most_once_in_a_frame_and_numbers_have_no_gaps(seed: int) -> None:
    clip = wild_clip(seed)
    ids = track(clip)
    for (boxes, _), numbers in zip(clip, ids, strict=True):
        assert numbers.dtype == np.int64
        assert numbers.shape == (len(boxes),)
        tracked = numbers[numbers > 0]
        assert len(set(tracked)) == len(tracked)
    used = {int(number) for number in np.concatenate(ids)} - {0}
    assert used == set(range(1, len(used) + 1))


@settings(deadline=None)
@given(SEEDS)
def test_the_order_of_a_frames_detections_does_not_matter(seed: int) -> None:
    clip = wild_clip(seed)
    rng = np.random.default_rng(seed + 1)
    orders = [rng.permutation(len(scores)) for _, scores in clip]
    shuffled = [(boxes[order], scores[order]) for (boxes, scores), order in zip(clip, orders, strict=True)]
    expected = np.concatenate([numbers[order] for numbers, order in zip(track(clip), orders, strict=True)])
    found = np.concatenate(track(shuffled))
    # Tracks born in the same frame are numbered by its order, so what must agree is which boxes go together.
    assert set(found[expected == 0]) <= {0}
    pairs = set(zip(expected.tolist(), found.tolist(), strict=True))
    assert len(pairs) == len(set(expected)) == len(set(found))


@settings(deadline=None)
@given(SEEDS)
def test_a_clip_moved_in_time_and_place_has_the_same_tracks(seed: int) -> None:
    clip = wild_clip(seed)
    moved = [(boxes + np.float32([512, 256, 0, 0]), scores) for boxes, scores in clip]
    assert as_lists(track_clip(moved, np.arange(len(clip)) / FPS + 64)) == as_lists(track(clip))


@settings(deadline=None)
@given(SEEDS)
def test_frame_by_frame_gives_the_same_tracks_as_the_whole_clip(seed: int) -> None:
    clip = wild_clip(seed)
    tracker = ByteTracker(fps=FPS)
    online = np.concatenate([tracker.update(boxes, scores) for boxes, scores in clip])
    numbers = {number: rank for rank, number in enumerate(tracker.confirmed.tolist(), start=1)}
    assert [numbers.get(number, 0) for number in online.tolist()] == np.concatenate(track(clip)).tolist()


# what is refused


def test_times_that_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="never fall"):
        track_clip(walk(3), np.array([0.0, 0.2, 0.1]))


def test_fewer_times_than_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        track_clip(walk(3), np.array([0.0, 0.1]))


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        (np.zeros((2, 4)), np.zeros(3)),
        (np.zeros((2, 5)), np.zeros(2)),
        (np.full((1, 4), np.nan), np.ones(1)),
        (np.ones((1, 4)), np.array([np.inf])),
    ],
)
def test_arrays_that_make_no_sense_are_refused(boxes: np.ndarray, scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        ByteTracker().update(boxes, scores)


# beside another implementation


def crowd(seed: int) -> tuple[Clip, list[np.ndarray]]:
    """Walkers that hide one another, at first to doubtful boxes, then wholly; and the true object of each box."""
    rng = np.random.default_rng(seed)
    size = np.stack([height := rng.uniform(80, 240, 10), height], axis=1) * [0.5, 1.0]
    place, velocity = rng.uniform(0, [900, 300], (10, 2)), rng.normal(0, 1, (10, 2)) * height[:, None] * [0.08, 0.01]
    clip, truth = [], []
    for _ in range(80):
        place = place + velocity
        velocity[:, 0] *= np.where((place[:, 0] < 0) | (place[:, 0] > 1000), -1, 1)
        boxes = np.hstack([place, size]) + rng.normal(0, 0.02, (10, 4)) * np.tile(size, 2)
        hidden = np.where(height > height[:, None], iou_matrix(boxes, boxes), 0).max(axis=1)
        kept = hidden < 0.5
        clip.append((boxes[kept].astype(np.float32), (0.9 - hidden)[kept].astype(np.float32)))
        truth.append(np.flatnonzero(kept))
    return clip, truth


def switches(truth: list[np.ndarray], ids: list[np.ndarray]) -> int:
    """How often an object's track is another than the last that it had."""
    last: dict[int, int] = {}
    count = 0
    for objects, numbers in zip(truth, ids, strict=True):
        for thing, number in zip(objects.tolist(), numbers.tolist(), strict=True):
            if number:
                count += last.get(thing, number) != number
                last[thing] = number
    return count


def test_objects_change_tracks_no_more_often_than_with_the_trackers_package() -> None:
    trackers = pytest.importorskip("trackers")
    supervision = pytest.importorskip("supervision")
    ours = theirs = 0
    for seed in range(4):
        clip, truth = crowd(seed)
        other, numbers = trackers.ByteTrackTracker(frame_rate=FPS), []
        for boxes, scores in clip:
            corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
            place = {"place": np.arange(len(boxes))}
            out = other.update(supervision.Detections(xyxy=corners, confidence=scores, data=place))
            found = np.zeros(len(boxes), np.int64)
            found[out.data["place"]] = np.asarray(out.tracker_id) + 1
            numbers.append(found)
        ours += switches(truth, track(clip))
        theirs += switches(truth, numbers)
    assert ours <= theirs
