"""The figures of a report are what a slower way of measuring gives, and are drawn where they belong."""

import re
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reported import FRAMES, candidates, fill, recipe, selection

from rushes.selection.choice import Candidates, Choice
from rushes.selection.report.distances import measure, nearest_left
from rushes.selection.report.drawing import HEIGHT, WIDTH, draw_histogram, draw_map
from rushes.selection.report.figures import figures
from rushes.selection.report.places import principal_axes, umap_places
from rushes.selection.report.sample import Looked, Part, look, unit
from rushes.selection.report.shares import shares
from rushes.selection.report.timeline import timelines
from rushes.store.database import connect
from rushes.store.objects import Objects


def vectors(count: int, seed: int = 0, width: int = 5) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(count, width))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def made(count: int, given: np.ndarray | None) -> Candidates:
    return candidates([{"video_id": "v", "first_frame": n} for n in range(count)], given)


def part(of: np.ndarray, at: np.ndarray) -> Part:
    return Part(at, unit(of[at])[0], len(at))


def look_at(of: Candidates, chosen: int, seed: int = 0) -> Looked:
    with duckdb.connect() as connection:
        return look(connection, recipe(seed=seed), of, [Choice(at, None, "") for at in range(chosen)])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(0, 99))
def test_distances_are_those_of_each_pair_measured_by_itself(count: int, seed: int) -> None:
    own = vectors(count, seed)
    chosen = np.arange(0, count, 3)
    looked = Looked(part(own, np.arange(count)), part(own, chosen))
    found = measure(looked, made(count, own), chosen)
    apart = np.linalg.norm(own[:, None].astype(float) - own[None], axis=2)
    pairs = apart[np.triu_indices(count, 1)]
    assert found.pairs.before.sum() == len(pairs)
    assert found.pairs.after.sum() == len(chosen) * (len(chosen) - 1) // 2
    assert np.abs(np.cumsum(found.pairs.before) - [(pairs <= edge).sum() for edge in found.pairs.edges[1:]]).max() <= 1
    assert found.nearest.before.sum() == count
    assert found.radius == pytest.approx(apart[:, chosen].min(axis=1).max(), abs=1e-6)
    assert found.covering == len(chosen)
    if len(chosen) > 1:
        assert found.least == pytest.approx(min(apart[a, b] for a in chosen for b in chosen if a < b), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 40), st.integers(0, 99), st.booleans())
