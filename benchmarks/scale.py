"""What keeping house costs with thousands of batches: registering, status, ticks, SQL, Dagster's pages.

    python benchmarks/scale.py                              # 10, 100 and 1,000 batches of 64 videos in a local folder
    python benchmarks/scale.py --batches 10000              # minutes; 14 GB of small files
    python benchmarks/scale.py --s3                         # the same stores in a SeaweedFS that is started for it
    python benchmarks/scale.py --pages                      # Dagster's pages, with an event for each batch and asset
    python benchmarks/scale.py --overhead                   # a batch of 64 real videos with and without Dagster

The work is simulated (``benchmarks.scale_store``); what is measured is the library and the project's own Dagster
definitions. Each figure is of a process of its own: wall seconds, CPU seconds without imports, and the most memory that
the process had. Where other programs run beside it, CPU seconds are the figure to go by. What a second host of a Ray
cluster gains is measured by ``scale_ray.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import scale_store
from rich.console import Console
from rich.table import Table

from rushes.store.objects import Objects

out = Console(width=140, highlight=False)
_LOOK_S = 0.02


def register_urls(objects: Objects, batches: int) -> Callable[[], Any]:
    """Into an empty store of its own, on this disk."""
    folder = Path(tempfile.mkdtemp(prefix="rushes-scale-"))
    return lambda: scale_store.register_urls(Objects(folder / "store"), batches, folder).new


def status(objects: Objects, batches: int) -> Callable[[], Any]:
    """All partitions' states."""
    from rushes.standing.status import statuses

    return lambda: sum(one.is_built for partition in statuses(objects) for one in partition)


def status_again(objects: Objects, batches: int) -> Callable[[], Any]:
    """The same once more in a process that has told it before, as sensors do."""
    look = status(objects, batches)
    look()
    return look


def tick(objects: Objects, batches: int) -> Callable[[], Any]:
    """Choosing what to backfill."""
    from orchestration.backfills import choose

    return lambda: [one.words for one in choose(objects, frozenset())]


def _sensor(objects: Objects, known: bool) -> Callable[[], Any]:
    import dagster as dg

    from orchestration.partitions import add_missing_keys
    from orchestration.sensors import new_partitions
    from resources.store import StoreResource

    instance = dg.DagsterInstance.local_temp(tempfile.mkdtemp(prefix="rushes-scale-"))
    if known:
        add_missing_keys(instance, objects)
    context = dg.build_sensor_context(instance=instance, resources={"store": StoreResource(uri=objects.uri)})

    def look() -> str:
        said = new_partitions(context)
        requests = said.dynamic_partitions_requests if isinstance(said, dg.SensorResult) else []
        return f"{sum(len(request.partition_keys) for request in requests or [])} new"

    return look


def sensor_new(objects: Objects, batches: int) -> Callable[[], Any]:
    """The sensor ``new_partitions``, when all batches are news to Dagster."""
    return _sensor(objects, known=False)


def sensor_idle(objects: Objects, batches: int) -> Callable[[], Any]:
    """The same when none is."""
    return _sensor(objects, known=True)


def sql_open(objects: Objects, batches: int) -> Callable[[], Any]:
    """Opening DuckDB over the store."""
    from rushes.store.database import connect

    return lambda: connect(objects).close()


def _query(objects: Objects, query: str) -> Callable[[], Any]:
    from rushes.store.database import connect

    connection = connect(objects)
    return lambda: connection.execute(query).fetchall()[0][0]


def sql_count(objects: Objects, batches: int) -> Callable[[], Any]:
    """A count over all tracks."""
    return _query(objects, "SELECT count(*) FROM tracks")


def sql_batch(objects: Objects, batches: int) -> Callable[[], Any]:
    """A count over one batch's tracks, with their clips and videos."""
    name = f"{scale_store.COLLECTION}-{batches // 2:04d}"
    return _query(objects, f"SELECT count(kept) FROM track_candidates WHERE batch = '{name}'")


MEASURES: dict[str, Callable[[Objects, int], Callable[[], Any]]] = {
    one.__name__: one
    for one in (register_urls, status, status_again, tick, sensor_new, sensor_idle, sql_open, sql_count, sql_batch)
}


