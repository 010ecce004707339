"""Sequences are runs of frames of one clip or track: all of them, on a time grid, overlapping, padded or cut short."""

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import Row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.selection.candidates.items import items
from rushes.selection.candidates.sequences import cut, pieces
from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.store.rejects import Reject

Remainder = Literal["drop", "keep", "pad"]
CLIP = filtered_row("v", 0, 23)


def cut_all(store: Objects, **fields: Any) -> tuple[Candidates, list[Reject]]:
    recipe = Recipe(**{"name": "r", "sequence_length": 5, **fields})
    with connect(store) as connection:
        rows, rejects = cut(connection, recipe, items(connection, recipe, batch_names(store)).rows)
    return Candidates(rows), rejects


def runs(found: Candidates) -> list[list[int]]:
    return [found.frames(at).tolist() for at in range(len(found))]


def fill(store: Objects, clips: list[Row], tracks: list[Row] | None = None, n_frames: int = 100) -> None:
    videos = sorted({clip["video_id"] for clip in clips})
    packets = [row for video in videos for row in packet_rows(video, range(n_frames))]
    write_batch(
        store, videos=[video_row(v) for v in videos], packets=packets, filtered_clips=clips, tracks=tracks or []
    )


def slowly(frames: list[int], length: int | None, stride: int | None, remainder: Remainder) -> list[tuple[int, ...]]:
    """Cut one list, a run at a time, as a person would."""
    if length is None:
        return [tuple(frames)] if frames else []
    found, start, seen = [], 0, 0
    while start + length <= len(frames):
        found.append(tuple(frames[start : start + length]))
        seen = start + length
        start += stride or length
    rest = tuple(frames[start:])
    if rest and seen < len(frames) and remainder != "drop":
        found.append(rest if remainder == "keep" else (rest + rest[-1:] * length)[:length])
    return found


@given(
    counts=st.lists(st.integers(0, 30), max_size=8),
    length=st.none() | st.integers(1, 12),
    stride=st.none() | st.integers(1, 15),
    remainder=st.sampled_from(["drop", "keep", "pad"]),
)
def test_lists_are_cut_as_they_would_be_one_by_one(
    counts: list[int], length: int | None, stride: int | None, remainder: Remainder
) -> None:
    found = pieces(np.array(counts, np.int64), length, stride, remainder)
    made = [
        (of, *range(offset, offset + size), *[offset + size - 1] * padded)
        for of, offset, size, padded in zip(found.of, found.offset, found.size, found.padded, strict=True)
    ]
    wanted = [(n, *run) for n, count in enumerate(counts) for run in slowly([*range(count)], length, stride, remainder)]
    assert made == wanted


def test_a_length_that_no_video_has_is_a_length_like_others() -> None:
    for length, stride in ((5 * 10**9, None), (3, 5 * 10**9)):
        kept = pieces(np.array([7, 2]), length, stride, "keep")
        assert kept.size.tolist() == [min(7, length), min(2, length)]
    assert len(pieces(np.array([7]), 5 * 10**9, None, "drop").of) == 0


@given(
    count=st.integers(0, 60),
    length=st.integers(1, 12),
    stride=st.integers(1, 12),
    remainder=st.sampled_from(["keep", "pad"]),
)
def test_no_frame_is_left_over_when_the_remainder_stays_and_runs_leave_no_gaps(
    count: int, length: int, stride: int, remainder: Remainder
) -> None:
    found = pieces(np.array([count]), length, min(stride, length), remainder)
    seen = {frame for at, size in zip(found.offset, found.size, strict=True) for frame in range(at, at + size)}
    assert seen == set(range(count))
    assert (found.size >= 1).all()
    if remainder == "pad":
        assert (found.size + found.padded == length).all()


def test_a_sequence_never_crosses_a_cut(store: Objects) -> None:
    clips = [CLIP, filtered_row("v", 23, 50)]
    fill(store, clips)
    for stride, remainder in ((None, "drop"), (2, "keep"), (3, "pad")):
        found, _ = cut_all(store, stride=stride, remainder=remainder)
        assert {frame for run in runs(found) for frame in run} <= set(range(50))
        assert all(max(run) < 23 or min(run) >= 23 for run in runs(found))


def test_ids_name_the_clip_or_track_and_the_first_frame_and_are_in_order(store: Objects) -> None:
    tracks = [track_row(CLIP, 2, 0, 12), track_row(CLIP, 1, 3, 9)]
    fill(store, [CLIP], tracks)
    found, _ = cut_all(store)
    assert found.rows.column("sequence_id").to_pylist() == [f"v.000000-000023.s{n:06d}" for n in (0, 5, 10, 15)]
    found, _ = cut_all(store, within="track")
    assert found.rows.column("sequence_id").to_pylist() == [
        "v.000000-000023.t0001.s000003",
        "v.000000-000023.t0002.s000000",
        "v.000000-000023.t0002.s000005",
    ]
    assert found.rows.column("track_id").to_pylist() == [tracks[n]["track_id"] for n in (1, 0, 0)]


