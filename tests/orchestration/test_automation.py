"""Sensors, the schedule and the job that it runs, as Dagster's daemon evaluates them; and what is under way."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from assets.checked import note_failed
from assets.partitions import batches, recipes
from orchestration.backfills import Wanted, launch
from orchestration.definitions import build_defs
from orchestration.gaps import Gap
from orchestration.in_flight import in_flight
from orchestration.partitions import add_missing_keys
from orchestration.sensors import new_partitions
from resources.store import StoreResource
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register

CURATE = {"scene_clips", "filtered_clips", "tracks", "embeddings"}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with a history on disk, as schedules need it."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def registered(project: Any, kept: dg.DagsterInstance) -> Any:
    """An empty store."""
    return replace(project, instance=kept)


@pytest.fixture
def three(registered: Any, tiny: Path) -> Any:
    """Three batches that are not built: of one video each, of which two are not there."""
    for name in ("a", "b", "c"):
        register(registered.objects, [str(tiny.parent / name / tiny.name), str(tiny)], name)
    add_missing_keys(registered.instance, registered.objects)
    return registered


@pytest.fixture
def done(whole: Any, kept: dg.DagsterInstance) -> Any:
    """A store in which everything is built, and Dagster's history of which was lost."""
    add_missing_keys(kept, whole.objects)
    return replace(whole, instance=kept)


def evaluate(project: Any) -> dg.SensorResult | dg.SkipReason:
    """Evaluate the sensor that brings partitions."""
    resources = {"store": StoreResource(uri=project.objects.uri)}
    with dg.build_sensor_context(instance=project.instance, resources=resources) as context:
        result = new_partitions(context)
    assert isinstance(result, (dg.SensorResult, dg.SkipReason))
    return result


class Ready:
    """Evaluates the sensor that builds what is ready, and keeps its cursor, as Dagster's daemon does."""

    def __init__(self, project: Any) -> None:
        self._project = project
        self._cursor: str | None = None

    def __call__(self) -> list[dict[str, set[str]]] | str:
        """Return each backfill that is asked for, as partitions by asset; or why there is none."""
        definitions = build_defs(resources=self._project.resources)
        with dg.build_sensor_context(
            instance=self._project.instance,
            cursor=self._cursor,
            resources={"store": StoreResource(uri=self._project.objects.uri)},
            repository_def=definitions.get_repository_def(),
        ) as context:
            data = definitions.resolve_sensor_def("build_what_is_ready").evaluate_tick(context)
        self._cursor = data.cursor
        if not data.run_requests:
            return str(data.skip_message)
        assert all(request.requires_backfill_daemon() for request in data.run_requests)
        return [_parts(request.asset_graph_subset) for request in data.run_requests]


def _parts(subset: AssetGraphSubset | None) -> dict[str, set[str]]:
    assert subset is not None
    found: dict[str, set[str]] = {}
    for key, partition in subset.iterate_asset_partitions():
        found.setdefault(key.to_user_string(), set()).add(str(partition))
    return found


def launched(project: Any) -> list[PartitionBackfill]:
    return list(project.instance.get_backfills())


def parts(backfill: PartitionBackfill) -> dict[str, set[str]]:
    assert backfill.asset_backfill_data is not None
    return _parts(backfill.asset_backfill_data.target_subset)


def nightly(project: Any) -> dg.ExecuteInProcessResult:
    """Run the job of the nightly schedule."""
    job = build_defs(resources=project.resources).resolve_job_def("launch_backfills")
    return job.execute_in_process(
        instance=project.instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )


def test_the_sensor_brings_new_batches_and_recipes(registered: Any, tiny: Path) -> None:
    assert isinstance(evaluate(registered), dg.SkipReason)
    register(registered.objects, [str(tiny)], "main")
    recipe_files.save(registered.objects, "name: faces\nunit: frame\n")
    result = evaluate(registered)
    assert isinstance(result, dg.SensorResult)
    wanted = {r.partitions_def_name: r.partition_keys for r in result.dynamic_partitions_requests or []}
    assert wanted == {batches.name: ["main-0000"], recipes.name: ["faces"]}

    for name, keys in wanted.items():
        registered.instance.add_dynamic_partitions(name, keys)
    assert isinstance(evaluate(registered), dg.SkipReason)
    recipe_files.save(registered.objects, "name: more\nunit: frame\n")
    result = evaluate(registered)
    assert isinstance(result, dg.SensorResult)
    assert [r.partition_keys for r in result.dynamic_partitions_requests or []] == [["more"]]


