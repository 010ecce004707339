"""Clips of annotated spans pass the checks of clips, though they leave gaps and overlap."""

from pathlib import Path
from typing import Any

import numpy as np

from orchestration.sensors import add_missing_keys
from rushes.settings import Settings
from rushes.sources.annotated import Rows
from rushes.sources.footage import Footage
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import read_record
from rushes.store.parts import read_part, write_part
from rushes.store.schemas import CLIPS
from rushes.store.tables import read_partition
from rushes.work.build import build

BATCH = "main-0000"


def test_clips_of_spans_may_overlap_and_leave_gaps(project: Any, tiny: Path) -> None:
    register(project.objects, [str(tiny)], "main")
    add_missing_keys(project.instance, project.objects)
    build(project.objects, STEPS["raw_videos"], BATCH, Settings(), workers=0)
    _annotate(project.objects, ("a", 2, 6), ("b", 4, 9))

    result = project.run("build_batch", BATCH, "scene_clips")
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    rows = read_partition(project.objects, CLIPS, {"batch": BATCH}, ["start_frame", "end_frame", "span"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [(2, 6, "a"), (4, 9, "b")]


def _annotate(objects: Any, *spans: tuple[str, int, int]) -> None:
    """Put spans of frames into the part of the batch's only video."""
    rows = Rows("made", Footage("tiny", 64, 48, np.arange(10) / 25, 0.4))
    for line, (name, start, end) in enumerate(spans, 1):
        rows.segment(line, "span", start / 25, end / 25, segment_id=name)
    record = read_record(objects, "raw_videos", BATCH)
    assert record is not None
    [built] = record.items.values()
    tables, _ = read_part(objects, "raw_videos", BATCH, built.key)
    tables["annotation_segments"] = rows.done().segments
    write_part(objects, "raw_videos", BATCH, built.key, tables)