def test_order_is_that_of_ids_even_where_that_of_clips_is_another(store: Objects) -> None:
    videos = [video_row("a", n_frames=1_000_010), video_row("a-b")]
    write_batch(
        store, videos=videos, filtered_clips=[filtered_row("a", 999_995, 1_000_005), filtered_row("a-b", 0, 10)]
    )
    ids = cut_all(store)[0].rows.column("sequence_id").to_pylist()
    assert ids == sorted(ids)
    assert len(ids) == 4
    assert ids != sorted(ids, key=lambda name: (name.partition(".")[0], name))


def test_rows_have_the_columns_of_candidates(store: Objects) -> None:
    fill(store, [CLIP, filtered_row("w", 0, 7)], [track_row(CLIP, 1, 0, 10)])
    for fields in ({}, {"within": "track"}, {"fps": 5}, {"where": "false"}):
        found, _ = cut_all(store, **fields)
        for field in CANDIDATE:
            given = found.rows.schema.field(field.name).type
            assert (given.value_type if pa.types.is_dictionary(given) else given) == field.type
        assert ("frames" in found.rows.column_names) == ("fps" in fields)


def test_the_remainder_is_dropped_kept_or_padded(store: Objects) -> None:
    fill(store, [CLIP])
    whole = [list(range(at, at + 5)) for at in (0, 5, 10, 15)]
    assert runs(cut_all(store)[0]) == whole
    kept, _ = cut_all(store, remainder="keep")
    assert runs(kept) == [*whole, [20, 21, 22]]
    assert kept.row(4)["n_frames"] == 3
    padded, _ = cut_all(store, remainder="pad")
    assert runs(padded) == [*whole, [20, 21, 22, 22, 22]]
    assert [padded.row(4)[name] for name in ("last_frame", "n_frames", "n_padded")] == [22, 5, 2]


def test_a_clip_shorter_than_a_sequence_gives_none_or_one(store: Objects) -> None:
    fill(store, [filtered_row("v", 10, 13)])
    assert runs(cut_all(store)[0]) == []
    assert runs(cut_all(store, remainder="keep")[0]) == [[10, 11, 12]]
    assert runs(cut_all(store, remainder="pad")[0]) == [[10, 11, 12, 12, 12]]


def test_tracks_are_whole_or_in_pieces(store: Objects) -> None:
    tracks = [track_row(CLIP, 1, 2, 14), track_row(CLIP, 2, 8, 18, "dog", top10_mean=[0.8], mean_score=0.25)]
    fill(store, [CLIP], tracks)
    whole, _ = cut_all(store, unit="track", sequence_length=None)
    assert runs(whole) == [list(range(2, 14)), list(range(8, 18))]
    assert whole.rows.column("class_name").to_pylist() == ["car", "dog"]
    assert whole.rows.column("weighted_score").to_pylist() == pytest.approx([0.25, 0.2])
    assert runs(cut_all(store, unit="track", stride=4)[0]) == [
        [2, 3, 4, 5, 6],
        [6, 7, 8, 9, 10],
        [8, 9, 10, 11, 12],
        [12, 13, 14, 15, 16],
    ]


def test_frames_alone_are_sequences_of_one(store: Objects) -> None:
    fill(store, [CLIP])
    assert runs(cut_all(store, unit="frame", sequence_length=None)[0]) == [[n] for n in range(23)]


def test_a_rate_takes_the_frames_on_a_grid_that_begins_with_the_clip(store: Objects) -> None:
    fill(store, [CLIP, filtered_row("v", 23, 50)])
    found, rejects = cut_all(store, fps=5, sequence_length=2)
    assert runs(found) == [[0, 5], [10, 15], [23, 28], [33, 38], [43, 48]]
    assert rejects == []
    padded, _ = cut_all(store, fps=5, sequence_length=4, remainder="pad", where="start_frame = 0")
    assert runs(padded) == [[0, 5, 10, 15], [20, 20, 20, 20]]


def test_a_rate_goes_by_true_times_and_not_by_counting(store: Objects) -> None:
    pts = [0, 1000, 1010, 1500, 1990, 4000, 5000]
    write_batch(
        store,
        videos=[video_row("v", time_base="1/1000", is_vfr=True)],
        packets=packet_rows("v", pts),
        filtered_clips=[filtered_row("v", 1, 6)],
    )
    assert runs(cut_all(store, fps=1, sequence_length=2)[0]) == [[1, 4]]
    assert runs(cut_all(store, fps=2, sequence_length=4)[0]) == [[1, 3, 4, 5]]


