"""What must never happen: nine defects of the programs that made TrackVerse, each against the room that could have it.

Several are told in more detail by that room's own tests.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from fake_steps import READ, calls, clip, read, sealed
from real_clips import cut
from rows import filtered_row
from tasks import ingested

from rushes.models.registry import MODELS
from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.choosing.choose import choose
from rushes.selection.recipes.recipe import Recipe
from rushes.settings import Settings, Tracking
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import read_batches, read_record
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, FILTERED_CLIPS
from rushes.store.tables import read_partition
from rushes.tracking.bytetrack import ByteTracker, track_clip
from rushes.tracking.track import TrackVideo
from rushes.work.build import build
from rushes.work.step import Compute, Outcome, Task

FPS = 8.0
BATCH = "b-0000"
NOBODY = np.empty((0, 4))


def somebody(at: int) -> np.ndarray:
    return np.array([[100.0 + 6 * at, 80, 60, 140]])


# 1. A track that was found again lost its history: 0 to 10 s became 6.4 to 9.9 s.


def test_a_track_found_again_does_not_lose_its_history() -> None:
    frames = [NOBODY if 44 <= at < 51 else somebody(at) for at in range(80)]  # hidden from 5.5 s to 6.4 s
    ids = track_clip([(boxes, np.full(len(boxes), 0.9)) for boxes in frames], np.arange(80) / FPS)
    seen = [at for at, numbers in enumerate(ids) if 1 in numbers]
    assert (seen[0] / FPS, (seen[-1] + 1) / FPS, len(seen)) == (0.0, 10.0, 73)
    assert max(int(numbers.max(initial=0)) for numbers in ids) == 1


# 2. A track that was given up was returned twice.


def test_a_track_given_up_is_not_returned_again() -> None:
    tracker = ByteTracker(fps=FPS)
    given: list[int] = []
    for at in range(200):
        boxes = somebody(0) if at % 40 < 10 else NOBODY  # five visits, with more than the buffer between them
        given += tracker.update(boxes, np.full(len(boxes), 0.9)).tolist()
    confirmed = tracker.confirmed.tolist()
    assert confirmed == sorted(set(given)) == [1, 2, 3, 4, 5]
    assert [given.count(number) for number in confirmed] == [10] * 5


# 3. The last video of an index was skipped.


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("per_batch", [1, 2, 3, 64])
def test_the_last_video_of_a_list_is_not_skipped(store: Objects, tmp_path: Path, end: str, per_batch: int) -> None:
    names = ["aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"]
    lines = [{"video_id": name, "url": f"https://example.org/{name}.mp4", "clip": []} for name in names]
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(json.dumps(line) for line in lines) + end)
    register(store, [str(listed)], "made", How(format="hdvila", batch_size=per_batch))
    assert [entry.video_id for batch in read_batches(store) for entry in batch.entries] == names


# 4. Tracks of a scene that runs to the end of the video were never saved.


def test_tracks_that_run_to_the_end_of_the_video_are_not_lost(store: Objects, tmp_path: Path) -> None:
    video = cut("bikes", tmp_path / "street.mp4", 30, 75)
    clips = FILTERED_CLIPS.from_rows([filtered_row("street", 0, 21), filtered_row("street", 21, 45)])
    outcome = TrackVideo(Tracking(fps=12.5))(ingested(store, video, "street", {"filtered_clips": clips}))
    for start, last in [(0, 20), (21, 43)]:
        frames = [row["frame"] for row in rows_of(outcome, "track_boxes") if start <= row["frame"] <= last]
        assert max(frames) == last


def rows_of(outcome: Outcome, table: str) -> list[dict[str, Any]]:
    rows = outcome.rows[table]
    assert isinstance(rows, list)
    return rows


# 5. Smaller class-balanced subsets were the first by file order and not the best.


def test_a_smaller_selection_is_not_the_first_by_file_order() -> None:
    scores = [0.1, 0.9, 0.3, 0.8, 0.2, 0.7]
    rows = [
        {
            "sequence_id": f"v.{at}",
            "video_id": "v",
            "clip_id": "v.clip",
            "track_id": f"v.{at}",
            "class_name": "ab"[at % 2],
            "weighted_score": score,
            "first_frame": at,
            "last_frame": at,
            "n_frames": 1,
            "n_padded": 0,
            "pooled": False,
        }
        for at, score in enumerate(scores)
    ]
    candidates = Candidates(pa.Table.from_pylist(rows, schema=CANDIDATE))

    def chosen(count: int) -> list[int]:
        recipe = Recipe(name="r", unit="track", strategies=("class_balanced",))
        with duckdb.connect() as connection:
            found = choose(connection, recipe, candidates, np.ones(len(rows), bool), {}, count=count)
        return [choice.at for choice in found]

    assert set(chosen(2)) == {1, 2}  # the best of each class
    assert all(chosen(6)[:count] == chosen(count) for count in range(1, 6))


# 6. Rows were appended before progress was marked, so that a crash doubled them.


def test_a_crash_does_not_double_rows(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "2", "b": "2", "c": "2"})
    crashed = False

    def compute(settings: Settings) -> Compute:
        def crash_once(task: Task) -> Outcome:
            nonlocal crashed
            outcome = read(task)
            if task.entry.video_id == "b" and not crashed:
                crashed = True
                raise KeyboardInterrupt  # its rows are made, and not yet marked as done
            return outcome

        return crash_once

    step = replace(READ, compute=compute)
    with pytest.raises(KeyboardInterrupt):
        build(store, step, BATCH, Settings(), 0)
    build(store, step, BATCH, Settings(), 0)
    assert clip_ids(store) == ["a.0", "a.1", "b.0", "b.1", "c.0", "c.1"]
    assert {video: calls(path) for video, path in paths.items()} == {"a": 1, "b": 2, "c": 1}


def clip_ids(store: Objects) -> list[str]:
    return read_partition(store, CLIPS, {"batch": BATCH}).column("clip_id").to_pylist()


# 7. An error inside a segment still marked its video as complete.


def test_an_error_in_one_clip_does_not_leave_its_video_marked_as_done(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
    mended = False

    def compute(settings: Settings) -> Compute:
        def clip_after_clip(task: Task) -> Outcome:
            done = [clip(task.entry.video_id, 0)]
            if task.entry.video_id == "b" and not mended:
                raise ZeroDivisionError("in the second clip")
            return Outcome({"clips": [*done, clip(task.entry.video_id, 1)]})

        return clip_after_clip

    step = replace(READ, compute=compute)
    build(store, step, BATCH, Settings(), 0)
    record = read_record(store, step.asset, BATCH)
    assert record is not None
    assert (set(record.items), record.unfinished) == ({"a"}, ("b",))
    assert clip_ids(store) == ["a.0", "a.1"]  # and no half of the other
    mended = True
    build(store, step, BATCH, Settings(), 0)
    assert clip_ids(store) == ["a.0", "a.1", "b.0", "b.1"]


# 8. Every process of a job did all of the work.


def test_processes_do_not_all_do_all_of_the_work(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", dict.fromkeys("abcdefgh", "1"))
    build(store, READ, BATCH, Settings(), 2)
    assert {video: calls(path) for video, path in paths.items()} == dict.fromkeys("abcdefgh", 1)


# 9. Licence plates were promised, and faces alone were looked for.


def test_plates_are_not_promised_and_left_to_be_seen() -> None:
    assert set(Settings().privacy.look_for) == {"faces", "plates"}
    models = STEPS["filtered_clips"].models(Settings())
    assert {"centerface", "plates"} <= set(models)
    assert {"centerface", "plates"} <= set(MODELS)
