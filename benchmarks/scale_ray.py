"""Two hosts of a Ray cluster beside one, on compute-bound work, and what this machine has to give to two at all.

    var/ray/bin/python benchmarks/scale_ray.py [--videos 8] [--turns 2]      (root; what make test-cluster needs)

The step ``tracks`` is built over a batch of real clips: in a cluster of network namespaces whose two hosts have a core
each, and by one and two processes of the head, which has the same two cores. A loop that touches no memory, in one and
in two processes, is the ceiling: what it gains from the second core cannot be outdone. Counted is from the first video
that is done to the last, so that loading the model is left out, and the whole wall time beside it. Ways take turns; the
best turn of each counts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from rushes import settings
from rushes.sources.register import How, register
from rushes.steps import STEPS
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.work.build import build
from rushes.work.pool import Actors, Workers

STEP = "tracks"
WAYS: dict[str, Workers] = {"one process": 1, "two processes": 2, "one Ray host": Actors(1), "two Ray hosts": Actors(2)}
_SPINS = 30_000_000


def measure(turns: int) -> None:
    """Print the seconds of each way, as JSON; on the head."""
    objects = Objects("s3://rushes/store")
    [batch] = batch_names(objects)
    chosen = settings.load(objects, "street")
    for name, step in STEPS.items():
        if name == STEP:
            break
        build(objects, step, batch, chosen)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*WAYS, "one loop", "two loops")}
    for _ in range(turns):
        for name, workers in WAYS.items():
            found[name].append(_built(objects, batch, chosen, workers))
        for name, count in (("one loop", 1), ("two loops", 2)):
            found[name].append(_spun(count))
    print(json.dumps(found))


def _built(objects: Objects, batch: str, chosen: settings.Settings, workers: Workers) -> tuple[float, float]:
    """Return the seconds from the first video to the last for each video, and of the whole."""
    for folder in (f"parts/{STEP}/{batch}", f"records/{STEP}"):
        for name in list(objects.list(folder)):
            objects.delete(name)
    started = time.monotonic()
    times: list[float] = []
    build(objects, STEPS[STEP], batch, chosen, workers, lambda done, total: times.append(time.monotonic()))
    done = times[1:]  # the first call says that nothing is done yet
    return (done[-1] - done[0]) / (len(done) - 1), time.monotonic() - started


def _spun(count: int) -> tuple[float, float]:
    """Return the seconds for each of as many loops as processes, and of all."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_spin) for _ in range(count)]
    started = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.monotonic() - started
    return seconds / count, seconds


def _spin() -> None:
    number = 1
    for _ in range(_SPINS):
        number = number * 5 % 1_000_003


def main() -> None:
    """Make the cluster, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=8)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--on-head", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.on_head:
        measure(given.turns)
        return
    from ray_cluster import cluster, lacking

    if absent := lacking():
        sys.exit(f"no cluster can be made here: {absent} is missing")
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as made:
        _prepare(made.environment, Path(folder), given.videos)
        for name, number in (("one", 11), ("two", 12)):
            made.join(name, number, cpus=1, runs=0)
        command = [sys.executable, __file__, "--on-head", "--turns", str(given.turns)]
        said = made.head.run(command, "measure", timeout=1800)
        _print(json.loads(said.splitlines()[-1]))


def _prepare(environment: dict[str, str], folder: Path, videos: int) -> None:
    from real_clips import cut

    os.environ.update({name: value for name, value in environment.items() if name.startswith("AWS_")})
    objects = Objects(environment["RUSHES_STORE"])
    bucket = Objects("s3://rushes")
    for number in range(videos):
        bucket.write_file(f"footage/{number}.mp4", cut("bikes", folder / f"{number}.mp4", number, 125 + number))
    settings.save(objects, "filters: {min_duration_s: 0.5}\n")
    register(objects, ["s3://rushes/footage/"], "street", How(creds_key="ENV"))


def _print(found: dict[str, Any]) -> None:
    best = {name: [min(times) for times in zip(*turns, strict=True)] for name, turns in found.items()}
    print("| way | seconds a video | wall, s |\n|---|---:|---:|")
    for name, (each, whole) in best.items():
        print(f"| {name} | {each:.2f} | {whole:.1f} |")
    for one, two in (("one Ray host", "two Ray hosts"), ("one process", "two processes"), ("one loop", "two loops")):
        print(f"{two} do {best[one][0] / best[two][0]:.2f} times the work of {one}")


if __name__ == "__main__":
    main()
