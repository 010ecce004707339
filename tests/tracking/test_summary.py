"""A track in a few numbers."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.tracking.class_scores import ClassScores, TopClasses
from rushes.tracking.summary import TrackSummary, summarise_track

FRAME = (100, 50)


def summarise(class_scores: list[list[float]], k: int = 10) -> TrackSummary:
    n = len(class_scores)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (n, 1))
    return summarise_track(top_of(class_scores, k), np.ones(n, np.float32), boxes, FRAME)


def top_of(class_scores: list[list[float]], k: int = 10) -> TopClasses:
    sums = ClassScores()
    for row in class_scores:
        sums.add(np.array(row, np.float32))
    return sums.top(k)


def test_the_class_is_the_best_over_the_whole_track_not_the_most_frequent_best() -> None:
    # Class 1 wins two frames of three narrowly; class 0 wins one by far.
    summary = summarise([[0.4, 0.5, 0.0], [0.4, 0.5, 0.0], [0.9, 0.1, 0.0]])
    assert summary.class_id == 0
    assert summary.top10_class_ids == [0, 1, 2]


def test_equal_means_are_ranked_by_class_id() -> None:
    assert summarise([[0.25, 0.5, 0.25, 0.5]]).top10_class_ids == [1, 3, 0, 2]


def test_of_a_large_vocabulary_ten_are_kept_and_of_a_small_one_all() -> None:
    assert summarise([list(np.linspace(0, 1, 80))]).top10_class_ids == list(range(79, 69, -1))
    assert len(summarise([[0.1, 0.2, 0.3]]).top10_class_ids) == 3


def test_mean_area_is_the_part_of_the_frame_covered_on_average() -> None:
    boxes = np.array([[0, 0, 50, 50], [90, 0, 20, 50]], np.float32)  # half the frame; a tenth, the rest is outside
    summary = summarise_track(top_of([[1.0]]), np.array([0.5, 0.7], np.float32), boxes, FRAME)
    assert summary.mean_area == pytest.approx(0.3)
    assert summary.mean_score == pytest.approx(0.6)


@given(st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=6))
def test_means_and_deviations_are_those_of_plain_python(class_scores: list[list[float]]) -> None:
    summary = summarise(class_scores, k=3)
    by_class = list(zip(*class_scores, strict=True))
    assert summary.class_id == summary.top10_class_ids[0]
    for class_id, mean, std in zip(summary.top10_class_ids, summary.top10_mean, summary.top10_std, strict=True):
        assert mean == pytest.approx(statistics.fmean(by_class[class_id]))
        assert std == pytest.approx(statistics.pstdev(by_class[class_id]), abs=1e-9)
    assert summary.top10_mean == sorted(summary.top10_mean, reverse=True)
    left_out = set(range(4)) - set(summary.top10_class_ids)
    assert all(statistics.fmean(by_class[class_id]) <= summary.top10_mean[-1] + 1e-12 for class_id in left_out)


def test_the_numbers_are_plain_so_that_they_can_be_written_as_json() -> None:
    summary = summarise([[0.25, 0.75]])
    assert type(summary.class_id) is int
    assert type(summary.mean_area) is float
    assert {type(value) for value in summary.top10_class_ids} == {int}
    assert {type(value) for value in summary.top10_mean + summary.top10_std} == {float}


def test_a_track_without_boxes_or_with_arrays_of_different_lengths_is_an_error() -> None:
    boxes = np.zeros((1, 4), np.float32)
    for scores, places in ((np.zeros(0), boxes[:0]), (np.zeros(2), boxes)):
        with pytest.raises(ValueError, match="at least one box, and a score for each"):
            summarise_track(top_of([[1.0]]), scores, places, FRAME)
    empty: list[list[list[float]]] = [[], [[]]]
    for nothing in empty:
        with pytest.raises(ValueError, match="at least one box and one class"):
            top_of(nothing)