def test_the_nightly_job_launches_one_backfill_of_all_that_a_group_lacks(three: Any) -> None:
    nightly(three)
    (backfill,) = launched(three)
    assert parts(backfill) == {"raw_videos": {"a-0000", "b-0000", "c-0000"}}
    assert backfill.status is BulkActionStatus.REQUESTED
    assert backfill.title == "ingest: 3 batches"
    assert backfill.tags["rushes/group"] == "ingest"
    nightly(three)
    assert len(launched(three)) == 1, "what is asked for is not asked for again"


def test_the_nightly_job_brings_partitions_that_the_sensor_has_not_seen(registered: Any, tiny: Path) -> None:
    register(registered.objects, [str(tiny)], "main")
    nightly(registered)
    (backfill,) = launched(registered)
    assert parts(backfill) == {"raw_videos": {"main-0000"}}


def test_the_nightly_job_is_launched_once_at_a_time(registered: Any) -> None:
    definitions = build_defs(resources=registered.resources)
    schedule = definitions.resolve_schedule_def("nightly_backfills")

    def tick() -> int:
        with dg.build_schedule_context(
            instance=registered.instance,
            scheduled_execution_time=datetime(2026, 1, 2, 2, tzinfo=UTC),
            repository_def=definitions.get_repository_def(),
        ) as context:
            return len(schedule.evaluate_tick(context).run_requests or [])

    assert tick() == 1
    job = definitions.resolve_job_def("launch_backfills")
    run = registered.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert tick() == 0
    registered.instance.report_run_canceled(run)
    assert tick() == 1


