"""What bringing videos in costs: registering a long manifest, taking in many small files, downloading from a slow host.

    python benchmarks/ingest.py                          # all three
    python benchmarks/ingest.py --files 200 --lines 10000

- register: HD-VILA lines of 20 clips each, registered into an empty store, then the same lines once more. Wall seconds,
  and the peak memory of a process that does nothing else.
- ingest: small H.264 files (640x360, 3 s, 1 MB, each of other bytes), hashed, probed, indexed, checked and copied by
  ``raw_videos`` in one process a core, beside reading and hashing them in a loop; and beside a loop in which PyAV opens
  each, goes over its packets and decodes one frame, and which hashes and copies it: what must be done at least. CPU is
  this process's, told where it does all the work itself.
  Files are dropped from the page cache before each turn (``posix_fadvise``), and left in it for a second table.
- download: files from a web server on this machine that waits 50 ms before each answer and sends each no faster than
  10 MB/s, beside a loop that downloads one after the other.

The turns of both sides alternate, and the median of each is told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from rushes.settings import Ingest, Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

out = Console(width=140, highlight=False)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def manifest(path: Path, lines: int) -> Path:
    """Write an HD-VILA manifest."""
    chance = random.Random(1)
    with path.open("w") as file:
        for _ in range(lines):
            name = "".join(chance.choices(ALPHABET, k=11))
            spans = [[f"0:00:{k:02d}.160", f"0:00:{k + 1:02d}.320"] for k in range(20)]
            clips = [{"clip_id": f"{name}.{k}.mp4", "span": span} for k, span in enumerate(spans)]
            url = f"https://www.youtube.com/watch?v={name}"
            file.write(json.dumps({"video_id": name, "url": url, "clip": clips}) + "\n")
    return path


def registering(folder: Path, lines: int) -> None:
    """Register a manifest in a process of its own."""
    path = manifest(folder / "hdvila.jsonl", lines)
    command = [sys.executable, __file__, "--register", str(path), "--store", str(folder / "registered")]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    table = Table("register", "lines", "MB", "wall s", "lines/s", "peak MB", title_justify="left")
    for name, seconds in (("first time", told["first"]), ("once more", told["again"])):
        size = f"{path.stat().st_size / 1e6:.0f}"
        table.add_row(name, f"{lines}", size, f"{seconds:.1f}", f"{lines / seconds:.0f}", f"{told['peak_mb']:.0f}")
    out.print(table)


def register_here(path: str, store: str) -> None:
    """Register twice and tell what it took, as JSON."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        register(Objects(store), [path], "hdvila")
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"first": seconds[0], "again": seconds[1], "peak_mb": peak}))


