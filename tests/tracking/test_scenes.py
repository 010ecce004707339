"""Made scenes whose truth is known to the pixel: each object keeps one track, where plain SORT gives it several.

Objects are in order of distance, the farthest first. A detector of these scenes sees what is not hidden by nearer ones:
its score falls with the hidden part, and what is nearly hidden it does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import trackers
from known_tracks import Frames, agreement, ids_of

from rushes.tracking.boxes import clip_to_frame
from rushes.tracking.bytetrack import track_clip

FPS = 8.0
WIDTH, HEIGHT = 640, 360
Path = Callable[[float], Sequence[float] | None]
"""An object's box at a time in seconds; None while it is not there."""


def still(t: float) -> tuple[float, float]:
    return 0.0, 0.0


def scene(
    *objects: Path, seconds: float, camera: Callable[[float], tuple[float, float]] = still, seed: int = 0
) -> tuple[Frames, Frames]:
    """Return what there is in each frame, and what the detector says of it."""
    rng = np.random.default_rng(seed)
    known: Frames = []
    seen: Frames = []
    for t in np.arange(round(seconds * FPS)) / FPS:
        there = [(number, box) for number, path in enumerate(objects, 1) if (box := path(t)) is not None]
        ids = np.array([number for number, _ in there], np.int64)
        full = np.array([box for _, box in there], np.float64).reshape(-1, 4) - [*camera(t), 0, 0]
        boxes = clip_to_frame(full, WIDTH, HEIGHT)
        visible = np.array([_visible(boxes[at], boxes[at + 1 :]) for at in range(len(boxes))])
        inside = boxes[:, 2] * boxes[:, 3] >= 0.2 * full[:, 2] * full[:, 3]
        found = (visible >= 0.25) & inside
        shaken = boxes + rng.normal(0, 0.015, boxes.shape) * np.tile(boxes[:, 2:], 2)
        known.append((ids[found], boxes[found]))
        seen.append(((0.9 * visible[found]).astype(np.float32), shaken[found].astype(np.float32)))
    return known, seen


def _visible(box: np.ndarray, nearer: np.ndarray) -> float:
    """The share of a box that no nearer box hides, from a grid of points in it."""
    grid = (np.stack(np.meshgrid(np.arange(12), np.arange(12)), axis=-1).reshape(-1, 2) + 0.5) / 12
    offset = (box[:2] + grid * box[2:])[:, None] - nearer[:, :2]
    return 1.0 - float(((offset >= 0) & (offset < nearer[:, 2:])).all(axis=-1).any(axis=1).mean())


def walker(x: float, speed: float, y: float = 120.0, size: tuple[float, float] = (50.0, 120.0)) -> Path:
    """Somebody who walks at ``speed`` pixels a second and is at ``x`` at first."""
    return lambda t: (x + speed * t, y, *size)


def ours(seen: Frames) -> list[np.ndarray]:
    return track_clip([(boxes, scores) for scores, boxes in seen], np.arange(len(seen)) / FPS)


def plain_sort(seen: Frames) -> list[np.ndarray]:
    return ids_of(trackers.SORTTracker(frame_rate=FPS, minimum_consecutive_frames=1), seen)


def owners(known: Frames, ids: Sequence[np.ndarray]) -> dict[int, set[int]]:
    """Return which objects each track's boxes are of."""
    found: dict[int, set[int]] = {}
    for (objects, _), numbers in zip(known, ids, strict=True):
        for thing, number in zip(objects.tolist(), numbers.tolist(), strict=True):
            found.setdefault(number, set()).add(thing)
    return found


def assert_one_track_each(known: Frames, seen: Frames) -> None:
    found = owners(known, ours(seen))
    assert 0 not in found, f"boxes of {found.get(0)} are in no track"
    assert all(len(things) == 1 for things in found.values()), found
    assert sorted(thing for things in found.values() for thing in things) == list(range(1, len(found) + 1))


# occlusions and crossings


@pytest.mark.parametrize("seed", range(3))
def test_somebody_who_passes_behind_a_bus_is_the_same_when_he_comes_out(seed: int) -> None:
    known, seen = scene(walker(40, 80), lambda t: (240, 60, 100, 240), seconds=6.5, seed=seed)
    hidden = [1 not in objects for objects, _ in known]
    assert 6 <= sum(hidden) <= 10  # about a second
    assert_one_track_each(known, seen)


@pytest.mark.parametrize("seed", range(3))
def test_a_bus_that_passes_hides_nobody_for_good(seed: int) -> None:
    bystanders = [walker(x, 0) for x in (150, 260, 370)]
    known, seen = scene(*bystanders, walker(-260, 220, y=70, size=(180, 220)), seconds=5, seed=seed)
    assert min(len(objects) for objects, _ in known[8:24]) < 4
    assert_one_track_each(known, seen)


@pytest.mark.parametrize("seed", range(3))
def test_two_who_cross_do_not_change_names(seed: int) -> None:
    assert_one_track_each(*scene(walker(50, 90), walker(520, -90, y=128), seconds=6, seed=seed))


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_crossing_keeps_everybody_apart(seed: int) -> None:
    people = [walker(0, 110, y=100), walker(590, -90, y=112), walker(90, 60, y=124), walker(510, -50, y=136)]
    assert_one_track_each(*scene(*people, seconds=6, seed=seed))


# borders


