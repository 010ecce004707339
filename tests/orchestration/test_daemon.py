"""Backfills for real: Dagster's daemon and webserver over a store, told by ``rushes backfill`` and by the sensor."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagster_ui import ROOT, environment, serving
from real_clips import cut

from rushes import settings
from rushes.sources.register import register
from rushes.standing.status import batch_statuses
from rushes.store.objects import Objects

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(900)]

PLAIN = (
    "shots: {method: whole}\nfilters: {min_duration_s: 0.1, cartoon: false}\nprivacy: {look_for: none}\n"
    "tracking: {origin: annotated}\nbuild: {contact_sheets: false}\n"
    "collections: {bad: {build: {max_reject_share: 0.5}}}\n"
)
_PATIENCE_S = 240


def ask(address: str, query: str) -> Any:
    """Return the answer to a GraphQL query."""
    request = urllib.request.Request(
        f"{address}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["data"]


def backfills(address: str) -> dict[str, dict[str, Any]]:
    """Return all backfills as the UI has them, by asset group."""
    asked = ask(
        address,
        "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status numPartitions "
        "tags { key value } assetSelection { path } partitionNames } } } }",
    )
    found = {}
    for one in asked["partitionBackfillsOrError"]["results"]:
        group = {tag["key"]: tag["value"] for tag in one["tags"]}["rushes/group"]
        assert group not in found, "one backfill a group"
        found[group] = one
    return found


def until(what: Callable[[], bool], log: Path) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + _PATIENCE_S
    while not what():
        assert time.monotonic() < end, log.read_text()[-4000:]
        time.sleep(1)


@pytest.fixture
def store(tmp_path: Path, tiny: Path) -> Objects:
    """Two batches that can be built and one that cannot."""
    objects = Objects(tmp_path / "store")
    settings.save(objects, PLAIN)
    (tmp_path / "empty.mp4").touch()
    longer = cut("carphone", tmp_path / "longer.mp4", 20, 60)
    for name, video in (("a", tiny), ("b", longer), ("bad", tmp_path / "empty.mp4")):
        register(objects, [str(video)], name)
    return objects


def test_a_grouped_backfill_is_carried_out_and_what_follows_follows(store: Objects, tmp_path: Path) -> None:
    variables = environment(Path(store.root), tmp_path / "home")
    log = tmp_path / "log"
    with serving(variables, log) as address:
        program = "import typer; from orchestration.backfill_command import backfill; typer.run(backfill)"
        said = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT, env=variables, capture_output=True, text=True,
        )  # fmt: skip
        assert said.stdout.startswith("ingest: 3 batches as backfill "), said.stdout + said.stderr
        until(lambda: backfills(address)["ingest"]["status"] in ("COMPLETED_SUCCESS", "COMPLETED_FAILED"), log)
        ingest = backfills(address)["ingest"]
        assert ingest["numPartitions"] == 3
        assert ingest["status"] == "COMPLETED_FAILED", "a batch failed, and took no other along"
        assert [batch_statuses(store, f"{name}-0000")[0].is_built for name in ("a", "b", "bad")] == [True, True, False]
        assert batch_statuses(store, "bad-0000")[0].attempts == 1, "what a step has refused is not tried again at once"

        started = ask(
            address,
            'mutation { startSensor(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: '
            '"orchestration.definitions", sensorName: "build_what_is_ready"}) { __typename } }',
        )
        assert started["startSensor"]["__typename"] == "Sensor"
        until(lambda: "curate" in backfills(address), log)
        until(lambda: backfills(address)["curate"]["status"] == "COMPLETED_SUCCESS", log)
        assert sorted(backfills(address)["curate"]["partitionNames"]) == ["a-0000", "b-0000"]
        for name in ("a", "b"):
            assert all(status.is_built for status in batch_statuses(store, f"{name}-0000"))

        until(lambda: any(store.list("events")), log)
        (event,) = [json.loads(store.read(name)) for name in store.list("events")]
        assert event["step"] == "raw_videos"
        assert event["backfill"] == ingest["id"]
        assert "bad-0000: raw_videos of bad-0000: 1 of 1 videos rejected" in event["line"]

        curate = json.dumps(backfills(address)["curate"]["id"])
        runs = ask(
            address,
            f'{{ runsOrError(filter: {{tags: [{{key: "dagster/backfill", value: {curate}}}]}}) '
            "{ ... on Runs { results { status tags { key value } } } } }",
        )["runsOrError"]["results"]
        tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in runs]
        priority = {tag["dagster/partition"]: int(tag["dagster/priority"]) for tag in tags}
        assert priority["b-0000"] > priority["a-0000"], "the heavier batch comes first"