def small_files(folder: Path, count: int) -> list[Path]:
    """Write small videos, each of other bytes: eight films, with a box of its own at the end of each copy."""
    folder.mkdir()
    films = [film(folder / f"film{seed}.mp4", seed).read_bytes() for seed in range(8)]
    for seed in range(8):
        (folder / f"film{seed}.mp4").unlink()
    files = [folder / f"v{number:04d}.mp4" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(films[number % 8] + struct.pack(">I4sQ", 16, b"free", number))
    return files


def film(path: Path, seed: int) -> Path:
    """Write three seconds of noise over a moving pattern."""
    noise = np.random.default_rng(seed)
    pattern = noise.integers(0, 255, (45, 80, 3)).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "23", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(75):
            grain = noise.integers(-6, 6, (360, 640, 1))
            picture = np.clip(np.roll(pattern, 3 * number, 1) + grain, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def forget(files: Sequence[Path]) -> None:
    """Take files out of the page cache."""
    os.sync()
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def hash_all(files: Sequence[Path]) -> None:
    """Read and hash files, one after the other."""
    for file in files:
        with file.open("rb") as handle:
            hashlib.file_digest(handle, "sha256")


def copy_by_hand(files: Sequence[Path], stores: Path) -> None:
    """Hash and open files, read their packets, decode a frame, copy them: one after the other, and nothing else."""
    for file in files:
        hash_all([file])
        with av.open(str(file)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for _ in container.demux(video=0):
                pass
            container.seek(0)
            next(container.decode(video=0))
        with file.open("rb") as source, (stores / file.name).open("wb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())


def ingest_all(sources: Sequence[str], stores: Path, settings: Settings, workers: int | None = None) -> None:
    """Bring sources into a new store. Removing it is nothing that ingest does: that is for ``turns``."""
    objects = Objects(tempfile.mkdtemp(dir=stores))
    for batch in register(objects, sources, "bench").batches:
        report = build(objects, STEPS["raw_videos"], batch.name, settings, workers)
        assert not report.record.rejects, report.record.rejects


def turns(
    rounds: int, sides: dict[str, Callable[[], None]], stores: Path, before: Callable[[], None] = lambda: None
) -> dict[str, tuple[float, float]]:
    """Run the sides by turns, each with ``stores`` empty; return each one's medians of wall and CPU seconds."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            shutil.rmtree(stores, ignore_errors=True)
            stores.mkdir()
            before()
            started, cpu = time.perf_counter(), time.process_time()
            side()
            seconds[name].append((time.perf_counter() - started, time.process_time() - cpu))
    return {
        name: (statistics.median(wall for wall, _ in times), statistics.median(cpu for _, cpu in times))
        for name, times in seconds.items()
    }


def ingesting(folder: Path, count: int, rounds: int) -> None:
    """Take small files in, beside reading and hashing them."""
    files = small_files(folder / "files", count)
    mb = sum(file.stat().st_size for file in files) / 1e6
    names = [str(file) for file in files]
    stores = folder / "stores"
    columns = ("ingest", "cache", "files", "MB", "wall s", "ms a file", "CPU ms a file", "speed of hashing")
    table = Table(*columns, title_justify="left")
    for cache, before in (("cold", lambda: forget(files)), ("warm", lambda: hash_all(files))):
        sides: dict[str, Callable[[], None]] = {
            "read and hash": lambda: hash_all(files),
            "by hand": lambda: copy_by_hand(files, stores),
            "raw_videos, one process": lambda: ingest_all(names, stores, Settings(), workers=0),
        }
        alone = set(sides)
        for check in ("first", "keyframes"):
            settings = Settings(ingest=Ingest(check=check))
            sides[f"raw_videos, check: {check}"] = partial(ingest_all, names, stores, settings)
        median = turns(rounds, sides, stores, before)
        for name, (wall, cpu) in median.items():
            each, own = f"{1e3 * wall / count:.2f}", f"{1e3 * cpu / count:.2f}" if name in alone else ""
            share = f"{median['read and hash'][0] / wall:.2f}"
            table.add_row(name, cache, f"{count}", f"{mb:.0f}", f"{wall:.1f}", each, own, share)
    out.print(table)


class SlowServer(ThreadingHTTPServer):
    """Serves the files of a folder, each answer after 50 ms and no faster than 10 MB/s."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                time.sleep(0.05)
                data = (folder / self.path.strip("/")).read_bytes()
                first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
                self.send_response(206 if self.headers.get("Range") else 200)
                self.send_header("Content-Length", f"{len(data) - first}")
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
                self.send_header("ETag", f'"{len(data)}"')
                self.end_headers()
                for at in range(first, len(data), 100_000):
                    self.wfile.write(data[at : at + 100_000])
                    time.sleep(0.01)

            def log_message(self, format: str, *args: object) -> None:
                return None

        super().__init__(("127.0.0.1", 0), Handler)


def downloading(folder: Path, count: int, rounds: int) -> None:
    """Download and take in files from a slow host, beside a loop that only downloads them."""
    files = small_files(folder / "served", count)
    server = SlowServer(folder / "served")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urls = [f"http://127.0.0.1:{server.server_address[1]}/{file.name}" for file in files]

    def one_after_the_other() -> None:
        for url in urls:
            with urllib.request.urlopen(url) as answer:
                (folder / "copy").write_bytes(answer.read())

    sides: dict[str, Callable[[], None]] = {"a loop, downloading only": one_after_the_other}
    for per_host in (2, 8):
        settings = Settings(ingest=Ingest(downloads=8, per_host=per_host))
        sides[f"raw_videos, per_host: {per_host}"] = partial(ingest_all, urls, folder / "stores", settings)
    median = turns(rounds, sides, folder / "stores")
    table = Table("download", "files", "wall s", "times as fast as the loop", title_justify="left")
    for name, (wall, _) in median.items():
        table.add_row(name, f"{count}", f"{wall:.1f}", f"{median['a loop, downloading only'][0] / wall:.2f}")
    out.print(table)
    server.shutdown()


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--downloads", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--register", help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.register:
        register_here(words.register, words.store)
        return
    with tempfile.TemporaryDirectory() as folder:
        registering(Path(folder), words.lines)
        ingesting(Path(folder), words.files, words.rounds)
        downloading(Path(folder), words.downloads, words.rounds)


if __name__ == "__main__":
    main()
