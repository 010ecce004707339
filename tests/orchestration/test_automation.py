"""The sensor that brings partition keys, and the schedules that fill gaps a few at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.partitions import batches, recipes
from orchestration.definitions import build_defs
from orchestration.sensors import add_missing_keys, new_partitions
from resources.store import StoreResource
from rushes import settings
from rushes.selection import recipe as recipe_files
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


def tick(project: Any, schedule: str) -> list[dg.RunRequest]:
    """Evaluate a schedule as Dagster's daemon does; an empty list stands for a skipped tick with a reason."""
    definition = build_defs(resources=project.resources).resolve_schedule_def(schedule)
    with dg.build_schedule_context(instance=project.instance, resources={"store": store_of(project)}) as context:
        data = definition.evaluate_tick(context)
    assert bool(data.skip_message) != bool(data.run_requests)
    return list(data.run_requests or [])


@pytest.fixture
def add(project: Any, tiny: Path) -> Callable[[int], None]:
    """Register batches of one video each."""

    def add(count: int) -> None:
        for number in range(count):
            register(project.objects, [str(tiny.parent / f"{number}" / tiny.name), str(tiny)], f"c{number:02d}")
        add_missing_keys(project.instance, project.objects)

    return add


def test_the_sensor_brings_new_batches_and_recipes(project: Any, tiny: Path) -> None:
    assert isinstance(evaluate(project), dg.SkipReason)
    register(project.objects, [str(tiny)], "main")
    recipe_files.save(project.objects, "name: faces\nunit: frame\n")
    result = evaluate(project)
    assert isinstance(result, dg.SensorResult)
    wanted = {r.partitions_def_name: r.partition_keys for r in result.dynamic_partitions_requests or []}
    assert wanted == {batches.name: ["main-0000"], recipes.name: ["faces"]}

    for name, keys in wanted.items():
        project.instance.add_dynamic_partitions(name, keys)
    assert isinstance(evaluate(project), dg.SkipReason)
    recipe_files.save(project.objects, "name: more\nunit: frame\n")
    result = evaluate(project)
    assert isinstance(result, dg.SensorResult)
    assert [r.partition_keys for r in result.dynamic_partitions_requests or []] == [["more"]]


def test_missing_batches_are_asked_for_with_all_they_lack(project: Any, tiny: Path) -> None:
    assert tick(project, "fill_batches") == []
    register(project.objects, [str(tiny)], "main")
    add_missing_keys(project.instance, project.objects)
    (request,) = tick(project, "fill_batches")
    assert request.partition_key == "main-0000"
    assert [key.to_user_string() for key in request.asset_selection or []] == ASSETS
    assert request.run_key is None, "a run that failed could never be asked for again"


def test_a_built_batch_is_left_alone_until_it_is_stale(whole: Any) -> None:
    assert tick(whole, "fill_batches") == []
    assert tick(whole, "fill_recipes") == []
    before = whole.objects.read(settings.PATH)
    settings.save(whole.objects, "filters: {min_duration_s: 1}\ntracking: {fps: 4}")
    try:
        (request,) = tick(whole, "fill_batches")
        assert request.partition_key == "demo-0000"
        assert [key.to_user_string() for key in request.asset_selection or []] == ["tracks", "embeddings"]
    finally:
        whole.objects.write(settings.PATH, before)


def test_a_failed_batch_is_asked_for_again(whole: Any) -> None:
    write_failure(whole.objects, "embeddings", "demo-0000", "the disk was full")
    try:
        (request,) = tick(whole, "fill_batches")
        assert [key.to_user_string() for key in request.asset_selection or []] == ["embeddings"]
    finally:
        whole.objects.delete("failures/embeddings/demo-0000.json")


def test_a_tick_asks_for_25_runs_at_most(project: Any, add: Callable[[int], None]) -> None:
    add(27)
    assert [request.partition_key for request in tick(project, "fill_batches")] == [f"c{n:02d}-0000" for n in range(25)]


def test_what_is_being_built_is_not_asked_for(project: Any, add: Callable[[int], None]) -> None:
    add(3)
    job = build_defs(resources=project.resources).resolve_job_def("build_batch")
    for partition, status in (
        ("c00-0000", dg.DagsterRunStatus.STARTING),
        ("c01-0000", dg.DagsterRunStatus.STARTED),
        ("c02-0000", dg.DagsterRunStatus.FAILURE),
    ):
        project.instance.create_run_for_job(job, status=status, tags={"dagster/partition": partition})
    assert [request.partition_key for request in tick(project, "fill_batches")] == ["c02-0000"]


def test_a_recipe_waits_for_something_to_choose_from(project: Any, tiny: Path) -> None:
    recipe_files.save(project.objects, "name: faces\nunit: frame\n")
    add_missing_keys(project.instance, project.objects)
    assert tick(project, "fill_recipes") == []


def test_a_changed_recipe_is_asked_for(whole: Any) -> None:
    before = whole.objects.read("recipes/people.yaml")
    try:
        recipe_files.save(whole.objects, before.decode().replace("jpeg_quality: 95", "jpeg_quality: 80"))
        (request,) = tick(whole, "fill_recipes")
        assert (request.partition_key, request.asset_selection) == ("people", [dg.AssetKey("packaged_datasets")])
        recipe_files.save(whole.objects, before.decode().replace("n_sequences: 3", "n_sequences: 2"))
        (request,) = tick(whole, "fill_recipes")
        assert len(request.asset_selection or []) == 2
    finally:
        whole.objects.write("recipes/people.yaml", before)
