"""A track's boxes in frames that nobody looked at, in Python and in SQL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import Row, box_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath

ROWS = [(10, 0.4, 0.0, 0.0, 10.0, 20.0, 0.5), (14, 0.8, 8.0, 4.0, 14.0, 20.0, 0.9)]


def test_between_two_boxes_it_moves_by_time_and_is_marked() -> None:
    path = TrackPath.of(ROWS, complete=False)
    found = path.at(11, 0.5)
    assert found is not None
    box, score, interpolated = found
    np.testing.assert_allclose(box, [2, 1, 11, 20])
    assert score == pytest.approx(0.6)
    assert interpolated
    late = path.at(11, 0.7)  # a frame that is shown later than its number tells
    assert late is not None
    np.testing.assert_allclose(late[0], [6, 3, 13, 20])


def test_a_box_that_was_found_is_given_as_it_was() -> None:
    found = TrackPath.of(ROWS, complete=False).at(14, 0.8)
    assert found is not None
    assert found[0].tolist() == [8, 4, 14, 20]
    assert not found[2]


@pytest.mark.parametrize("frame", [9, 15])
def test_a_track_is_not_prolonged(frame: int) -> None:
    assert TrackPath.of(ROWS, complete=False).at(frame, frame / 25) is None


def test_a_complete_track_has_no_boxes_but_its_own() -> None:
    path = TrackPath.of(ROWS, complete=True)
    assert path.at(12, 0.6) is None
    assert path.at(10, 0.4) is not None


def write(store: Objects, pts: list[int], tracks: list[tuple[bool, list[int]]], seed: int = 0) -> list[list[Row]]:
    """Write a video of 1/100 s ticks with tracks (complete, frames); return the rows of their boxes."""
    rng = np.random.default_rng(seed)
    clip = filtered_row("v", 0, len(pts))
    rows, boxes = [], []
    for number, (complete, frames) in enumerate(tracks, 1):
        rows.append(track_row(clip, number, frames[0], frames[-1] + 1, complete=complete, n_boxes=len(frames)))
        places = rng.uniform(1, 200, (len(frames), 4)).astype(np.float32)
        scores = rng.random(len(frames))
        boxes.append(
            [
                box_row(rows[-1], frame, place, t_s=pts[frame] / 100, score=float(score))
                for frame, place, score in zip(frames, places.tolist(), scores, strict=True)
            ]
        )
    write_batch(
        store,
        videos=[video_row("v", len(pts), time_base="1/100", is_vfr=True)],
        packets=packet_rows("v", pts),
        filtered_clips=[clip],
        tracks=rows,
        track_boxes=[row for own in boxes for row in own],
    )
    return boxes


@st.composite
def uneven_tracks(draw: st.DrawFn) -> tuple[list[int], list[tuple[bool, list[int]]]]:
    steps = draw(st.lists(st.integers(1, 9), min_size=12, max_size=30))
    pts = np.cumsum(steps).tolist()
    frames = st.lists(st.integers(0, len(pts) - 1), min_size=1, max_size=6, unique=True).map(sorted)
    return pts, draw(st.lists(st.tuples(st.booleans(), frames), min_size=1, max_size=3))


@settings(deadline=None, max_examples=10)
@given(uneven_tracks(), st.integers(0, 1000))
def test_sql_gives_every_frames_box_as_python_does(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[list[int], list[tuple[bool, list[int]]]], seed: int
) -> None:
    pts, tracks = made
    store = Objects(tmp_path_factory.mktemp("store"))
    boxes = write(store, pts, tracks, seed)
    with connect(store) as connection:
        found = connection.execute(
            "SELECT track_id, frame, t_s, x, y, w, h, score, interpolated FROM track_boxes_every_frame ORDER BY 1, 2"
        ).fetchall()
    expected = []
    for (complete, _), own in zip(tracks, boxes, strict=True):
        path = TrackPath.of([tuple(row[k] for k in ("frame", "t_s", *"xywh", "score")) for row in own], complete)
        for frame, tick in enumerate(pts):
            here = path.at(frame, tick / 100)
            if here is not None:
                expected.append((own[0]["track_id"], frame, tick / 100, *here[0].tolist(), here[1], here[2]))
    assert [(row[0], row[1], row[-1]) for row in found] == [(row[0], row[1], row[-1]) for row in expected]
    np.testing.assert_allclose([row[2:-1] for row in found], [row[2:-1] for row in expected], rtol=1e-4, atol=1e-3)


def test_tracks_of_two_batches_are_not_mixed(store: Objects, tmp_path: Path) -> None:
    for name in ("day", "night"):
        clip = filtered_row(name, 0, 10)
        track = track_row(clip, 1, 0, 10)
        write_batch(
            store,
            f"{name}-0000",
            videos=[video_row(name, 10)],
            packets=packet_rows(name, range(10)),
            filtered_clips=[clip],
            tracks=[track],
            track_boxes=[box_row(track, 0, (0, 0, 10, 10)), box_row(track, 9, (9, 0, 10, 10))],
        )
    with connect(store) as connection:
        counted = connection.execute(
            "SELECT batch, count(*), count(*) FILTER (interpolated), bool_and(abs(x - frame) < 1e-5) "
            "FROM track_boxes_every_frame GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert counted == [("day-0000", 10, 8, True), ("night-0000", 10, 8, True)]
