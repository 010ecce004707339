"""Lightly's files on a selection: every name stands for one frame, and every frame is where it belongs."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reported import FRAMES, LENGTH, candidates, fill, recipe, selection
from rows import box_row, filtered_row, packet_rows, redaction_row, track_row, video_row, write_batch

import rushes
from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.choice import FRAMES as LISTED
from rushes.selection.report import lists
from rushes.selection.report.frame_names import FrameNames
from rushes.selection.report.write import write_report
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject

FOLDER = "reports/street"


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    fill(store, tmp_path)
    return store


def report(
    store: Objects, made: Candidates, chosen: list[int], rejects: tuple[Reject, ...] = (), **fields: Any
) -> None:
    write_report(store, recipe(**fields), selection(store, made, chosen, rejects))


def names(store: Objects, which: str) -> list[str]:
    return store.read(f"{FOLDER}/filenames/{which}.txt").decode().splitlines()


def called(video: str, *ranges: tuple[int, int]) -> list[str]:
    return [f"{video}-{frame:02d}-mp4.png" for start, end in ranges for frame in range(start, end)]


# ── names ──


def named(sources: dict[str, str], n_frames: int = 100, is_folder: bool = False) -> FrameNames:
    return FrameNames((video, uri, is_folder, n_frames) for video, uri in sources.items())


@pytest.mark.parametrize(
    ("uri", "n_frames", "name", "file"),
    [
        ("/footage/street.mp4", 100, "street-007-mp4.png", "street.mp4"),
        ("/footage/street.mp4", 99, "street-07-mp4.png", "street.mp4"),
        ("/footage/a.b.MOV", 12345, "a.b-00007-MOV.png", "a.b.MOV"),
        ("s3://bucket/day 1/street.mkv", 10, "street-07-mkv.png", "street.mkv"),
        ("https://example.org/films/street.mp4?key=secret/x.avi#t", 8, "street-7-mp4.png", "street.mp4"),
        ("https://example.org/", 8, "v-7.png", "v"),
        ("/footage/two\nlines.mp4", 8, "v-7.png", "v"),
    ],
)
def test_a_frame_is_named_after_its_file_and_number(uri: str, n_frames: int, name: str, file: str) -> None:
    found = named({"v": uri}, n_frames)
    assert found.of("v", [7]) == [name]
    assert found.file("v") == file


def test_frames_of_a_folder_of_pictures_have_no_ext() -> None:
    assert named({"v": "/footage/MOT17.02/"}, is_folder=True).of("v", [7]) == ["MOT17.02-007.png"]


def test_files_of_one_name_are_told_apart_by_their_videos() -> None:
    found = named({"left": "/1/cam.mp4", "right": "/2/cam.mp4", "other": "/2/cam.avi"})
    assert [found.of(video, [7])[0] for video in ("left", "right", "other")] == [
        "left-007-mp4.png",
        "right-007-mp4.png",
        "cam-007-avi.png",
    ]


_PARTS = st.text("ab", min_size=1, max_size=2)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_PARTS, st.tuples(_PARTS, _PARTS, st.sampled_from(["", ".x", ".y"])), min_size=1, max_size=6))
def test_no_two_frames_share_a_name(
    sources: dict[str, tuple[str, str, str]],
) -> None:
    found = named({video: f"/{folder}/{stem}{ext}" for video, (folder, stem, ext) in sources.items()})
    every = [name for video in sources for name in found.of(video, range(3))]
    assert len(set(every)) == len(every)


# ── which frames ──


def test_sequence_information_tells_the_frames_of_each_sequence_by_rank(filled: Objects) -> None:
    report(filled, candidates(), [7, 0])
    found = json.loads(filled.read(f"{FOLDER}/sequence_information.json"))
    assert [one["video_name"] for one in found] == ["night.mp4", "day.mp4"]
    first = found[0]
    assert first["frame_indices"] == list(range(10, 20))
    assert first["frame_names"] == called("night", (10, 20))
    with connect(filled) as connection:
        query = "SELECT pts FROM packets WHERE video_id = 'night' AND frame BETWEEN 10 AND 19 ORDER BY frame"
        assert first["frame_timestamps_pts"] == [pts for (pts,) in connection.execute(query).fetchall()]
    assert first["frame_timestamps_sec"] == pytest.approx(np.arange(10, 20) / 25)
    assert all(len(one) == 5 for one in found)


def test_a_repeated_frame_is_in_its_sequence_as_often_and_in_the_list_once(store: Objects) -> None:
    pts = [0, 40, 100, 130, 500]
    write_batch(
        store,
        videos=[video_row("day", 5, time_base="1/1000")],
        packets=packet_rows("day", pts),
        filtered_clips=[filtered_row("day", 0, 5)],
    )
    row = {"video_id": "day", "first_frame": 1, "last_frame": 4, "n_frames": 5, "n_padded": 2}
    rows = candidates([row]).rows.append_column(LISTED, pa.array([[1, 3, 4, 4, 4]], LISTED.type))
    report(store, Candidates(rows), [0], sequence_length=5, fps=10, remainder="pad")
    (found,) = json.loads(store.read(f"{FOLDER}/sequence_information.json"))
    assert found["frame_indices"] == [1, 3, 4, 4, 4]
    assert found["frame_timestamps_pts"] == [40, 130, 500, 500, 500]
    assert found["frame_timestamps_sec"] == [0.04, 0.13, 0.5, 0.5, 0.5]
    assert names(store, "sampled") == ["day-1-mp4.png", "day-3-mp4.png", "day-4-mp4.png"]


def test_a_frame_of_a_candidate_is_sampled_or_removed(filled: Objects) -> None:
    report(filled, candidates(), [7, 0])
    assert names(filled, "sampled") == [*called("day", (0, 10)), *called("night", (10, 20))]
    assert names(filled, "removed") == [*called("day", (10, FRAMES)), *called("night", (0, 10), (20, FRAMES))]
    assert names(filled, "corrupt") == names(filled, "duplicate") == []


def test_what_overlaps_a_chosen_sequence_is_not_removed(filled: Objects) -> None:
    rows = [{"video_id": "day", "first_frame": first} for first in (0, 5, 10)]
    report(filled, candidates(rows), [1], stride=5)
    assert names(filled, "sampled") == called("day", (5, 15))
    assert names(filled, "removed") == called("day", (0, 5), (15, 20))


def test_corrupt_and_repeated_sequences_have_lists_of_their_own(filled: Objects) -> None:
    every = candidates()
    ids = [str(every.row(at)["sequence_id"]) for at in range(12)]
    reasons = {1: Reason.CORRUPT, 4: Reason.DUPLICATE, 9: Reason.NEAR_DUPLICATE, 10: Reason.NO_EMBEDDING}
    left = Candidates(every.rows.take([at for at in range(12) if at not in (9, 10)]))  # the others fell out later
    rejects = tuple(Reject("sequence", ids[at], "select", reason, "") for at, reason in reasons.items())
    report(filled, left, [0], rejects)
    assert names(filled, "corrupt") == called("day", (10, 20))
    assert names(filled, "duplicate") == [*called("day", (40, 50)), *called("night", (30, 40))]
    removed = names(filled, "removed")
    assert removed == [*called("day", (20, 40), (50, 60)), *called("night", (0, 30), (50, 60))]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, 30), min_size=1, max_size=5)), max_size=12))
def test_the_frames_of_sequences_are_gathered_by_video(given_: list[tuple[str, list[int]]]) -> None:
    rows = [
        {"video_id": video, "first_frame": min(frames), "last_frame": max(frames), "n_frames": len(frames)}
        for video, frames in given_
    ]
    ranges, listed = candidates(rows).rows if rows else CANDIDATE.empty_table(), [sorted(own) for _, own in given_]
    wanted: dict[bool, dict[str, set[int]]] = {True: {}, False: {}}
    for video, own in given_:
        wanted[True].setdefault(video, set()).update(own)
        wanted[False].setdefault(video, set()).update(range(min(own), max(own) + 1))
    for is_listed, table in ((False, ranges), (True, ranges.append_column(LISTED, pa.array(listed, LISTED.type)))):
        found = {video: frames.tolist() for video, frames in lists.frames_by_video(table)}
        assert found == {video: sorted(own) for video, own in sorted(wanted[is_listed].items())}


def test_a_list_that_would_be_too_long_is_not_written_and_the_page_says_so(
    filled: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(filled, candidates(), [0])
    assert len(names(filled, "removed")) == 110
    monkeypatch.setattr(lists, "MOST", 109)
    monkeypatch.setattr("rushes.selection.report.write.MOST", 109)
    report(filled, candidates(), [0])
    assert not filled.exists(f"{FOLDER}/filenames/removed.txt")
    assert filled.exists(f"{FOLDER}/filenames/sampled.txt")
    assert "too many, not written" in filled.read(f"{FOLDER}/index.html").decode()


def test_nothing_chosen_is_an_empty_list(filled: Objects) -> None:
    report(filled, candidates(), [])
    assert json.loads(filled.read(f"{FOLDER}/sequence_information.json")) == []
    assert names(filled, "sampled") == []
    assert not filled.exists(f"{FOLDER}/embeddings.csv")


# ── vectors and pictures ──


@pytest.mark.parametrize("at_hand", [True, False])
def test_vectors_of_the_chosen_are_in_a_table_by_rank(filled: Objects, at_hand: bool) -> None:
    every = candidates()
    assert every.vectors is not None
    report(filled, every if at_hand else Candidates(every.rows), [7, 0])
    header, *rows = csv.reader(filled.read(f"{FOLDER}/embeddings.csv").decode().splitlines())
    assert header == ["filenames", *(f"embedding_{n}" for n in range(6)), "labels"]
    assert [(row[0], row[-1]) for row in rows] == [("night-10-mp4.png", "0"), ("day-00-mp4.png", "0")]
    found = np.array([[float(value) for value in row[1:-1]] for row in rows])
    assert found == pytest.approx(every.vectors[[7, 0]], abs=1e-5 if at_hand else 2e-3)


def pictures(store: Objects) -> dict[str, np.ndarray]:
    found = {}
    for name in store.list(f"{FOLDER}/frames"):
        picture = cv2.imdecode(np.frombuffer(store.read(name), np.uint8), cv2.IMREAD_COLOR)
        found[name.rsplit("/", 1)[-1]] = picture[:, :, ::-1]
    return found


def test_frames_are_saved_when_asked_and_those_of_before_are_gone(filled: Objects) -> None:
    report(filled, candidates(), [0])
    assert pictures(filled) == {}
    report(filled, candidates(), [0, 7], save_frames=True)
    saved = pictures(filled)
    assert sorted(saved) == sorted(names(filled, "sampled"))
    exact = rushes.open(filled.uri).videos["night", 13].numpy()
    assert (saved["night-13-mp4.png"] == exact).all()
    report(filled, candidates(), [0], save_frames=True)
    assert sorted(pictures(filled)) == called("day", (0, LENGTH))
    report(filled, candidates(), [0])
    assert pictures(filled) == {}


def test_saved_frames_hide_faces_unless_the_recipe_says_otherwise(store: Objects, tmp_path: Path) -> None:
    clip = filtered_row("day", 0, FRAMES)
    fill(store, tmp_path, redactions=[redaction_row(clip, frame, (0, 0, 160, 240)) for frame in range(FRAMES)])
    report(store, candidates(), [0], save_frames=True, privacy="none")
    plain = pictures(store)["day-03-mp4.png"].astype(int)
    report(store, candidates(), [0], save_frames=True)
    blurred = pictures(store)["day-03-mp4.png"]
    report(store, candidates(), [0], save_frames=True, redaction="solid")
    solid = pictures(store)["day-03-mp4.png"]
    assert np.abs(blurred - plain)[:, :150].mean() > 5
    assert (blurred == plain)[:, 170:].all()
    assert solid[20:220, 20:140].std() < 1


def test_saved_frames_come_with_the_boxes_of_kept_tracks(store: Objects, tmp_path: Path) -> None:
    clip = filtered_row("day", 0, FRAMES)
    sparse, dropped = track_row(clip, 1, 2, 7, "kite"), track_row(clip, 2, 0, 9, kept=False, reason="too_short")
    boxes = [box_row(sparse, 2, (10, 20, 30, 40)), box_row(sparse, 6, (14, 20, 30, 40))]
    fill(store, tmp_path, tracks=[sparse, dropped], track_boxes=[*boxes, box_row(dropped, 3, (0, 0, 9, 9))])
    report(store, candidates(), [0], save_frames=True)
    found = json.loads(store.read(f"{FOLDER}/bounding_boxes.json"))
    assert [one["filename"] for one in found] == called("day", (0, LENGTH))
    assert [len(one["boxes"]) for one in found] == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    told = {"score": 0.5, "class": "kite", "track": sparse["track_id"]}
    assert found[2]["boxes"] == [{"x": 10, "y": 20, "w": 30, "h": 40, **told, "interpolated": False}]
    assert found[3]["boxes"] == [{"x": 11, "y": 20, "w": 30, "h": 40, **told, "interpolated": True}]
    report(store, candidates(), [0])
    assert not store.exists(f"{FOLDER}/bounding_boxes.json")


def test_a_selection_is_made_again_when_its_saved_frames_are_to_look_otherwise() -> None:
    def selecting(**fields: Any) -> dict[str, Any]:
        return recipe(**fields).selecting()

    assert selecting(privacy="none") == selecting()
    assert selecting(save_frames=True) != selecting()
    assert selecting(save_frames=True, privacy="none") != selecting(save_frames=True)
    assert selecting(save_frames=True, jpeg_quality=50) == selecting(save_frames=True)
