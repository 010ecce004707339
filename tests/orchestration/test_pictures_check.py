"""A data set that shows a face fails its check, and the recipe counts as failed."""

from pathlib import Path
from typing import Any

from orchestration.partitions import add_missing_keys
from orchestration.run import why_of
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register
from rushes.store.failures import read_failure
from rushes.store.schemas import DATASETS, RECIPE
from rushes.store.tables import read_partition

CHECK = "nothing_hidden_is_shown"


def _shard(project: Any, recipe: str) -> str:
    rows = read_partition(project.objects, DATASETS, {RECIPE: recipe}).to_pylist()
    path: str = next(row["path"] for row in rows if row["path"].endswith(".tar"))
    return path


def test_pictures_that_show_a_face_fail_the_check(project: Any, tiny: Path) -> None:
    register(project.objects, [str(tiny)], "main")
    settings.save(project.objects, "filters: {min_duration_s: 0, cartoon: false}")
    for name, privacy in (("bare", "none"), ("hidden", "redact")):
        recipe_files.save(project.objects, f"name: {name}\nunit: frame\nprivacy: {privacy}\n")
    add_missing_keys(project.instance, project.objects)
    for job, partition in (("build_batch", "main-0000"), ("build_recipe", "bare"), ("build_recipe", "hidden")):
        assert project.run(job, partition).success

    project.objects.write(_shard(project, "hidden"), project.objects.read(_shard(project, "bare")))
    result = project.run("build_recipe", "hidden", "packaged_datasets")
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert [check.check_name for check in failed] == [CHECK]
    assert failed[0].metadata["pictures searched"].value == 10
    assert "regions are not hidden, the first a face" in str(
        read_failure(project.objects, "packaged_datasets", "hidden")
    )
    told = why_of(result)
    assert told.line.startswith(f"packaged_datasets: check {CHECK}: ")
    assert "regions are not hidden, the first a face" in told.line
