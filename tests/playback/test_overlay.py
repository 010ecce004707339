"""What is drawn over a video is what the tables say of it."""

import pytest
from rows import box_row, filtered_row, redaction_row, track_row, video_row, write_batch

from rushes.playback.overlay import Clip, Overlay, Track, read_overlay
from rushes.store.objects import Objects

FIRST = filtered_row("street", 0, 40)
DROPPED = filtered_row("street", 40, 60, kept=False, reason="too_still")
OTHER = filtered_row("park", 0, 40)


def clip_row(clip: dict) -> dict:
    columns = ("clip_id", "video_id", "start_frame", "end_frame", "start_s", "end_s")
    return {name: clip[name] for name in columns} | {"method": "adaptive", "score": None, "span": None}


@pytest.fixture
def street(store: Objects) -> Objects:
    car, van = track_row(FIRST, 1, 3, 9), track_row(FIRST, 2, 0, 4, "van", origin="annotated")
    elsewhere = track_row(OTHER, 1, 0, 9)
    write_batch(
        store,
        videos=[video_row("park"), video_row("street")],
        clips=[clip_row(OTHER), clip_row(FIRST), clip_row(DROPPED), clip_row(filtered_row("street", 60, 100))],
        filtered_clips=[OTHER, FIRST, DROPPED],
        tracks=[elsewhere, car, van],
        track_boxes=[
            box_row(elsewhere, 0, (9, 9, 9, 9)),
            box_row(car, 3, (1, 2, 30, 40)),
            box_row(car, 6, (2, 2, 30, 40)),
            box_row(van, 0, (5, 6, 7, 8)),
        ],
        redactions=[redaction_row(OTHER, 1, (9, 9, 9, 9)), redaction_row(FIRST, 5, (10, 20, 5, 6), region=2)],
    )
    return store


def test_clips_say_whether_they_were_kept_and_why_not(street: Objects) -> None:
    assert read_overlay(street, "street", tracks=False).clips == [
        Clip(0, 40, True, None),
        Clip(40, 60, False, "too_still"),
        Clip(60, 100, None, None),
    ]


def test_tracks_come_with_their_boxes_in_order_of_beginning(street: Objects) -> None:
    assert read_overlay(street, "street", tracks=True).tracks == [
        Track(f"{FIRST['clip_id']}.t0002", "van", 0.5, 0, 4, [0], [[5, 6, 7, 8]], "annotated"),
        Track(f"{FIRST['clip_id']}.t0001", "car", 0.5, 3, 9, [3, 6], [[1, 2, 30, 40], [2, 2, 30, 40]]),
    ]


def test_what_is_hidden_comes_with_where_was_searched(street: Objects) -> None:
    hidden = read_overlay(street, "street", tracks=True).hidden
    assert hidden is not None
    assert (hidden.frames, hidden.boxes, hidden.kinds) == ([5], [(10, 20, 5, 6)], ["face"])
    assert hidden.searched == [(0, 40)], (
        "a dropped clip's faces are not written down, and one not judged was not searched"
    )


def test_without_tracks_neither_they_nor_what_is_hidden_is_read(street: Objects) -> None:
    overlay = read_overlay(street, "street", tracks=False)
    assert (overlay.tracks, overlay.hidden) == (None, None)


def test_a_video_of_which_nothing_is_known_has_nothing_drawn_over_it(store: Objects) -> None:
    assert read_overlay(store, "nobody", tracks=False) == Overlay()
