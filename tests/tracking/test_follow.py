"""A clip followed frame by frame has the tracks, and their classes, that all of its scores at once would give."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.tracking.bytetrack import PRESETS, track_clip
from rushes.tracking.class_scores import ClassScores
from rushes.tracking.detector import Detections
from rushes.tracking.follow import follow

FPS = 8.0


def scene(seed: int, frames: int, objects: int, classes: int) -> Iterator[Detections]:
    """Objects that wander, are missed now and then, and come and go; each frame's best detections first."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 900, (objects, 2))
    for _ in range(frames):
        places += random.normal(0, 4, places.shape)
        gone = random.random(objects) < 0.02
        places[gone] = random.uniform(0, 900, (int(gone.sum()), 2))
        seen = random.random(objects) < 0.85
        class_scores = (random.random((int(seen.sum()), classes)) ** 4 * 0.95).astype(np.float32)
        scores = class_scores.max(axis=1)
        order = np.argsort(-scores, kind="stable")
        boxes = np.hstack([places[seen], np.full((int(seen.sum()), 2), 60.0)]).astype(np.float32)
        yield Detections(boxes[order], scores[order], class_scores[order])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("classes", [1, 7, 80])
def test_tracks_and_their_best_classes_are_those_of_all_scores_held_at_once(preset: str, classes: int) -> None:
    held = list(scene(classes, 120, 12, classes))
    times = np.arange(len(held)) / FPS
    ids = track_clip([(one.boxes, one.scores) for one in held], times, PRESETS[preset])
    found = follow(iter(held), times, PRESETS[preset])
    assert len(found) == max(int(frame.max(initial=0)) for frame in ids) > 5
    for number, (seen, top) in enumerate(found, 1):
        places = [(at, int(k)) for at, frame in enumerate(ids) for k in np.flatnonzero(frame == number)]
        assert seen.at == [at for at, _ in places]
        np.testing.assert_array_equal(seen.boxes, [held[at].boxes[k] for at, k in places])
        assert seen.scores == [float(held[at].scores[k]) for at, k in places]
        dense = np.array([held[at].class_scores[k] for at, k in places], np.float64)
        assert seen.class_ids == dense.argmax(axis=1).tolist()
        mean = dense.mean(axis=0)
        assert top.ids == np.argsort(-mean, kind="stable")[:10].tolist()
        assert top.mean == mean[top.ids].tolist()  # to the bit
        np.testing.assert_allclose(top.std, dense.std(axis=0)[top.ids], rtol=0, atol=1e-12)


def test_a_track_found_again_after_an_occlusion_keeps_all_its_scores() -> None:
    """Sums are closed only when a track is lost for good."""
    random = np.random.default_rng(3)
    everything = [random.random(30).astype(np.float32) * 0.5 for _ in range(40)]
    hidden = range(10, 20)  # 1.25 s, and lost for good after 1.5 s
    frames = [
        Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 30), np.float32))
        if at in hidden
        else Detections(np.array([[50, 50, 40, 80]], np.float32), np.array([0.9], np.float32), scores[None])
        for at, scores in enumerate(everything)
    ]
    ((seen, top),) = follow(frames, np.arange(40) / FPS, PRESETS["default"])
    assert len(seen.at) == 30
    dense = np.array([scores for at, scores in enumerate(everything) if at not in hidden], np.float64)
    np.testing.assert_array_equal(top.mean, dense.mean(axis=0)[top.ids])


def test_memory_does_not_grow_with_the_vocabulary_times_the_boxes() -> None:
    """3000 boxes and more of 1203 classes would be 14 MB and more; of twenty living tracks the sums are under 1 MB."""
    times = np.arange(200) / FPS
    tracemalloc.start()
    try:
        found = follow(scene(0, 200, 20, 1203), times, PRESETS["default"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    boxes = sum(len(seen.at) for seen, _ in found)
    assert boxes > 3000
    assert peak < 0.35 * boxes * 1203 * 4


def test_as_many_times_as_frames_are_wanted() -> None:
    with pytest.raises(ValueError, match="zip"):
        follow(scene(0, 3, 2, 2), np.arange(4) / FPS, PRESETS["default"])


@given(st.lists(st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12), min_size=1, max_size=30))
def test_running_sums_are_those_of_all_rows(rows: list[list[float]]) -> None:
    dense = np.array(rows, np.float32)
    sums = ClassScores()
    for row in dense:
        sums.add(row)
    top = sums.top()
    mean = dense.astype(np.float64).mean(axis=0)
    assert top.ids == np.argsort(-mean, kind="stable")[:10].tolist()
    assert top.mean == mean[top.ids].tolist()
    np.testing.assert_allclose(top.std, dense.astype(np.float64).std(axis=0)[top.ids], rtol=0, atol=1e-9)
