"""What Dagster is told of the project: assets and their lineage, checks, jobs, schedules, the sensor."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.partitions import batches, recipes
from orchestration.definitions import build_defs
from orchestration.lineage import GROUPS
from resources.store import StoreResource
from rushes.store.database import sql_type
from rushes.store.schemas import TABLES

PROJECT = Path(__file__).parents[2]

LINEAGE = {
    "raw_videos": set(),
    "scene_clips": {"raw_videos"},
    "filtered_clips": {"raw_videos", "scene_clips"},
    "tracks": {"raw_videos", "filtered_clips"},
    "embeddings": {"raw_videos", "filtered_clips", "tracks"},
    "selected_sequences": {"filtered_clips", "tracks", "embeddings"},
    "packaged_datasets": {"selected_sequences"},
}
WRITES = {
    "raw_videos": ["videos", "packets"],
    "scene_clips": ["clips"],
    "filtered_clips": ["filtered_clips", "redactions"],
    "tracks": ["tracks", "track_boxes"],
    "embeddings": ["embeddings"],
    "selected_sequences": ["selections"],
    "packaged_datasets": ["datasets"],
}
RECIPE_ASSETS = {"selected_sequences", "packaged_datasets"}


@pytest.fixture(scope="module")
def graph() -> Any:
    return build_defs().resolve_asset_graph()


def test_there_are_seven_connected_assets(graph: Any) -> None:
    nodes = {node.key.to_user_string(): {p.to_user_string() for p in node.parent_keys} for node in graph.asset_nodes}
    assert nodes == LINEAGE


@pytest.mark.parametrize("name", LINEAGE)
def test_every_asset_says_what_it_is(graph: Any, name: str) -> None:
    node = graph.get(dg.AssetKey(name))
    assert node.description
    assert node.code_version
    assert node.kinds
    assert node.owners == ["team:video-data"]
    assert node.group_name in ("ingest", "curate", "datasets")
    assert node.partitions_def == (recipes if name in RECIPE_ASSETS else batches)


@pytest.mark.parametrize("name", LINEAGE)
def test_every_asset_shows_the_columns_of_its_tables(graph: Any, name: str) -> None:
    metadata = graph.get(dg.AssetKey(name)).metadata
    first, *others = WRITES[name]
    assert metadata["dagster/table_name"] in (first, dg.MetadataValue.text(first))
    schemas = {first: metadata["dagster/column_schema"]} | {t: metadata[f"columns of {t}"] for t in others}
    for table, schema in schemas.items():
        columns = getattr(schema, "schema", getattr(schema, "value", schema)).columns
        assert [(c.name, c.type, c.description.split(". Made of ")[0], c.constraints.nullable) for c in columns] == [
            (c.name, sql_type(c.type), c.meaning, c.nullable) for c in TABLES[table].columns
        ]


def test_a_recipe_reads_every_batch(graph: Any) -> None:
    selected = graph.get(dg.AssetKey("selected_sequences"))
    for parent in LINEAGE["selected_sequences"]:
        mapping = graph.get_partition_mapping(selected.key, dg.AssetKey(parent))
        assert isinstance(mapping, dg.AllPartitionMapping)


def test_every_table_has_a_blocking_check_of_the_partition(graph: Any) -> None:
    checks = {(key.asset_key.to_user_string(), key.name): graph.get(key) for key in graph.asset_check_keys}
    for asset, tables in WRITES.items():
        for table in (*tables, "rejects"):
            assert (asset, f"{table}_keep_their_schema") in checks
    assert ("scene_clips", "clips_cover_their_videos") in checks
    for (asset, name), check in checks.items():
        assert check.description
        if name == "no_standing_failures":
            continue
        assert check.blocking
        assert check.partitions_def == (recipes if asset in RECIPE_ASSETS else batches)


def test_jobs_hold_the_assets_of_a_batch_and_of_a_recipe() -> None:
    definitions = build_defs()
    for job, assets, partitions in (
        ("build_batch", LINEAGE.keys() - RECIPE_ASSETS, batches),
        ("build_recipe", RECIPE_ASSETS, recipes),
    ):
        made = definitions.resolve_job_def(job)
        assert {key.to_user_string() for key in made.asset_layer.selected_asset_keys} == assets
        assert made.partitions_def == partitions


def test_every_asset_has_a_check_of_standing_failures_that_blocks_nothing(graph: Any) -> None:
    for asset in LINEAGE:
        check = graph.get(dg.AssetCheckKey(dg.AssetKey(asset), "no_standing_failures"))
        assert not check.blocking
        assert check.partitions_def is None


def test_groups_are_those_that_the_assets_name(graph: Any) -> None:
    named: dict[str, set[str]] = {}
    for node in graph.asset_nodes:
        named.setdefault(node.group_name, set()).add(node.key.to_user_string())
    assert {group: set(assets) for group, assets in GROUPS.items()} == named


def test_nothing_is_built_or_removed_by_itself_until_somebody_switches_it_on() -> None:
    definitions = build_defs()
    for name, job in (("nightly_backfills", "launch_backfills"), ("weekly_tidy", "tidy_store")):
        schedule = definitions.resolve_schedule_def(name)
        assert (schedule.job_name, schedule.default_status) == (job, dg.DefaultScheduleStatus.STOPPED)
    ready = definitions.resolve_sensor_def("build_what_is_ready")
    assert ready.default_status == dg.DefaultSensorStatus.STOPPED
    for name in ("new_partitions", "inbox", "run_failures", "standing_failures"):
        assert definitions.resolve_sensor_def(name).default_status == dg.DefaultSensorStatus.RUNNING


def test_only_the_asset_whose_runs_cost_more_than_its_work_takes_several_batches_in_a_run(graph: Any) -> None:
    policies = {node.key.to_user_string(): node.backfill_policy for node in graph.asset_nodes}
    assert {name for name, policy in policies.items() if policy is not None} == {"raw_videos"}


def test_resources_are_replaced_for_one_definitions_only(tmp_path: Path) -> None:
    mine = build_defs(resources={"store": StoreResource(uri=str(tmp_path))})
    assert mine.resources["store"].uri == str(tmp_path)
    assert build_defs().resources["store"].uri != str(tmp_path)
    assert set(mine.resources) == {"store", "compute"}


def test_dagster_finds_them_valid_and_has_nothing_to_warn_of(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").touch()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER", "PYTHON"))}
    environment |= {"DAGSTER_HOME": str(tmp_path), "RUSHES_STORE": str(tmp_path / "store"), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "--workspace", "workspace.yaml"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "All code locations passed validation" in said
    for ours in ("orchestration/", "assets/", "resources/", "rushes/", "PreviewWarning", "BetaWarning"):
        assert f"{ours}" not in said.replace("orchestration.definitions", ""), said


def test_only_these_warnings_are_silenced(tmp_path: Path) -> None:
    # Whoever imports the definitions keeps Dagster's warnings for code of their own.
    script = (
        "import warnings, dagster as dg; import orchestration.definitions\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    dg.AssetCheckSpec('c', asset='a', partitions_def=dg.StaticPartitionsDefinition(['p']))\n"
        "assert [w.category for w in seen] == [dg.PreviewWarning], seen\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
