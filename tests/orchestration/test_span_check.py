"""Clips pass their check where they cover videos or spans, however these lie, and fail it where they do not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestration.partitions import add_missing_keys
from rushes.settings import Settings
from rushes.sources.annotated import Rows
from rushes.sources.footage import Footage
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.failures import read_failure
from rushes.store.manifests import read_record
from rushes.store.parts import read_part, write_part
from rushes.store.schemas import ANNOTATION_SEGMENTS, CLIPS, VIDEOS
from rushes.store.tables import read_partition, write_partition
from rushes.work.build import build

BATCH = "main-0000"


def test_clips_of_spans_may_overlap_and_leave_gaps(project: Any, tiny: Path) -> None:
    _register(project, tiny)
    build(project.objects, STEPS["raw_videos"], BATCH, Settings(), workers=0)
    _annotate(project.objects, ("a", 2, 6), ("b", 4, 9))

    result = project.run("build_batch", BATCH, "scene_clips")
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    rows = read_partition(project.objects, CLIPS, {"batch": BATCH}, ["start_frame", "end_frame", "span"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [(2, 6, "a"), (4, 9, "b")]


def _leave_gap(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rows[0], "start_frame": 1, "clip_id": "late"}]


def _overlap(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*rows, {**rows[0], "start_frame": 5, "clip_id": "second"}]


def _lose(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return []


@pytest.mark.parametrize(
    ("broken", "where"), [(_leave_gap, [0, 1]), (_overlap, [5, 10]), (_lose, [0, 10])], ids=["gap", "overlap", "none"]
)
def test_clips_that_leave_gaps_or_overlap_fail_and_stop_what_follows(
    project: Any, tiny: Path, broken: Any, where: list[int]
) -> None:
    _register(project, tiny)
    for asset in ("raw_videos", "scene_clips"):
        build(project.objects, STEPS[asset], BATCH, Settings(), workers=0)
    objects, key = project.objects, _key(project.objects, "scene_clips")
    tables, _ = read_part(objects, "scene_clips", BATCH, key)
    write_part(
        objects, "scene_clips", BATCH, key, {**tables, "clips": CLIPS.from_rows(broken(tables["clips"].to_pylist()))}
    )
    objects.delete(f"records/scene_clips/{BATCH}.json")

    result = project.run("build_batch", BATCH, "scene_clips", "filtered_clips")
    assert not result.success
    assert read_record(objects, "filtered_clips", BATCH) is None
    assert "check of clips" in str(read_failure(objects, "scene_clips", BATCH))
    [check] = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert check.metadata["out of place"].value == [["tiny", *where]]


def test_a_video_that_could_not_be_cut_needs_no_clips(project: Any, tiny: Path) -> None:
    _register(project, tiny)
    build(project.objects, STEPS["raw_videos"], BATCH, Settings(), workers=0)
    [video] = read_partition(project.objects, VIDEOS, {"batch": BATCH}).to_pylist()
    media = Path(project.objects.full_uri(video["media_uri"]))
    media.write_bytes(bytes(media.stat().st_size))

    result = project.run("build_batch", BATCH, "scene_clips")
    assert result.success
    assert read_partition(project.objects, CLIPS, {"batch": BATCH}).num_rows == 0
    assert all(check.passed for check in result.get_asset_check_evaluations())


def _register(project: Any, video: Path) -> None:
    register(project.objects, [str(video)], "main")
    add_missing_keys(project.instance, project.objects)


def _key(objects: Any, asset: str) -> str:
    """Return the key of the part of the batch's only video."""
    record = read_record(objects, asset, BATCH)
    assert record is not None
    [built] = record.items.values()
    return built.key


def _annotate(objects: Any, *spans: tuple[str, int, int]) -> None:
    """Put spans of frames into the part of the batch's only video."""
    rows = Rows("made", Footage("tiny", 64, 48, np.arange(10) / 25, 0.4))
    for line, (name, start, end) in enumerate(spans, 1):
        rows.segment(line, "span", start / 25, end / 25, segment_id=name)
    key = _key(objects, "raw_videos")
    tables, _ = read_part(objects, "raw_videos", BATCH, key)
    tables["annotation_segments"] = rows.done().segments
    write_part(objects, "raw_videos", BATCH, key, tables)
    write_partition(objects, ANNOTATION_SEGMENTS, {"batch": BATCH}, tables["annotation_segments"])
