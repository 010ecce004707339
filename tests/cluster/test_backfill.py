"""Batches go to the hosts of a cluster, one of which is lost at work; the rows are those of a single machine."""

import json
import sys
from pathlib import Path

import pytest
from ray_cluster import PROJECT, SECRETS, Cluster, eventually, same_objects

from rushes.packaging.state import ASSET as PACKAGED
from rushes.selection.state import ASSET as SELECTED
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.manifests import batch_names, read_record
from rushes.store.objects import Objects

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_BACKFILL = """
import sys, time
import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from orchestration.definitions import build_defs
from orchestration.run import project_instance
instance = project_instance()
instance.add_backfill(PartitionBackfill.from_asset_partitions(
    backfill_id=sys.argv[1], asset_graph=build_defs().resolve_asset_graph(), partition_names=sys.argv[3].split(","),
    asset_selection=[dg.AssetKey(name) for name in sys.argv[2].split(",")], backfill_timestamp=time.time(), tags={},
    dynamic_partitions_store=instance, all_partitions=False, title=None, description=None, run_config=None,
))
"""
_RUNS = """
import json
import dagster as dg
runs = dg.DagsterInstance.get().get_runs()
print(json.dumps([[r.run_id, r.status.value, r.root_run_id or r.run_id] for r in runs]))
"""


def test_a_backfill_over_two_hosts_outlives_one_and_gives_the_rows_of_a_single_machine(
    ray_cluster: Cluster, footage: Objects, alone: Objects
) -> None:
    one, two = (ray_cluster.join(name, number, cpus=1, runs=1) for name, number in (("one", 11), ("two", 12)))
    daemon = [sys.executable, "-m", "dagster._daemon", "run", "-w", PROJECT / "workspace.yaml"]
    ray_cluster.head.start(daemon, "daemon")
    batches = batch_names(footage)
    backfill(ray_cluster, "of-batches", list(STEPS), batches)

    def is_at_work(asset: str) -> bool:
        """Whether both hosts carry out a run, and the asset is being built for the first time."""
        begun = {name.split("/")[2] for name in footage.list(f"parts/{asset}")}
        done = {name for name in batches if read_record(footage, asset, name)}
        return bool(begun - done) and all(host.runs("execute_run") for host in (one, two))

    eventually(lambda: is_at_work("filtered_clips"), ray_cluster.said, 300)
    two.kill()
    eventually(lambda: is_built(footage, list(STEPS), batches), ray_cluster.said, 400)
    backfill(ray_cluster, "of-recipe", [SELECTED, PACKAGED], ["people"])
    eventually(lambda: is_built(footage, [SELECTED, PACKAGED], ["people"]), ray_cluster.said, 200)

    same_objects(footage, alone)
    runs = json.loads(ray_cluster.python(_RUNS, "runs"))
    lost = {root for _, status, root in runs if status == "FAILURE"}
    assert lost  # the host had runs
    assert lost <= {root for _, status, root in runs if status == "SUCCESS"}  # which were begun again
    with connect(footage) as connection:
        assert connection.execute("SELECT * FROM rejects WHERE item_kind = 'video'").fetchall() == []
    for host in (ray_cluster.head, one):
        assert secrets_in(host.tmp) == []


def backfill(cluster: Cluster, name: str, assets: list[str], partitions: list[str]) -> None:
    """Ask for a backfill as Dagster's UI does."""
    cluster.head.run([sys.executable, "-c", _BACKFILL, name, ",".join(assets), ",".join(partitions)], "backfill")


def is_built(objects: Objects, assets: list[str], partitions: list[str]) -> bool:
    records = [read_record(objects, asset, partition) for asset in assets for partition in partitions]
    return all(record is not None and record.identity for record in records)


def secrets_in(folder: Path) -> list[tuple[str, str]]:
    """Return what holds a secret, beside the files that give the servers theirs."""
    given = {"s3.json", "server.json", "password"}
    return [
        (str(path.relative_to(folder)), secret)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in given
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]
