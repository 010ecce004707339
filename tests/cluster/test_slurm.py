"""The file for sbatch on a real Slurm: preempted or out of time, a build comes back and goes on; Ray has two nodes."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts import Network, network, wait_for_port
from ray_cluster import eventually, same_objects
from real_clips import cut
from slurm import Slurm, lacking, slurm

from rushes import settings
from rushes.models.registry import models_folder
from rushes.sources.register import How, register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "deploy" / "slurm" / "rushes.sbatch"
UP_TO = ("raw_videos", "scene_clips", "filtered_clips")
SECRET = "storage-secret-4714"
SERVE = f"""
import signal
from orchestration.local_s3 import serve
with serve("/tmp/s3", host={{address!r}}, port=8333, key="slurm", secret="{SECRET}"):
    signal.pause()
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    if absent := lacking():
        pytest.skip(f"no Slurm can be made here: {absent} is missing")
    with network(tmp_path_factory.mktemp("slurm")) as net:
        yield net


@pytest.fixture(scope="module")
def cluster(net: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A head, with S3 on it, and two nodes of two cores; this process reaches its storage by the environment."""
    address = f"{net.prefix}.1"
    storage = {
        "AWS_ENDPOINT_URL": f"http://{address}:8333", "AWS_ACCESS_KEY_ID": "slurm", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    programs = [str(Path(sys.executable).parent), str(PROJECT / ".venv" / "bin")]
    environment = storage | {
        "RUSHES_MODELS": str(models_folder()), "RUSHES_BIN": os.pathsep.join(programs), "RUSHES_PROJECT": str(PROJECT),
        "DAGSTER_HOME": "/tmp/home", "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
    }  # fmt: skip
    made = slurm(net, 2, 2, environment)
    for node in made.nodes.values():
        (node.tmp / "home").mkdir()
        (node.tmp / "home" / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    made.head.start([sys.executable, "-c", SERVE.format(address=address)], "s3")
    wait_for_port(address, 8333)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in storage.items():
            patch.setenv(name, value)
        bucket = Objects("s3://rushes")
        eventually(lambda: _answers(bucket), made.said, 60)
        for end in range(180, 250, 7):
            file = cut("bikes", tmp_path_factory.mktemp("clip") / f"until-{end}.mp4", 0, end)
            bucket.write_file(f"footage/{file.name}", file)
        yield made


def test_a_preempted_build_comes_back_and_goes_on(cluster: Slurm, alone: Objects) -> None:
    store = _registered("s3://rushes/preempted")
    job = _submit(cluster, store)
    cluster.until(lambda: len(_parts(store)) >= 1, 180)
    urgent = cluster("sbatch", "--parsable", "-p", "urgent", "-N2", "-c2", "--exclusive", "--wrap", "sleep 5")
    cluster.until(lambda: cluster.state(urgent) in ("RUNNING", "COMPLETED"), 90)
    kept = _parts(store)
    assert 1 <= len(kept) < 10, cluster.said()
    _ended_well(cluster, job)
    said = _said(cluster, job)
    assert "asked to leave" in said
    assert "started 1 times before" in said
    assert {name: when for name, when in _parts(store).items() if name in kept} == kept, "something was made again"
    same_objects(store, alone)


def test_a_build_that_runs_out_of_time_comes_back(cluster: Slurm, alone: Objects) -> None:
    store = _registered("s3://rushes/short")
    # Slurm counts minutes, and is told to send its signal so long before the end that some seconds are left.
    job = _submit(cluster, store, "--time=2", "--signal=B:TERM@90")
    _ended_well(cluster, job)
    assert "started 1 times before" in _said(cluster, job)
    same_objects(store, alone)


def test_two_nodes_share_a_build_by_ray(cluster: Slurm, alone: Objects) -> None:
    pytest.importorskip("ray", reason="Ray is not installed here: make test-cluster")
    store = _registered("s3://rushes/both")
    job = _submit(cluster, store, "--nodes=2")
    _ended_well(cluster, job)
    said = _said(cluster, job)
    assert "Ray runs on 2 of 2 nodes" in said
    same_objects(store, alone)
    for node in cluster.nodes.values():
        assert not node.runs("raylet")


@pytest.fixture(scope="module")
def alone(cluster: Slurm) -> Objects:
    """The same, built by this process by itself."""
    store = _registered("s3://rushes/alone")
    for name in UP_TO:
        build(store, STEPS[name], "street-0000", settings.load(store, "street"))
    return store


def _registered(uri: str) -> Objects:
    store = Objects(uri)
    settings.save(store, "build: {contact_sheets: false}\n")
    register(store, ["s3://rushes/footage/"], "street", How(creds_key="ENV"))
    return store


def _submit(cluster: Slurm, store: Objects, *options: str) -> str:
    return cluster(
        "sbatch", "--parsable", "--cpus-per-task=2", "--time=20", "--output=/tmp/rushes-%j.log", "--chdir=/tmp",
        *options, SCRIPT, "--asset", UP_TO[-1], RUSHES_STORE=store.uri,
    )  # fmt: skip


def _ended_well(cluster: Slurm, job: str) -> None:
    def ended() -> bool:
        state = cluster.state(job)
        if state == "PENDING":  # Slurm waits for two minutes, and is right to wait for some seconds
            time.sleep(4)
            cluster("sh", "-c", f"scontrol update JobId={job} StartTime=now || true")  # unless it has just begun
        return state in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED")

    cluster.until(ended, 600)
    assert cluster.state(job) == "COMPLETED", _said(cluster, job) + cluster.said()


def _said(cluster: Slurm, job: str) -> str:
    logs = [node.tmp / f"rushes-{job}.log" for node in cluster.nodes.values()]
    return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())


def _parts(store: Objects) -> dict[str, float]:
    """Return when each video's part of the last step was written."""
    return {name: when for name, _, when in store.lying("parts/filtered_clips")}


def _answers(bucket: Objects) -> bool:
    try:
        list(bucket.list("footage"))
    except Exception:
        return False
    return True
