"""How much one sequence shows again of another: by its definition, its properties, and from a real store."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import box_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.selection.choice import CANDIDATE, FRAMES, Candidates
from rushes.selection.choosing.overlap import Overlaps, Shown, overlap
from rushes.store.database import connect
from rushes.store.objects import Objects

Box = tuple[float, float, float, float]


def shown(boxes: dict[float, Box]) -> Shown:
    return Shown(np.array(list(boxes), float), np.array(list(boxes.values()), float).reshape(-1, 4))


@st.composite
def boxes(draw: st.DrawFn, least: int = 1) -> dict[float, Box]:
    """Boxes with an area by their times, which ascend."""
    times = sorted(draw(st.sets(st.integers(0, 40), min_size=least, max_size=6)))
    found = {}
    for time in times:
        left, top = draw(st.integers(0, 8)), draw(st.integers(0, 8))
        found[time / 4] = (left, top, left + draw(st.integers(1, 8)), top + draw(st.integers(1, 8)))
    return found


def iou(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    area = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return common / (area - common)


def share(one: dict[float, Box], other: dict[float, Box], buffer: float) -> float:
    total = 0.0
    for time, box in one.items():
        nearest = min(other, key=lambda at: (abs(at - time), at))
        apart = abs(nearest - time)
        total += iou(box, other[nearest]) * (1 if apart <= buffer else 1 / (apart / buffer) ** 0.5)
    return total / len(one)


@settings(max_examples=200, deadline=None)
@given(boxes(), boxes(), st.sampled_from([0.25, 1.0, 3.0]))
def test_it_is_the_larger_share_that_one_shows_of_the_other(
    one: dict[float, Box], other: dict[float, Box], buffer: float
) -> None:
    found = overlap(shown(one), shown(other), buffer)
    assert found == pytest.approx(max(share(one, other, buffer), share(other, one, buffer)))
    assert 0 <= found <= 1
    assert found == overlap(shown(other), shown(one), buffer)


@settings(max_examples=50, deadline=None)
@given(boxes(), boxes(least=0), st.floats(0.1, 5))
def test_a_sequence_overlaps_itself_and_what_it_is_a_piece_of_wholly(
    one: dict[float, Box], more: dict[float, Box], buffer: float
) -> None:
    assert overlap(shown(one), shown(one), buffer) == 1
    longer = dict(sorted((more | one).items()))
    assert overlap(shown(one), shown(longer), buffer) == 1


@settings(max_examples=50, deadline=None)
@given(boxes(), boxes())
def test_boxes_that_do_not_meet_do_not_overlap(one: dict[float, Box], other: dict[float, Box]) -> None:
    away = {time: (box[0] + 100, box[1], box[2] + 100, box[3]) for time, box in other.items()}
    assert overlap(shown(one), shown(away), 1.0) == 0


@settings(max_examples=50, deadline=None)
@given(boxes(), st.floats(0.1, 3), st.lists(st.floats(0, 50), min_size=2, max_size=5).map(sorted))
def test_it_falls_with_time(one: dict[float, Box], buffer: float, shifts: list[float]) -> None:
    """The same place ever later: from beyond the end on, ever less."""
    last = max(one) - min(one)
    box = (0.0, 0.0, 1.0, 1.0)
    still = dict.fromkeys(one, box)
    later = [overlap(shown(still), shown({time + last + s: box for time in one}), buffer) for s in shifts]
    assert later == sorted(later, reverse=True)


def test_what_has_no_boxes_overlaps_nothing() -> None:
    assert overlap(shown({}), shown({0.0: (0, 0, 1, 1)}), 1.0) == 0


def test_a_worked_example() -> None:
    """Four seconds apart with a buffer of one: half of what it would be at once; half of the box: a quarter."""
    one, other = {0.0: (0.0, 0.0, 10.0, 10.0)}, {4.0: (0.0, 0.0, 10.0, 5.0)}
    assert overlap(shown(one), shown(other), 1.0) == 0.25


# ---- From a store ---------------------------------------------------------------------------------------------------


def candidates(*rows: tuple[str, str | None, list[int]], pooled: int = 0) -> Candidates:
    table = [
        {
            "sequence_id": f"{number}",
            "video_id": video,
            "clip_id": video,
            "track_id": track,
            "first_frame": frames[0],
            "last_frame": frames[-1],
            "n_frames": len(frames),
            "n_padded": 0,
            "pooled": number < pooled,
            "frames": frames,
        }
        for number, (video, track, frames) in enumerate(rows)
    ]
    return Candidates(pa.Table.from_pylist(table, schema=pa.schema([*CANDIDATE, FRAMES])))


@pytest.fixture
def filled(store: Objects) -> duckdb.DuckDBPyConnection:
    """Two videos of 100 frames, 25 a second; in the first a track that stands still and one that is elsewhere."""
    clip = filtered_row("a", 0, 100)
    still, elsewhere = track_row(clip, 1, 0, 100), track_row(clip, 2, 0, 100)
    found = [box_row(still, frame, (0, 0, 10, 10)) for frame in range(100)]
    found += [box_row(elsewhere, frame, (300, 0, 10, 10)) for frame in range(100)]
    write_batch(
        store,
        videos=[video_row("a"), video_row("b")],
        packets=[*packet_rows("a", range(100)), *packet_rows("b", range(100))],
        filtered_clips=[clip, filtered_row("b", 0, 100)],
        tracks=[still, elsewhere],
        track_boxes=found,
    )
    return connect(store)


def test_sequences_of_one_track_overlap_and_of_two_tracks_do_not(filled: duckdb.DuckDBPyConnection) -> None:
    track, other = "a.000000-000100.t0001", "a.000000-000100.t0002"
    first, later, elsewhere = list(range(10)), list(range(60, 70)), list(range(10))
    overlaps = Overlaps(filled, candidates(("a", track, first), ("a", track, later), ("a", other, elsewhere)), 1.0)
    overlaps.add(0)
    assert overlaps.at_most(2, 0.0)
    # Each of the later frames lies 51 to 60 frames, over two seconds, from the first ones' last.
    expected = np.mean([1 / np.sqrt((frame - 9) / 25) for frame in later])
    assert not overlaps.at_most(1, expected - 1e-9)
    assert overlaps.at_most(1, expected + 1e-9)


def test_sequences_of_a_clip_that_share_frames_overlap(filled: duckdb.DuckDBPyConnection) -> None:
    found = candidates(("b", None, list(range(10))), ("b", None, list(range(5, 15))), ("a", None, list(range(5, 15))))
    overlaps = Overlaps(filled, found, 0.04)
    overlaps.add(0)
    assert overlaps.at_most(2, 0.0), "another video"
    expected = (6 + sum(1 / np.sqrt(frame - 9) for frame in range(11, 15))) / 10
    assert not overlaps.at_most(1, expected - 1e-9)
    assert overlaps.at_most(1, expected + 1e-9)


def test_what_was_chosen_before_counts(filled: duckdb.DuckDBPyConnection) -> None:
    found = candidates(("b", None, [0, 4, 8]), ("b", None, [0, 4, 8]), pooled=1)
    assert not Overlaps(filled, found, 1.0).at_most(1, 0.9)


def test_all_that_are_chosen_count_when_more_is_allowed_later(filled: duckdb.DuckDBPyConnection) -> None:
    pieces = [list(range(60, 70)), list(range(20, 30)), list(range(20, 30))]
    overlaps = Overlaps(filled, candidates(*(("b", None, frames) for frames in pieces), pooled=2), 1.0)
    assert not overlaps.at_most(2, 0.1), "already by the first"
    assert not overlaps.at_most(2, 0.95), "by the second, which is the very same"


def test_a_track_without_boxes_overlaps_nothing(filled: duckdb.DuckDBPyConnection) -> None:
    found = candidates(("a", "a.000000-000100.t0009", [0, 1]), ("a", "a.000000-000100.t0001", [0, 1]), pooled=1)
    assert Overlaps(filled, found, 1.0).at_most(1, 0.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(boxes(), st.integers(0, 60)), min_size=2, max_size=6),
    st.sampled_from([0.25, 1.0]),
    st.lists(st.floats(0, 1), min_size=1, max_size=3).map(sorted),
)
def test_bounds_never_change_the_answer(
    given_: list[tuple[dict[float, Box], int]], buffer: float, mosts: list[float]
) -> None:
    tracks = [{time + shift: box for time, box in found.items()} for found, shift in given_]
    rows = [
        {"track_id": f"t{n}", "video_id": "a", "batch": "x", "frame": int(time * 4), "t_s": time,
         "x": box[0], "y": box[1], "w": box[2] - box[0], "h": box[3] - box[1]}
        for n, track in enumerate(tracks)
        for time, box in track.items()
    ]  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("track_boxes", pa.Table.from_pylist(rows))
        connection.execute("CREATE TABLE videos AS SELECT 'a' AS video_id, 'x' AS batch")
        overlaps = Overlaps(connection, candidates(*(("a", f"t{n}", [0, 999]) for n in range(len(tracks)))), buffer)
        for number in range(1, len(tracks)):
            overlaps.add(number)
        largest = max(overlap(shown(tracks[0]), shown(other), buffer) for other in tracks[1:])
        for most in mosts:
            if abs(most - largest) > 1e-9:
                assert overlaps.at_most(0, most) == (largest <= most)