def tidied(project: Any, **config: Any) -> dict[str, Any]:
    """Run the job of the weekly schedule; return what it showed."""
    job = build_defs(resources=project.resources).resolve_job_def("tidy_store")
    run_config = {
        "ops": {"tidy_the_store": {"config": config}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    run = job.execute_in_process(instance=project.instance, run_config=run_config, raise_on_error=False)
    if not run.success:
        [failure] = run.filter_events(lambda event: event.is_step_failure)
        return {"refused": failure.step_failure_data.user_failure_data.description}
    [output] = run.filter_events(lambda event: event.is_successful_output)
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def test_each_week_what_is_over_a_week_old_and_wanted_by_nothing_is_removed(registered: Any) -> None:
    root = Path(registered.objects.root)
    old, young = root / "media/.tmp-old", root / "media/.tmp-young"
    old.parent.mkdir(parents=True)
    old.write_bytes(bytes(5))
    young.write_bytes(bytes(7))
    eight_days_ago = old.stat().st_mtime - 8 * 86400
    os.utime(old, (eight_days_ago, eight_days_ago))
    assert tidied(registered) == {"removed unfinished writes": 1, "bytes removed": 5}
    assert (old.exists(), young.exists()) == (False, True)
    assert tidied(registered, days=0) == {"removed unfinished writes": 1, "bytes removed": 7}
    assert tidied(registered, days=0) == {"bytes removed": 0}
    assert "less than 0" in tidied(registered, days=-1)["refused"]


def test_a_built_store_is_left_alone_until_something_is_stale_or_failed(done: Any) -> None:
    nightly(done)
    assert launched(done) == []
    before = done.objects.read(settings.PATH)
    settings.save(done.objects, "filters: {min_duration_s: 1}\ntracking: {fps: 4}")
    try:
        nightly(done)
        (backfill,) = launched(done)
        assert parts(backfill) == {"tracks": {"demo-0000"}, "embeddings": {"demo-0000"}}
    finally:
        done.objects.write(settings.PATH, before)


def test_a_changed_recipe_is_built_again(done: Any) -> None:
    ready = Ready(done)
    assert ready() == "nothing is ready that was not tried before"
    before = done.objects.read("recipes/people.yaml")
    try:
        recipe_files.save(done.objects, before.decode().replace("jpeg_quality: 95", "jpeg_quality: 80"))
        assert ready() == [{"packaged_datasets": {"people"}}]
        recipe_files.save(done.objects, before.decode().replace("n_sequences: 3", "n_sequences: 2"))
        assert ready() == [{"selected_sequences": {"people"}, "packaged_datasets": {"people"}}]
    finally:
        done.objects.write("recipes/people.yaml", before)


def test_what_follows_is_asked_for_once_its_input_is_built_and_its_checks_are_green(three: Any) -> None:
    ready = Ready(three)
    assert ready() == [{"raw_videos": {"a-0000", "b-0000", "c-0000"}}]
    assert ready() == "nothing has changed"
    for batch in ("a-0000", "b-0000"):
        assert three.run("build_batch", batch, "raw_videos").success
    note_failed(three.objects, "raw_videos", "b-0000", "check of videos: a null")
    assert ready() == [{asset: {"a-0000"} for asset in CURATE}]
    assert three.run("build_batch", "b-0000", "raw_videos").success, "built again, the checks pass"
    assert ready() == [{asset: {"b-0000"} for asset in CURATE}]


def test_what_no_run_could_begin_is_not_asked_for_again_and_again(three: Any) -> None:
    ready = Ready(three)
    assert ready() == [{"raw_videos": {"a-0000", "b-0000", "c-0000"}}]
    three.objects.write("failures/tracks/elsewhere-0000.json", b'{"message": "something has changed in the store"}')
    assert ready() == "nothing is ready that was not tried before"
    settings.save(three.objects, "ingest: {max_duration_s: 100}")
    assert ready() == [{"raw_videos": {"a-0000", "b-0000", "c-0000"}}], "this is another thing to build"


def test_the_sensor_waits_for_partitions_that_dagster_does_not_know(registered: Any, tiny: Path) -> None:
    register(registered.objects, [str(tiny)], "main")
    ready = Ready(registered)
    assert "new_partitions brings them" in str(ready())
    add_missing_keys(registered.instance, registered.objects)
    assert ready() == [{"raw_videos": {"main-0000"}}]


def test_runs_of_every_kind_are_under_way_until_they_end(three: Any) -> None:
    definitions = build_defs(resources=three.resources)
    job, all_assets = definitions.resolve_job_def("build_batch"), definitions.resolve_implicit_global_asset_job_def()
    batch_assets = {"raw_videos", *CURATE}
    assert in_flight(three.instance) == frozenset()

    run = three.instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "a-0000"}
    )
    assert in_flight(three.instance) == {(asset, "a-0000") for asset in batch_assets}
    three.instance.report_run_canceled(run)
    assert in_flight(three.instance) == frozenset()

    three.instance.create_run_for_job(
        all_assets,
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset({dg.AssetKey("raw_videos")}),
        tags={"dagster/asset_partition_range_start": "b-0000", "dagster/asset_partition_range_end": "c-0000"},
    )
    assert in_flight(three.instance) == {("raw_videos", "b-0000"), ("raw_videos", "c-0000")}


def test_what_a_backfill_has_still_to_build_is_under_way(three: Any) -> None:
    graph = build_defs(resources=three.resources).resolve_asset_graph()
    wanted = Wanted("curate", (Gap("a-0000", ("tracks", "embeddings")), Gap("b-0000", ("embeddings",))), 0)
    name = launch(three.instance, graph, wanted, {})
    asked = {("tracks", "a-0000"), ("embeddings", "a-0000"), ("embeddings", "b-0000")}
    assert in_flight(three.instance) == asked

    backfill = three.instance.get_backfill(name)
    assert backfill is not None
    data = backfill.asset_backfill_data
    assert data is not None
    built = AssetGraphSubset.from_asset_partition_set({_part("tracks", "a-0000")}, graph)
    failed = AssetGraphSubset.from_asset_partition_set({_part("embeddings", "b-0000")}, graph)
    three.instance.update_backfill(
        backfill.with_asset_backfill_data(
            data._replace(materialized_subset=built, failed_and_downstream_subset=failed), three.instance, graph
        )
    )
    assert in_flight(three.instance) == {("embeddings", "a-0000")}
    three.instance.update_backfill(three.instance.get_backfill(name).with_status(BulkActionStatus.COMPLETED_FAILED))
    assert in_flight(three.instance) == frozenset()


def _part(asset: str, partition: str) -> AssetKeyPartitionKey:
    return AssetKeyPartitionKey(dg.AssetKey(asset), partition)
