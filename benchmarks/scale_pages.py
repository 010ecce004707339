"""What Dagster's pages cost with thousands of batches: the questions that its UI asks, put to a real webserver.

Each store's batches are partitions of a history of their own in SQLite, with a materialisation of every batch in each
of the five assets. The questions are those that the pages of assets, of an asset's partitions, of one partition and of
runs ask, in the same words where it matters; each is put once to warm up, and then five times.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.table import Table
from scale_store import COLLECTION, FRAMES_A_VIDEO, VIDEOS_A_BATCH

from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
from orchestration.run import project_instance
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects

ROOT = Path(__file__).parents[1]
TURNS = 5
KEYS = [{"path": [asset]} for asset in (*BATCH_ASSETS, *RECIPE_ASSETS)]
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "assets and lineage": (
        """query ($keys: [AssetKeyInput!]!) {
          assetNodes(assetKeys: $keys, loadMaterializations: true) {
            assetKey { path } staleStatus assetMaterializations(limit: 1) { timestamp runId }
            partitionStats { numMaterialized numMaterializing numPartitions numFailed }
            assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } }
          }
          assetsLatestInfo(assetKeys: $keys) { assetKey { path } latestRun { status } }
        }""",
        {"keys": KEYS},
    ),
    "an asset's partitions": (
        """query ($key: AssetKeyInput!) {
          assetNodeOrError(assetKey: $key) { ... on AssetNode {
            partitionKeysByDimension { name type partitionKeys }
            assetPartitionStatuses { ... on DefaultPartitionStatuses {
              materializedPartitions materializingPartitions failedPartitions } }
          } }
        }""",
        {"key": KEYS[3]},
    ),
    "one partition": (
        """query ($key: AssetKeyInput!, $partition: String!) {
          assetOrError(assetKey: $key) { ... on Asset {
            definition { latestRunForPartition(partition: $partition) { status } }
            assetEventHistory(partitions: [$partition], limit: 1000, eventTypeSelectors: [MATERIALIZATION]) {
              results { ... on MaterializationEvent { runId timestamp metadataEntries { label } } } }
          } }
        }""",
        {"key": KEYS[3], "partition": f"{COLLECTION}-0007"},
    ),
    "runs": ("{ runsOrError(limit: 25) { ... on Runs { results { runId status tags { key value } } } } }", {}),
    "backfills": (
        "{ partitionBackfillsOrError(limit: 25) { ... on PartitionBackfills { results { id status } } } }",
        {},
    ),
}


def compare(folder: Path, sizes: Sequence[int], store: Callable[[int], str]) -> None:
    """Measure the pages at each size, and print a table."""
    cells: dict[str, list[str]] = {page: [] for page in PAGES}
    for size in sizes:
        variables = {"RUSHES_STORE": store(size), "DAGSTER_HOME": str(_home(folder, size))}
        os.environ.update(variables)
        _fill_history(size)
        with _webserver(folder / f"{size}" / "webserver.log") as address:
            _check(_ask(address, *PAGES["an asset's partitions"]), size)
            for page, (query, values) in PAGES.items():
                _ask(address, query, values)
                cells[page].append(f"{statistics.median(_seconds(address, query, values) for _ in range(TURNS)):.2f}")
    table = Table("s", *(f"{size:,} batches" for size in sizes), title="Dagster's pages, SQLite")
    for page, row in cells.items():
        table.add_row(page, *row)
    Console(width=120).print(table)


def _home(folder: Path, size: int) -> Path:
    home = folder / f"{size}" / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    return home


def _fill_history(size: int) -> None:
    """Note a materialisation of each batch in each asset, unless that was done before."""
    project_instance.cache_clear()
    instance = project_instance()
    done = Path(os.environ["DAGSTER_HOME"]) / "filled"
    if done.exists():
        return
    rows = VIDEOS_A_BATCH * FRAMES_A_VIDEO
    for asset in BATCH_ASSETS:
        for name in batch_names(Objects(os.environ["RUSHES_STORE"])):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(asset, partition=name, metadata={"dagster/row_count": rows, "bytes": rows})
            )
    done.touch()


@contextmanager
def _webserver(log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    command += ["-m", "orchestration.definitions", "-d", str(ROOT)]
    with log.open("wb") as said:  # in the folder that the history's own lies below
        process = subprocess.Popen(command, cwd=os.environ["DAGSTER_HOME"], stdout=said, stderr=said)
    try:
        address = f"http://127.0.0.1:{port}"
        while not _answers(address):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.5)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return True
    except OSError:
        return False


def _seconds(address: str, query: str, values: dict[str, Any]) -> float:
    before = time.perf_counter()
    _ask(address, query, values)
    return time.perf_counter() - before


def _check(said: dict[str, Any], size: int) -> None:
    """See that what is measured is what is meant: every batch is a partition, and materialised."""
    node = said["data"]["assetNodeOrError"]
    shown = len(node["partitionKeysByDimension"][0]["partitionKeys"])
    done = len(node["assetPartitionStatuses"]["materializedPartitions"])
    if (shown, done) != (size, size):
        raise SystemExit(f"{shown} partitions, {done} of them materialised, instead of {size}")


def _ask(address: str, query: str, values: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": values}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        said: dict[str, Any] = json.load(answer)
    if "errors" in said:
        raise SystemExit(f"{said['errors'][0]['message']}: {query}")
    return said