def test_a_rate_is_taken_on_each_videos_own_times_in_all_batches(store: Objects) -> None:
    for batch, fps in (("a-0000", 10), ("a-0001", 25), ("a-0002", 50)):
        video = f"v{fps}"
        write_batch(
            store,
            batch,
            videos=[video_row(video, fps=fps)],
            packets=packet_rows(video, range(100)),
            filtered_clips=[filtered_row(video, 0, 100, fps)],
        )
    found, _ = cut_all(store, fps=5, sequence_length=3)
    steps = {row["video_id"]: np.diff(found.frames(at)).tolist() for at, row in enumerate(found.rows.to_pylist())}
    assert steps == {"v10": [2, 2], "v25": [5, 5], "v50": [10, 10]}


def test_a_clip_whose_frames_the_index_lacks_is_a_reject_when_times_are_needed(store: Objects) -> None:
    fill(store, [CLIP, filtered_row("v", 23, 50), filtered_row("w", 0, 20)], n_frames=30)
    found, rejects = cut_all(store, fps=5, sequence_length=2)
    assert {row["clip_id"] for row in found.rows.to_pylist()} == {CLIP["clip_id"], "w.000000-000020"}
    assert [(r.item_kind, r.item_id, r.reason) for r in rejects] == [("clip", "v.000023-000050", "corrupt")]


def seen_slowly(clip: Row, first: int, last: int, tracks: list[Row]) -> tuple[str | None, float | None]:
    """The class of a run of frames, counted frame by frame."""
    areas: dict[str, float] = {}
    scores: dict[str, float] = {}
    for track in tracks:
        for frame in range(first, last + 1):
            if track["clip_id"] == clip["clip_id"] and track["start_frame"] <= frame < track["end_frame"]:
                name = track["class_name"]
                areas[name] = areas.get(name, 0) + round(track["mean_area"], 6)
                score = track["top10_mean"][0] * track["mean_score"]
                scores[name] = max(scores.get(name, 0), score)
    if not areas:
        return None, None
    best = min(areas, key=lambda name: (-round(areas[name], 4), name))
    return best, scores[best]


@pytest.mark.parametrize("seed", range(5))
def test_a_clips_sequence_has_the_class_seen_most_in_it(store: Objects, seed: int) -> None:
    random = np.random.default_rng(seed)
    clips = [CLIP, filtered_row("v", 23, 60)]
    tracks = []
    for number in range(12):
        clip = clips[number % 2]
        start = int(random.integers(clip["start_frame"], clip["end_frame"] - 1))
        end = int(random.integers(start + 1, clip["end_frame"] + 1))
        area = float(np.float32(random.choice([0.1, 0.2, 0.4])))
        name = str(random.choice(["car", "dog", "person"]))
        score = float(np.float32(random.random()))
        tracks.append(track_row(clip, number, start, end, name, mean_area=area, top10_mean=[score]))
    fill(store, clips, tracks)
    found, _ = cut_all(store, stride=3, remainder="keep")
    of = {clip["clip_id"]: clip for clip in clips}
    for row in found.rows.to_pylist():
        name, score = seen_slowly(of[row["clip_id"]], row["first_frame"], row["last_frame"], tracks)
        assert row["class_name"] == name
        assert row["weighted_score"] == (None if score is None else pytest.approx(score))


def test_tracks_that_are_not_kept_give_a_clips_sequence_no_class(store: Objects) -> None:
    tracks = [
        track_row(CLIP, 1, 0, 10, "car", mean_area=0.9, kept=False, reason="too_small"),
        track_row(CLIP, 2, 0, 5, "dog"),
    ]
    fill(store, [CLIP], tracks)
    assert cut_all(store)[0].rows.column("class_name").to_pylist() == ["dog", None, None, None]


def test_of_classes_seen_as_much_the_first_by_name_counts(store: Objects) -> None:
    fill(store, [CLIP], [track_row(CLIP, 1, 0, 5, "zebra"), track_row(CLIP, 2, 0, 5, "ant")])
    assert cut_all(store)[0].row(0)["class_name"] == "ant"


def test_a_class_without_a_score_has_none_and_not_anothers(store: Objects) -> None:
    tracks = [track_row(CLIP, 1, 0, 5, "ant", mean_area=0.5, top10_mean=[]), track_row(CLIP, 2, 0, 5, "zebra")]
    fill(store, [CLIP], tracks)
    row = cut_all(store)[0].row(0)
    assert (row["class_name"], row["weighted_score"]) == ("ant", None)
