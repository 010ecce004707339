"""Several batches in one run: each tells its own, and one that fails takes no other along."""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from real_clips import cut

from orchestration.definitions import build_defs
from orchestration.partitions import add_missing_keys
from rushes import settings
from rushes.sources.register import register
from rushes.store.failures import read_failure
from rushes.store.manifests import read_record
from rushes.store.parts import read_part, write_part

RAW = dg.AssetKey("raw_videos")
BATCHES = [f"c{n}-0000" for n in range(3)]


@pytest.fixture
def three(project: Any, tiny: Path, tmp_path: Path) -> Any:
    """Three batches of one video each, of which the middle one is longer."""
    videos = [
        tiny,
        cut("carphone", tmp_path / "longer.mp4", 20, 50),
        cut("carphone", tmp_path / "short.mp4", 60, 70),
    ]
    for number, video in enumerate(videos):
        register(project.objects, [str(video)], f"c{number}")
    add_missing_keys(project.instance, project.objects)
    return project


def run_all(project: Any) -> dg.ExecuteInProcessResult:
    """Run raw_videos over all batches at once, as a backfill does."""
    job = build_defs(resources=project.resources).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=project.instance,
        asset_selection=[RAW],
        tags={"dagster/asset_partition_range_start": BATCHES[0], "dagster/asset_partition_range_end": BATCHES[-1]},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def materialisations(project: Any) -> dict[str | None, dg.AssetMaterialization]:
    records = project.instance.fetch_materializations(RAW, limit=100).records
    found = [record.asset_materialization for record in records]
    assert len({one.partition for one in found}) == len(found), "a batch has one materialisation"
    return {one.partition: one for one in found}


def checks(project: Any, name: str) -> dict[str | None, str]:
    """Return how the latest evaluation for each batch came out."""
    history = project.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(RAW, name), limit=100
    )
    return {record.partition: record.status.value for record in sorted(history, key=lambda record: record.id)}


def test_each_batch_has_metadata_a_data_version_and_checks_of_its_own(three: Any) -> None:
    assert run_all(three).success
    told = materialisations(three)
    assert sorted(told, key=str) == BATCHES
    assert [told[batch].metadata["rows of packets"].value for batch in BATCHES] == [10, 30, 10]
    for batch in BATCHES:
        record = read_record(three.objects, "raw_videos", batch)
        assert record is not None
        assert told[batch].tags["dagster/data_version"] == record.identity
        assert told[batch].tags["dagster/code_version"] == record.code_version
    for table in ("videos", "packets", "annotation_boxes", "annotation_segments", "rejects"):
        assert checks(three, f"{table}_keep_their_schema") == dict.fromkeys(BATCHES, "SUCCEEDED")


def test_a_batch_that_fails_loses_no_other(three: Any, tmp_path: Path) -> None:
    settings.save(three.objects, "collections: {c1: {build: {max_reject_share: 0.5}}}")
    (tmp_path / "longer.mp4").write_bytes(b"")
    result = run_all(three)
    assert not result.success
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data.description.startswith("1 of 3 batches: c1-0000: raw_videos of c1-0000: 1 of 1")
    assert sorted(materialisations(three), key=str) == [BATCHES[0], BATCHES[2]]
    assert checks(three, "videos_keep_their_schema") == {
        BATCHES[0]: "SUCCEEDED", BATCHES[1]: "PLANNED", BATCHES[2]: "SUCCEEDED"
    }  # fmt: skip
    assert [read_failure(three.objects, "raw_videos", batch) is None for batch in BATCHES] == [True, False, True]


def test_a_batch_whose_check_fails_is_red_alone_and_stops_what_reads_it(three: Any) -> None:
    assert run_all(three).success
    record = read_record(three.objects, "raw_videos", BATCHES[1])
    assert record is not None
    [built] = record.items.values()
    rows, _ = read_part(three.objects, "raw_videos", BATCHES[1], built.key)
    videos = rows["videos"]
    at = videos.schema.get_field_index("width")
    broken = videos.set_column(at, videos.schema.field(at), pa.array([-5], videos.schema.field(at).type))
    write_part(three.objects, "raw_videos", BATCHES[1], built.key, {**rows, "videos": broken})
    three.objects.delete(f"records/raw_videos/{BATCHES[1]}.json")

    result = run_all(three)
    assert not result.success
    assert checks(three, "videos_keep_their_schema") == dict(
        zip(BATCHES, ("SUCCEEDED", "FAILED", "SUCCEEDED"), strict=True)
    )
    assert "check of videos" in str(read_failure(three.objects, "raw_videos", BATCHES[1]))

    for batch, passes in zip(BATCHES, (True, False, True), strict=True):
        assert three.run("build_batch", batch, "scene_clips").success == passes
    [failure] = [
        event.step_failure_data.user_failure_data.description
        for event in three.run("build_batch", BATCHES[1], "scene_clips").all_events
        if event.is_step_failure
    ]
    said = "scene_clips of c1-0000 reads raw_videos, which is to be built again first: check of videos"
    assert failure.startswith(said)
