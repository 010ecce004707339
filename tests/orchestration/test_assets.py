"""Single assets: what they tell Dagster, and what becomes of errors and of rows that break a table's rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from assets.embeddings import embeddings
from assets.filtered_clips import filtered_clips
from assets.packaged_datasets import packaged_datasets
from assets.raw_videos import raw_videos
from assets.scene_clips import scene_clips
from assets.selected_sequences import selected_sequences
from assets.tracks import tracks
from orchestration.gaps import batch_gaps
from orchestration.partitions import add_missing_keys
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.failures import read_failure
from rushes.store.manifests import read_record
from rushes.store.parts import read_part, write_part
from rushes.store.schemas import CLIPS, TABLES
from rushes.store.tables import partition_path, read_partition, write_partition
from rushes.work.build import build

BATCH = "main-0000"
KEYS = {"batch": BATCH}


def materialise(project: Any, asset: dg.AssetsDefinition, partition: str = BATCH) -> dg.MaterializeResult:
    """Call an asset's function with a context and resources, as Dagster would."""
    given = {"store": StoreResource(uri=project.objects.uri), "compute": ComputeResource(workers=0)}
    wanted = {name: resource for name, resource in given.items() if name in asset.required_resource_keys}
    result = asset(dg.build_asset_context(partition_key=partition), **wanted)
    if isinstance(result, Iterator):
        (result,) = result
    assert isinstance(result, dg.MaterializeResult)
    return result


@pytest.fixture
def added(project: Any, tiny: Path, tmp_path: Path) -> Any:
    """A store with a short video and an empty file in one batch, and the batch's key in Dagster."""
    (tmp_path / "empty.mp4").touch()
    register(project.objects, [str(tiny), str(tmp_path / "empty.mp4")], "main")
    settings.save(project.objects, "filters: {min_duration_s: 0.1}")
    add_missing_keys(project.instance, project.objects)
    return project


def test_metadata_tells_what_came_of_a_batch(added: Any) -> None:
    result = materialise(added, raw_videos)
    told = dict(result.metadata or {})
    assert told["rows of videos"] == told["dagster/row_count"] == 1
    assert told["rows of packets"] == 10
    assert told["rejects"] == 1
    assert told["rejects by reason"] == dg.MetadataValue.json({"empty_file": 1})
    assert told["bytes"] == sum(
        added.objects.size(name) for name in added.objects.list("tables") if name.endswith(".parquet")
    )
    assert (told["videos worked on"], told["videos reused"]) == (2, 0)
    assert told["seconds"] > 0
    assert told["video seconds per second"] > 0
    assert "](data:image/jpeg;base64," in told["contact sheet"].value
    assert Path(told["contact sheet file"].value).read_bytes().startswith(b"\xff\xd8")


def test_the_data_version_is_that_of_the_rows(added: Any) -> None:
    first = materialise(added, raw_videos)
    record = read_record(added.objects, "raw_videos", BATCH)
    assert record is not None
    assert first.data_version == dg.DataVersion(record.identity)

    again = materialise(added, raw_videos)
    assert again.data_version == first.data_version
    told = dict(again.metadata or {})
    assert (told["videos worked on"], told["videos reused"]) == (0, 2)
    assert "video seconds per second" not in told

    clips = materialise(added, scene_clips)
    settings.save(added.objects, "shots: {adaptive_threshold: 4}")
    assert materialise(added, scene_clips).data_version != clips.data_version


@pytest.mark.parametrize(
    ("asset", "table"), [(scene_clips, "clips"), (filtered_clips, "filtered_clips"), (tracks, "tracks")]
)
def test_each_step_tells_its_rows_and_shows_a_picture(whole: Any, asset: dg.AssetsDefinition, table: str) -> None:
    told = dict(materialise(whole, asset, "demo-0000").metadata or {})
    rows = read_partition(whole.objects, TABLES[table], {"batch": "demo-0000"})
    assert told["dagster/row_count"] == told[f"rows of {table}"] == len(rows) > 0
    assert "contact sheet" in told


def test_embeddings_show_a_map(whole: Any) -> None:
    told = dict(materialise(whole, embeddings, "demo-0000").metadata or {})
    assert "](data:image/png;base64," in told["contact sheet"].value


def test_recipes_tell_how_many_were_left_at_each_step(whole: Any) -> None:
    told = dict(materialise(whole, selected_sequences, "people").metadata or {})
    assert "| chosen | 3 |" in told["funnel"].value
    assert Path(told["report"].value).read_text().startswith("<!")
    told = dict(materialise(whole, packaged_datasets, "people").metadata or {})
    assert (Path(told["data set"].value) / "dataset.json").is_file()
    assert told["files"] == told["rows of datasets"] > 0