def test_the_nearest_that_was_left_is_the_nearest_of_all_that_were(count: int, seed: int, sampled: bool) -> None:
    own = vectors(count, seed)
    own[count // 2] = own[1]  # a tie
    left = np.random.default_rng(seed).random(count) < 0.5
    asked = part(own, np.flatnonzero(~left))
    given = Candidates(made(count, None).rows, None if sampled else own)
    found = nearest_left(given, part(own, np.arange(count)), left, asked)
    for at, near in zip(asked.at, found, strict=True):
        apart = [(round(float(np.linalg.norm(own[at].astype(float) - own[n])), 6), n) for n in np.flatnonzero(left)]
        assert (near is None) == (not apart)
        if near is not None:
            assert near == (min(apart)[1], pytest.approx(min(apart)[0], abs=1e-5))


def test_few_or_equal_candidates_can_be_measured() -> None:
    same = np.ones((4, 3), np.float32) / np.sqrt(3, dtype=np.float32)
    looked = Looked(part(same, np.arange(4)), part(same, np.arange(1)))
    found = measure(looked, made(4, same), np.array([0]))
    assert found.radius == pytest.approx(0, abs=1e-6)
    assert found.least is None
    assert principal_axes(looked.everyone.vectors).places(same).tolist() == [[0, 0]] * 4
    assert draw_histogram(found.pairs).before
    assert draw_histogram(found.pairs).after == ""


def test_figures_look_at_a_part_that_the_seed_draws() -> None:
    many = made(3000, vectors(3000))
    looked = [look_at(many, 1500, seed) for seed in (0, 0, 1)]
    assert (len(looked[0].everyone), looked[0].everyone.of) == (2000, 3000)
    assert (len(looked[0].chosen), looked[0].chosen.of) == (1000, 1500)
    assert looked[0].everyone.at.tolist() == looked[1].everyone.at.tolist() != looked[2].everyone.at.tolist()


def test_a_bad_vector_is_left_out_of_the_figures_and_counted() -> None:
    own = vectors(10)
    own[3], own[4] = 0, np.nan
    looked = look_at(made(10, own), 4)
    assert looked.everyone.at.tolist() == [0, 1, 2, 5, 6, 7, 8, 9]
    assert looked.lost == 3


# ── maps ──


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 30), st.integers(2, 40), st.integers(0, 99))
def test_principal_axes_are_those_of_a_singular_value_decomposition(count: int, width: int, seed: int) -> None:
    own = np.random.default_rng(seed).normal(size=(count, width))
    axes = principal_axes(own)
    centred = own - own.mean(axis=0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(axes.places(own)) == pytest.approx(np.abs(centred @ directions[:2].T), abs=1e-6)
    assert axes.explained == pytest.approx((values**2 / (values**2).sum())[:2])
    largest = axes.basis[range(2), np.abs(axes.basis).argmax(axis=1)]
    assert (largest > 0).all()


def test_a_map_keeps_its_paper_and_one_scale_for_both_axes() -> None:
    places = np.array([[0, 0], [4, 0], [0, 1.0]])
    drawn = draw_map(places, [0, 0, 10], places[:2], [0, 0], [0, 1], [places])
    dots = np.array(
        [[float(n) for n in pair] for _, path in drawn.clouds for pair in re.findall(r"M(\S+) (\S+?)h0", path)]
    )
    assert len(dots) == 3
    assert ((dots >= 0) & (dots <= (WIDTH, HEIGHT))).all()
    apart = np.linalg.norm(dots[:, None] - dots[None], axis=2)
    assert apart[0, 1] / apart[0, 2] == pytest.approx(4, abs=0.01)
    assert [colour for colour, _ in drawn.clouds] == [0, 10]
    assert [bool(dot.frames) for dot in drawn.dots] == [True, False]


def test_each_chosen_sequence_is_on_the_map_with_the_vectors_of_its_frames(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path)
    every = candidates()
    chosen = selection(store, every, range(len(every)))
    with connect(store) as connection:
        found = figures(connection, recipe(), every, chosen.choices)
    assert found.pca is not None
    assert found.legend == ["day", "night"]
    assert list(found.ranks) == list(range(12))
    assert [len(frames) for frames in found.pca.frames] == [5] * 12
    spread = [np.linalg.norm(frames - frames.mean(axis=0), axis=1).max() for frames in found.pca.frames]
    middles = [frames.mean(axis=0) for frames in found.pca.frames]
    for own, middle, chosen_at in zip(spread, middles, found.pca.chosen, strict=True):
        assert np.linalg.norm(middle - chosen_at) < 0.1  # its sequence is where its frames are
        assert own < 0.1


def test_where_choosing_read_no_vectors_the_figures_load_theirs(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path)
    every = candidates()
    without = Candidates(every.rows)
    chosen = selection(store, without, [0, 7]).choices
    with connect(store) as connection:
        loaded = figures(connection, recipe(), without, chosen)
        read = figures(connection, recipe(), every, chosen)
    assert loaded.pca is not None
    assert read.pca is not None
    assert loaded.pca.everyone == pytest.approx(read.pca.everyone, abs=2e-3)
    assert loaded.distances is not None
    assert read.distances is not None
    assert loaded.distances.radius == pytest.approx(read.distances.radius, abs=2e-3)


def test_umap_gives_the_same_places_for_the_same_seed() -> None:
    pytest.importorskip("umap", reason="umap-learn is not installed")
    own = vectors(30)
    first = umap_places(own, 3)
    assert first.shape == (30, 2)
    assert (first == umap_places(own, 3)).all()


# ── shares and timelines ──


def test_shares_list_the_thirty_most_frequent_and_the_others_as_one() -> None:
    names = [f"class {n:02d}" for n in range(40) for _ in range(n + 1)] + [None] * 5
    chosen = np.array([0, 1, 2, len(names) - 1])
    listed = shares(pa.chunked_array([names]), np.arange(len(names)), chosen)
    assert len(listed) == 31
    assert [one.name for one in listed[:4]] == ["class 01", "none", "class 00", "class 39"]
    assert listed[-1].name == "11 others"
    assert (sum(one.before for one in listed), sum(one.after for one in listed)) == (len(names), 4)
    assert sum(one.before_share for one in listed) == pytest.approx(1)
    assert sum(one.after_share for one in listed) == pytest.approx(1)
    assert shares(pa.chunked_array([[None, None]], pa.string()), np.arange(2), chosen[:0]) == []


def test_a_timeline_tells_in_seconds_what_was_considered_and_chosen(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path)
    rows = [{"video_id": "day", "first_frame": n} for n in (0, 30, 50)] + [{"video_id": "night", "first_frame": 5}]
    chosen = selection(store, candidates(rows), [2, 0])
    with connect(store) as connection:
        (day, night), more = timelines(connection, chosen.candidates, chosen.choices, 1)
    assert more == 0
    assert (day.video_id, day.n_considered, day.n_chosen, night.n_chosen) == ("day", 3, 2, 0)
    assert (day.start_s, day.end_s) == (0, pytest.approx(FRAMES / 25))
    assert covered(day.kept) == [(0, 1000)]
    assert covered(day.considered) == [(0, 167), (500, 667), (833, 1000)]
    assert covered(day.chosen) == [(0, 167), (833, 1000)]
    assert covered(night.considered) == [(83, 250)]
    (mark,) = day.marks
    assert (mark.rank, mark.start_s, mark.end_s) == (0, 2.0, pytest.approx(2.4))


def covered(path: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in re.findall(r"M(\d+) 0H(\d+)", path)]
