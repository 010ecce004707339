"""Lightly's example of sequence selection: two videos, sequences of ten frames, 200 frames of them."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real_clips import demo_files

from rushes.selection.recipes import recipe as recipes
from rushes.selection.report.figures import figures
from rushes.selection.report.write import write_report
from rushes.selection.select import Selection, select
from rushes.settings import Embedding, Filters, Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.work.build import build

LENGTH, SAMPLES = 10, 200
RECIPE = f"""
name: pexels
sequence_length: {LENGTH}
strategies: [diversity]
n_samples: {SAMPLES}
save_frames: true
"""
CHOSEN = Settings(embedding=Embedding(fps=50, crops_per_track=0), filters=Filters(min_duration_s=0.5))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Objects, Selection]:
    store = Objects(tmp_path_factory.mktemp("pexels") / "store")
    clips = demo_files()
    register(store, [str(clips["bikes"]), str(clips["carphone"])], "pexels")
    for batch in batch_names(store):
        for step in STEPS.values():
            build(store, step, batch, CHOSEN, 0)
    recipe = recipes.save(store, RECIPE)
    selection = select(store, recipe)
    write_report(store, recipe, selection)
    return store, selection


def chosen(store: Objects) -> list[dict[str, Any]]:
    with connect(store) as connection:
        query = (
            "SELECT s.*, c.start_frame, c.end_frame FROM selections AS s JOIN clips AS c USING (clip_id) ORDER BY rank"
        )
        return connection.execute(query).to_arrow_table().to_pylist()


def test_twenty_sequences_of_ten_frames_are_chosen_of_both_videos(done: tuple[Objects, Selection]) -> None:
    rows = chosen(done[0])
    assert len(rows) == SAMPLES // LENGTH
    assert all(later == earlier + 1 for row in rows for earlier, later in pairwise(row["frames"]))
    assert {len(row["frames"]) for row in rows} == {LENGTH}
    assert len({row["video_id"] for row in rows}) == 2
    assert done[1].note is None


def test_no_frame_is_chosen_twice_and_no_sequence_crosses_a_cut(done: tuple[Objects, Selection]) -> None:
    rows = chosen(done[0])
    frames = [(row["video_id"], frame) for row in rows for frame in row["frames"]]
    assert len(set(frames)) == SAMPLES
    assert all(row["start_frame"] <= row["frames"][0] and row["frames"][-1] < row["end_frame"] for row in rows)


def test_the_files_name_each_frame_as_lightly_does_and_the_frames_are_there(done: tuple[Objects, Selection]) -> None:
    store, _ = done
    told = json.loads(store.read("reports/pexels/sequence_information.json"))
    assert len(told) == SAMPLES // LENGTH
    for sequence, row in zip(told, chosen(store), strict=True):
        assert sequence["frame_indices"] == row["frames"]
        assert sequence["frame_names"][0] == f"{row['video_id']}-{row['frames'][0]:03d}-mp4.png"
        times = sequence["frame_timestamps_sec"]
        assert times == pytest.approx(
            [times[0] + n / (25 if "bikes" in row["video_id"] else 30000 / 1001) for n in range(LENGTH)], abs=1e-3
        )
    names = {name for sequence in told for name in sequence["frame_names"]}
    saved = {Path(name).name for name in store.list("reports/pexels/frames")}
    assert saved == names
    assert len(names) == SAMPLES


def test_the_map_shows_the_twenty_sequences_each_as_its_ten_frames(done: tuple[Objects, Selection]) -> None:
    store, selection = done
    assert store.read("reports/pexels/index.html").decode().count('class="sequence c') == SAMPLES // LENGTH
    with connect(store) as connection:
        shown = figures(connection, recipes.load(store, "pexels"), selection.candidates, selection.choices).pca
    assert shown is not None
    assert [len(frames) for frames in shown.frames] == [LENGTH] * (SAMPLES // LENGTH)
    middles = np.stack([frames.mean(axis=0) for frames in shown.frames])
    own = [
        np.linalg.norm(middles - frame, axis=1).argmin() == group
        for group, frames in enumerate(shown.frames)
        for frame in frames
    ]
    assert np.mean(own) > 0.7, "most frames lie nearest to the middle of their own sequence"
