"""A step's videos go to actors on the hosts of a cluster; whether those are killed shows nowhere."""

import json
import sys

import pytest
from ray_cluster import Cluster, eventually, same_objects

from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS
from rushes.store.tables import partition_path

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_SLOW = """
import json
from rushes.work.ahead import Ready
from rushes.work.pool import Actors, run
from tests.support.slow_work import where
print(json.dumps(list(run(where, Ready(range(9)), Actors()))))
"""


def test_a_step_whose_actor_is_killed_gives_the_rows_of_a_single_machine(
    ray_cluster: Cluster, footage: Objects, alone: Objects
) -> None:
    own = Objects("s3://rushes/actors")
    for name in (*footage.list("batches"), "settings.yaml"):
        own.write(name, footage.read(name))
    three, four = (ray_cluster.join(name, number, cpus=1, runs=0) for name, number in (("three", 13), ("four", 14)))
    [first, *_] = sorted(own.list("batches"))
    batch = first.rsplit("/", 1)[-1].removesuffix(".json")
    environment = {"RUSHES_RAY": "1", "RUSHES_STORE": own.uri}
    build = ray_cluster.head.start(
        [sys.executable, "-m", "rushes.cli", "build", "--batch", batch], "build", **environment
    )
    for asset in ("filtered_clips", "tracks"):
        eventually(lambda: any(host.kill_one("ray::_Worker.do") for host in (three, four)), ray_cluster.said, 200)
        eventually(lambda asset=asset: bool(list(own.list(f"records/{asset}"))), ray_cluster.said, 200)  # type: ignore[misc]
    assert build.wait(300) == 0, ray_cluster.head.said("build")

    same_objects(own, alone, f"batch={batch}/")
    for asset in ("filtered_clips", "tracks"):
        name = partition_path(REJECTS, {"asset": asset, "partition": batch})
        assert own.read(name) == alone.read(name)


def test_what_was_under_way_on_a_host_that_is_lost_is_done_by_another(ray_cluster: Cluster) -> None:
    hosts = [ray_cluster.join(name, number, cpus=1, runs=0) for name, number in (("five", 15), ("six", 16))]
    hosts += [host for name, host in ray_cluster.hosts.items() if name in ("one", "three", "four")]
    at_work = ray_cluster.head.start([sys.executable, "-c", _SLOW], "slow")
    eventually(lambda: any(list(host.tmp.glob("at-*")) for host in hosts), ray_cluster.said, 120)
    lost = next(host for host in hosts if list(host.tmp.glob("at-*")))
    lost.kill()
    assert at_work.wait(200) == 0, ray_cluster.head.said("slow")
    done = dict(json.loads(ray_cluster.head.said("slow").splitlines()[-1]))
    assert set(done) == set(range(9))
    under_way = [int(note.name.removeprefix("at-")) for note in lost.tmp.glob("at-*")]
    assert any(done[number] != lost.name for number in under_way)