def test_no_picture_is_drawn_where_none_is_wanted(added: Any) -> None:
    settings.save(added.objects, "build: {contact_sheets: false}")
    assert not {"contact sheet", "contact sheet file"} & set(materialise(added, raw_videos).metadata or {})


def test_an_error_is_a_failure_with_just_its_line(added: Any) -> None:
    with pytest.raises(dg.Failure) as caught:
        materialise(added, tracks)
    assert caught.value.description == f"tracks of {BATCH} needs raw_videos, filtered_clips: build that first"
    assert caught.value.allow_retries is False

    with pytest.raises(dg.Failure) as caught:
        materialise(added, raw_videos, "nosuch-0000")
    assert "no batch named 'nosuch-0000'" in str(caught.value.description)
    assert BATCH in str(caught.value.description)

    settings.save(added.objects, "build: {max_reject_share: 0.1}")
    with pytest.raises(dg.Failure) as caught:
        materialise(added, raw_videos)
    assert "1 of 2 videos rejected" in str(caught.value.description)
    assert "\n" not in str(caught.value.description)


def test_a_recipe_that_fails_is_noted_until_it_is_built(whole: Any) -> None:
    recipe_files.save(whole.objects, "name: broken\nunit: frame\nwhere: nosuch > 3\n")
    try:
        with pytest.raises(dg.Failure) as caught:
            materialise(whole, selected_sequences, "broken")
        assert "where" in str(caught.value.description)
        assert read_failure(whole.objects, "selected_sequences", "broken") == caught.value.description
        recipe_files.save(whole.objects, "name: broken\nunit: frame\nwhere: width > 3\n")
        materialise(whole, selected_sequences, "broken")
        assert read_failure(whole.objects, "selected_sequences", "broken") is None
    finally:
        whole.objects.delete("recipes/broken.yaml")


def test_rows_that_break_a_rule_stop_what_comes_after(added: Any) -> None:
    for asset in ("raw_videos", "scene_clips"):
        build(added.objects, STEPS[asset], BATCH, settings.load(added.objects), workers=0)
    _change_part(added, "scene_clips", "end_frame", 9)

    result = added.run("build_batch", BATCH, "scene_clips", "filtered_clips")
    assert not result.success
    assert _materialised(result) == {"scene_clips"}
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert [check.check_name for check in failed] == ["clips_cover_their_videos"]
    assert failed[0].metadata["out of place"].value == [["tiny", 9, 10]]
    assert read_record(added.objects, "filtered_clips", BATCH) is None


def test_a_failed_check_is_a_gap_that_the_next_run_fills(added: Any) -> None:
    for asset in ("raw_videos", "scene_clips"):
        build(added.objects, STEPS[asset], BATCH, settings.load(added.objects), workers=0)
    rows = read_partition(added.objects, CLIPS, KEYS)
    good = added.objects.read(partition_path(CLIPS, KEYS))
    write_partition(added.objects, CLIPS, KEYS, pa.concat_tables([rows, rows]))

    result = added.run("build_batch", BATCH, "scene_clips", "filtered_clips")
    assert not result.success
    assert _materialised(result) == {"scene_clips"}
    assert "check of clips" in str(read_failure(added.objects, "scene_clips", BATCH))
    (gap,) = batch_gaps(added.objects)
    assert gap.assets == ("scene_clips", "filtered_clips", "tracks", "embeddings")

    result = added.run("build_batch", BATCH, "scene_clips", "filtered_clips")
    assert result.success
    assert added.objects.read(partition_path(CLIPS, KEYS)) == good
    assert read_failure(added.objects, "scene_clips", BATCH) is None
    (gap,) = batch_gaps(added.objects)
    assert gap.assets == ("tracks", "embeddings")


def _change_part(project: Any, asset: str, column: str, value: int) -> None:
    """Give a column of every row another value, in the parts that the partition is put together from."""
    record = read_record(project.objects, asset, BATCH)
    assert record is not None
    table = STEPS[asset].tables[0]
    for built in record.items.values():
        parts, _ = read_part(project.objects, asset, BATCH, built.key)
        rows = parts[table]
        at = rows.schema.get_field_index(column)
        changed = rows.set_column(at, rows.schema.field(at), pa.array([value] * len(rows), rows.schema.field(at).type))
        write_part(project.objects, asset, BATCH, built.key, {**parts, table: changed})
    project.objects.delete(f"records/{asset}/{BATCH}.json")


def _materialised(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