def test_somebody_cut_by_the_border_is_one_while_he_comes_in_and_goes_out() -> None:
    known, seen = scene(walker(-60, 100), walker(300, 0), seconds=7.5)
    widths = [float(boxes[objects == 1][0, 2]) for objects, boxes in known if 1 in objects]
    assert min(widths[:2]) < 30 < 49 < max(widths)
    assert min(widths[-2:]) < 30
    assert_one_track_each(known, seen)


def test_who_comes_in_where_another_went_out_is_another() -> None:
    def later(t: float) -> Sequence[float] | None:
        return (640 - 60 * (t - 5.5), 120, 50, 120) if t > 5.5 else None

    assert_one_track_each(*scene(walker(480, 60), later, walker(200, 0), seconds=8))


# stopping and turning


def test_somebody_who_stops_and_turns_back_stays_the_same() -> None:
    def path(t: float) -> Sequence[float]:
        return (100 + 90 * min(t, 2) - 90 * max(t - 3, 0), 120, 50, 120)

    assert_one_track_each(*scene(path, walker(500, 0), seconds=5))


def test_somebody_who_stops_behind_a_bus_is_the_same_when_he_goes_on() -> None:
    def path(t: float) -> Sequence[float]:
        return (200 + 60 * min(t, 1) + 60 * max(t - 1.25, 0), 120, 50, 120)

    known, seen = scene(path, lambda t: (262, 60, 56, 240), seconds=4)
    assert any(1 not in objects for objects, _ in known)
    assert_one_track_each(known, seen)


# scores


def test_a_phase_of_low_scores_breaks_nothing() -> None:
    known, seen = scene(walker(40, 60), walker(560, -60, y=200), seconds=7)
    seen = [(scores * (0.25 if 16 <= at < 32 else 1), boxes) for at, (scores, boxes) in enumerate(seen)]
    assert_one_track_each(known, seen)


def test_false_boxes_of_low_score_begin_no_track_and_lead_none_astray() -> None:
    known, seen = scene(*[walker(60 + 90 * k, 20, y=60 + 30 * k) for k in range(5)], seconds=6)
    rng = np.random.default_rng(5)
    cluttered, truth = [], []
    for (objects, boxes), (scores, found) in zip(known, seen, strict=True):
        false = np.hstack([rng.uniform(0, [600, 300], (8, 2)), rng.uniform(20, 120, (8, 2))])
        cluttered.append((np.append(scores, rng.uniform(0.05, 0.35, 8)), np.vstack([found, false])))
        truth.append((np.append(objects, np.zeros(8, np.int64)), np.vstack([boxes, false])))
    per_track = owners(truth, ours(cluttered))
    per_track.pop(0)
    assert sorted(max(things) for things in per_track.values()) == [1, 2, 3, 4, 5]
    assert agreement(known, [boxes for _, boxes in cluttered], ours(cluttered))["switches"] == 0


# camera moves

PEOPLE = [
    walker(x, speed, y, (width, 2.2 * width))
    for x, speed, y, width in [
        (110, 6, 90, 44),
        (180, -5, 150, 60),
        (255, 4, 70, 36),
        (300, -6, 190, 50),
        (380, 5, 110, 64),
        (450, -4, 60, 40),
        (490, 3, 170, 56),
    ]
]


def jolt(t: float) -> tuple[float, float]:
    """The camera is pushed aside by most of a person's width, for a second."""
    return (40.0, 10.0) if 2 <= t < 3 else (0.0, 0.0)


def swing(t: float) -> tuple[float, float]:
    """A camera in the hand: back and forth at up to 300 pixels a second."""
    return 75 * float(np.sin(4 * t)), 12 * float(np.cos(7 * t))


def start(t: float) -> tuple[float, float]:
    """A pan that begins at once, at 320 pixels a second, and ends as suddenly."""
    return 320 * float(np.clip(t - 2, 0, 0.3)), 0.0


@pytest.mark.parametrize("camera", [jolt, swing, start], ids=lambda move: move.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_a_move_of_the_camera_loses_nobody(camera: Callable[[float], tuple[float, float]], seed: int) -> None:
    assert_one_track_each(*scene(*PEOPLE, seconds=6, camera=camera, seed=seed))


# beside plain SORT


def hard_scenes() -> list[tuple[Frames, Frames]]:
    bus = scene(walker(40, 80), walker(600, -70, y=150), lambda t: (240, 60, 100, 280), seconds=6.5)
    people = [walker(0, 110, y=100), walker(590, -90, y=112), walker(90, 60, y=124), walker(510, -50, y=136)]
    crossing = scene(*people, seconds=6)
    faint = scene(walker(40, 60), walker(560, -60, y=200), seconds=7)
    dimmed = [(scores * (0.2 if 16 <= at < 28 else 1), boxes) for at, (scores, boxes) in enumerate(faint[1])]
    return [
        bus,
        crossing,
        (faint[0], dimmed),
        scene(*PEOPLE, seconds=6, camera=swing),
        scene(*PEOPLE, seconds=6, camera=jolt),
    ]


@pytest.mark.parametrize("number", range(5), ids=["bus", "crossing", "faint", "swing", "jolt"])
def test_hota_is_one_that_plain_sort_does_not_reach(number: int) -> None:
    known, seen = hard_scenes()[number]
    boxes = [found for _, found in seen]
    mine, plain = (agreement(known, boxes, track(seen)) for track in (ours, plain_sort))
    assert mine["switches"] == 0
    assert plain["HOTA"] < 94.5 < 95.5 < mine["HOTA"]