def measure_here(name: str, uri: str, batches: int) -> None:
    """Make one measurement in this process, and print it as JSON."""
    work = MEASURES[name](Objects(uri), batches)
    wall, cpu = time.perf_counter(), time.process_time()
    said = work()
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "mb": _peak_mb(), "said": said}
    print(json.dumps(figures, default=str))


def _peak_mb(pid: int | str = "self") -> float:
    """Return the most memory that a process has had. What ``getrusage`` tells of it begins with its parent's."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


def measured(name: str, uri: str, batches: int) -> dict[str, Any]:
    """Make one measurement in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, uri, "--batches", str(batches)]
    with tempfile.TemporaryDirectory(prefix="rushes-scale-") as own:
        done = subprocess.run(command, env={**os.environ, "TMPDIR": own}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def whole_command(uri: str) -> dict[str, Any]:
    """``rushes status``, from its start to its end."""
    command = [str(Path(sys.executable).with_name("rushes")), "--store", uri, "status"]
    wall = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak, done = 0.0, 0
    while not done:
        peak = max(peak, _peak_mb(process.pid))
        time.sleep(_LOOK_S)
        done, code, used = os.wait4(process.pid, os.WNOHANG)
    if code:
        raise SystemExit("rushes status failed")
    return {"wall": time.perf_counter() - wall, "cpu": used.ru_utime + used.ru_stime, "mb": peak}


def compare(folder: Path, sizes: Sequence[int], on_s3: bool) -> None:
    """Measure everything at each size, and print a table."""
    table = Table(title="S3 (SeaweedFS)" if on_s3 else "local folder")
    table.add_column("wall s / CPU s / MB")
    for size in sizes:
        table.add_column(f"{size:,} batches", justify="right")
    cells: dict[str, list[str]] = {}
    with _server(folder, on_s3):
        for size in sizes:
            uri = _made(folder, size, on_s3)
            for name in MEASURES:
                if not (on_s3 and name == "register_urls"):
                    cells.setdefault(name, []).append(_cell(measured(name, uri, size)))
            cells.setdefault("rushes status", []).append(_cell(whole_command(uri)))
            out.print(f"{size} batches: measured")
    for name, row in cells.items():
        table.add_row(name, *row)
    out.print(table)


def _cell(figures: dict[str, Any]) -> str:
    return f"{figures['wall']:.2f} / {figures['cpu']:.2f} / {figures['mb']:.0f}"


@contextmanager
def _server(folder: Path, on_s3: bool) -> Iterator[None]:
    if not on_s3:
        yield
        return
    from orchestration.local_s3 import serve

    with serve(folder / "s3") as server:
        os.environ.update(server.environment)
        os.environ["RUSHES_SCALE_BUCKET"] = server.bucket
        yield


def _made(folder: Path, size: int, on_s3: bool) -> str:
    """Return a store of so many built batches, made if it is not there yet."""
    local = Objects(folder / f"{size}" / "store")
    if not local.exists("made"):
        place = folder / f"{size}"
        place.mkdir(parents=True, exist_ok=True)
        scale_store.register_urls(local, size, place)
        scale_store.build_all(local)
        local.write("made", b"")
    if not on_s3:
        return local.uri
    remote = Objects(f"s3://{os.environ['RUSHES_SCALE_BUCKET']}/many{size}")
    if not remote.exists("made"):
        scale_store.copy(local, remote)
    return remote.uri


def main() -> None:
    """Take the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, action="append", help="may be given again; default: 10, 100, 1000")
    parser.add_argument("--folder", type=Path, help="where stores are made, and found again the next time")
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "STORE"), help="one measurement, in this process")
    given = parser.parse_args()
    sizes = given.batches or [10, 100, 1000]
    if given.measure:
        measure_here(*given.measure, sizes[0])
        return
    with tempfile.TemporaryDirectory(prefix="rushes-scale-") as own:
        folder = given.folder or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        if given.pages:
            from scale_pages import compare as compare_pages

            compare_pages(folder, sizes, lambda size: _made(folder, size, on_s3=False))
        elif given.overhead:
            from scale_overhead import compare as compare_overhead

            compare_overhead(folder)
        else:
            compare(folder, sizes, given.s3)


if __name__ == "__main__":
    main()
