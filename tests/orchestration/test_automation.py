"""The sensor that brings partition keys, and the schedules that fill gaps a few at a time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.partitions import batches, recipes
from orchestration.definitions import build_defs
from orchestration.sensors import add_missing_keys, new_partitions
from resources.store import StoreResource
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register
from rushes.store.manifests import write_failure

ASSETS = ["raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"]


def store_of(project: Any) -> StoreResource:
    return StoreResource(uri=project.objects.uri)


def evaluate(project: Any) -> dg.SensorResult | dg.SkipReason:
    """Evaluate the sensor."""
    with dg.build_sensor_context(instance=project.instance, resources={"store": store_of(project)}) as context:
        result = new_partitions(context)
    assert isinstance(result, (dg.SensorResult, dg.SkipReason))
    return result


def tick(project: Any, schedule: str, at: str = "2026-01-02T02:00") -> list[dg.RunRequest]:
    """Evaluate a schedule as Dagster's daemon does; an empty list stands for a skipped tick with a reason."""
    definitions = build_defs(resources=project.resources)
    with dg.build_schedule_context(
        instance=project.instance,
        resources={"store": store_of(project)},
        scheduled_execution_time=datetime.fromisoformat(at).replace(tzinfo=UTC),
        repository_def=definitions.get_repository_def(),
    ) as context:
        data = definitions.resolve_schedule_def(schedule).evaluate_tick(context)
    assert bool(data.skip_message) != bool(data.run_requests)
    return list(data.run_requests or [])


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
def done(whole: Any, kept: dg.DagsterInstance) -> Any:
    """A store in which everything is built, and Dagster's history of which was lost."""
    add_missing_keys(kept, whole.objects)
    return replace(whole, instance=kept)


@pytest.fixture
def add(registered: Any, tiny: Path) -> Callable[[int], None]:
    """Register batches of one video each."""

    def add(count: int) -> None:
        for number in range(count):
            register(registered.objects, [str(tiny.parent / f"{number}" / tiny.name), str(tiny)], f"c{number:02d}")
        add_missing_keys(registered.instance, registered.objects)

    return add


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


def test_missing_batches_are_asked_for_with_all_they_lack(registered: Any, tiny: Path) -> None:
    assert tick(registered, "fill_batches") == []
    register(registered.objects, [str(tiny)], "main")
    add_missing_keys(registered.instance, registered.objects)
    (request,) = tick(registered, "fill_batches")
    assert request.partition_key == "main-0000"
    assert [key.to_user_string() for key in request.asset_selection or []] == ASSETS


def test_a_batch_that_fails_each_night_is_asked_for_each_night(registered: Any, add: Callable[[int], None]) -> None:
    add(2)
    first, second = (
        {request.run_key for request in tick(registered, "fill_batches", f"2026-01-0{day}T02:00")} for day in (1, 2)
    )
    assert len(first | second) == 4, "Dagster takes a run key that it has seen for a run that it has made"


def test_a_built_batch_is_left_alone_until_it_is_stale(done: Any) -> None:
    assert tick(done, "fill_batches") == []
    assert tick(done, "fill_recipes") == []
    before = done.objects.read(settings.PATH)
    settings.save(done.objects, "filters: {min_duration_s: 1}\ntracking: {fps: 4}")
    try:
        (request,) = tick(done, "fill_batches")
        assert request.partition_key == "demo-0000"
        assert [key.to_user_string() for key in request.asset_selection or []] == ["tracks", "embeddings"]
    finally:
        done.objects.write(settings.PATH, before)


def test_a_failed_batch_is_asked_for_again(done: Any) -> None:
    write_failure(done.objects, "embeddings", "demo-0000", "the disk was full")
    try:
        (request,) = tick(done, "fill_batches")
        assert [key.to_user_string() for key in request.asset_selection or []] == ["embeddings"]
    finally:
        done.objects.delete("failures/embeddings/demo-0000.json")


def test_a_tick_asks_for_25_runs_at_most(registered: Any, add: Callable[[int], None]) -> None:
    add(27)
    asked = [request.partition_key for request in tick(registered, "fill_batches")]
    assert asked == [f"c{number:02d}-0000" for number in range(25)]


def test_what_is_being_built_is_not_asked_for(registered: Any, add: Callable[[int], None]) -> None:
    add(3)
    job = build_defs(resources=registered.resources).resolve_job_def("build_batch")
    for partition, status in (
        ("c00-0000", dg.DagsterRunStatus.STARTING),
        ("c01-0000", dg.DagsterRunStatus.STARTED),
        ("c02-0000", dg.DagsterRunStatus.FAILURE),
    ):
        registered.instance.create_run_for_job(job, status=status, tags={"dagster/partition": partition})
    assert [request.partition_key for request in tick(registered, "fill_batches")] == ["c02-0000"]


def test_a_recipe_waits_for_something_to_choose_from(registered: Any, tiny: Path) -> None:
    recipe_files.save(registered.objects, "name: faces\nunit: frame\n")
    add_missing_keys(registered.instance, registered.objects)
    assert tick(registered, "fill_recipes") == []


def test_a_changed_recipe_is_asked_for(done: Any) -> None:
    before = done.objects.read("recipes/people.yaml")
    try:
        recipe_files.save(done.objects, before.decode().replace("jpeg_quality: 95", "jpeg_quality: 80"))
        (request,) = tick(done, "fill_recipes")
        assert (request.partition_key, request.asset_selection) == ("people", [dg.AssetKey("packaged_datasets")])
        recipe_files.save(done.objects, before.decode().replace("n_sequences: 3", "n_sequences: 2"))
        (request,) = tick(done, "fill_recipes")
        assert len(request.asset_selection or []) == 2
    finally:
        done.objects.write("recipes/people.yaml", before)
