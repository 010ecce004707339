"""What frames cost: our reader beside PyAV, torchcodec, decord2, OpenCV and Deep Lake 4, in one run.

    python3.11 -m venv .venv-peers                       # the peers, in an environment of their own
    .venv-peers/bin/pip install -r benchmarks/requirements-frames.txt
    .venv/bin/python -m benchmarks.frames                # all of it: about half an hour
    .venv/bin/python -m benchmarks.frames --rounds 1 --jobs last opening --peers PyAV torchcodec

The video is made by the first run and kept: 60 s of 1280x720 H.264 as x264's preset medium makes it, with B-frames, a
keyframe at each cut and at least every 250 frames, from real clips (a street, an animated film), tagged BT.709. Every
frame carries its number, so that each reader's answers can be held against what was asked for. ``--b-pyramid none``
takes another such video, in which more frames can be left out when they are not wanted.

Every reader is a process of its own, told to use one thread. They do each job in turn, and round after round; what
counts is CPU time, threads and the system's share included, the median of the rounds. Over the web, a server here
counts bytes and requests. The floor is what the same decoder needs for the packets that must be decoded, with nothing
read and nothing converted; over the web, the bytes from the keyframe of every group of pictures that is touched to the
last packet that is needed. The table is Markdown, on standard output; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace

from rushes.models.registry import models_folder
from rushes.settings import Settings
from rushes.sources.demo_clips import fetch
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.video.sampling import frames_at
from rushes.work.build import build

HERE = Path(__file__).parent
WIDTH, HEIGHT, FPS, COUNT = 1280, 720, 30, 1800
SCALED = (640, 360)
BLOCK, CODE = 16, 16  # pixels a side, and how many: the frame's number in black and white at the lower left
BLACK, WHITE = 16, 235
FLOOR, OURS, BARE = "floor", "rushes", "rushes, bare file"
APPROXIMATE = "torchcodec, approximate"
PEERS = ("PyAV", "torchcodec", APPROXIMATE, "decord2", "OpenCV", "Deep Lake 4")
HOW = {  # of the readers that are there twice, or need a word
    OURS: "a video of a store, its packet index with it",
    BARE: "`open_file`, which indexes the packets first",
    APPROXIMATE: '`seek_mode="approximate"`',
}
# A job that takes longer is done in the first round only.
ONCE_S = 12.0
# What a reader fetches in vain over the web differs from time to time: the least of so many counts.
WEB_TURNS = 3
_PIECE = 1 << 13
WEB_AIM = 1.05
WRONG_COLOURS = 3.0  # levels of 255, on average


@dataclass(frozen=True)
class Task:
    """A line of the table: a job, what its CPU time is divided by, and the most it should cost of a peer's."""

    name: str
    title: str
    kind: str
    numbers: list[int]
    readers: tuple[str, ...]
    per_frame: bool = False
    size: tuple[int, int] | None = None
    opening: bool = False
    aim: float | None = None
    against: str | None = None  # the peer that the aim is about; by default the best


def tasks() -> list[Task]:
    """All that is done with the file here."""
    every = list(range(COUNT))
    random = np.random.default_rng(7).choice(COUNT, 20, replace=False).tolist()
    grid = frames_at(np.arange(COUNT) / FPS, 0, COUNT, 8.0).tolist()
    most = (FLOOR, OURS, *(peer for peer in PEERS if peer != APPROXIMATE))
    all_but_bare = (FLOOR, OURS, *PEERS)
    return [
        Task("every", "every frame, one by one", "every", every, most, True, aim=1.0, against="torchcodec"),
        Task("batches", "every frame, 32 at a time", "batches", every, most, True, aim=1.0, against="torchcodec"),
        Task("scaled", "8 a second at 640x360", "scaled", grid, most, True, SCALED, aim=0.8),
        Task("random", "20 random frames, one call", "chosen", random, all_but_bare, aim=0.65),
        Task("singly", "20 random frames, one by one", "single", random, all_but_bare, aim=0.65),
        Task("slice", "`[100:200:5]`", "chosen", every[100:200:5], all_but_bare),
        Task("strided", "`[0::30]`", "chosen", every[0::30], all_but_bare),
        Task("last", "last frame, opening included", "single", [-1], (*all_but_bare, BARE), opening=True, aim=0.65),
        Task("opening", "opening", "open", [], (OURS, *PEERS, BARE), opening=True),
    ]


def web_tasks() -> list[Task]:
    """What is done over the web, opening included."""
    random = np.random.default_rng(11).choice(COUNT, 10, replace=False).tolist()
    readers = (OURS, BARE, *(peer for peer in PEERS if peer != "Deep Lake 4"))
    return [
        Task("web-last", "`[-1]`", "single", [-1], readers, opening=True),
        Task("web-slice", "`[100:200:5]`", "chosen", list(range(100, 200, 5)), readers, opening=True),
        Task("web-random", "10 random frames", "chosen", random, readers, opening=True),
    ]


# The video


def make_video(folder: Path, pyramid: str) -> Path:
    """Make the video and, beside it, all its frames in small; those that are there are left as they are."""
    video = folder / f"frames-{pyramid}.mp4"
    small = video.with_suffix(".npy")
    if not video.exists():
        say("making the video, a minute or two")
        folder.mkdir(parents=True, exist_ok=True)
        clips = {path.stem: path for path in fetch(models_folder() / "clips")}
        encode([*street(clips["bikes"]), *film(clips["bigbuckbunny"])], video.with_suffix(".part"), pyramid)
        video.with_suffix(".part").rename(video)
        small.unlink(missing_ok=True)
    if not small.exists():
        np.save(small, np.stack([in_small(picture) for picture in decoded(video)]))
    return video


def street(clip: Path) -> Iterator[np.ndarray]:
    """Yield a small clip's frames, enlarged to fill the picture, as planes."""
    for picture in decoded(clip):
        scale = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
        size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
        large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
        left, top = (size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2
        cut: Any = np.ascontiguousarray(large[top : top + HEIGHT, left : left + WIDTH])
        frame = av.VideoFrame.from_ndarray(cut, format="rgb24")
        yield frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709).to_ndarray()


def film(clip: Path) -> Iterator[np.ndarray]:
    """Yield a clip's frames as they are, as planes."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="yuv420p")


def encode(frames: Sequence[np.ndarray], target: Path, pyramid: str) -> None:
    """Encode frames, over and over until there are enough, each with its number in it."""
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1  # the same file everywhere
        colours = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
        stream.options = {"preset": "medium", "crf": "23", "g": "250", "b-pyramid": pyramid, "x264-params": colours}
        for number, planes in enumerate(islice(cycle(frames), COUNT)):
            numbered = planes.copy()
            for bit in range(CODE):
                numbered[HEIGHT - BLOCK : HEIGHT, bit * BLOCK : (bit + 1) * BLOCK] = (
                    WHITE if number >> bit & 1 else BLACK
                )
            frame = av.VideoFrame.from_ndarray(numbered, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def decoded(path: Path) -> Iterator[np.ndarray]:
    """Yield all frames, uint8 (h, w, 3) RGB."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def in_small(picture: np.ndarray) -> np.ndarray:
    """Return the averages of a picture's blocks, uint8."""
    blocks = picture.reshape(HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


@dataclass(frozen=True)
class Packets:
    """The file's packets in the order of decoding, as PyAV tells of them: what the floor over the web goes by."""

    start: np.ndarray
    end: np.ndarray
    keyframe: np.ndarray
    shown: np.ndarray  # which frame it is

    @classmethod
    def of(cls, path: Path) -> Packets:
        with av.open(str(path)) as container:
            rows = [(p.pos, p.size, p.is_keyframe, p.pts) for p in container.demux(video=0) if p.size]
        start, size, keyframe, pts = map(np.array, zip(*rows, strict=True))
        return cls(start, start + size, keyframe, np.argsort(np.argsort(pts)))

    def floor(self, numbers: Sequence[int]) -> tuple[int, int]:
        """Return the fewest bytes that hold what the frames depend on, and the groups of pictures they are in."""
        last: dict[int, int] = {}
        first = np.maximum.accumulate(np.where(self.keyframe, np.arange(len(self.start)), 0))
        for number in numbers:
            at = int(np.flatnonzero(self.shown == number % COUNT)[0])
            last[int(first[at])] = max(at, last.get(int(first[at]), 0))
        return sum(int(self.end[at] - self.start[key]) for key, at in last.items()), len(last)


# The web


class Server:
    """Serves one file with byte ranges on loopback, and counts the bytes that go out, and the requests."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.sent = self.requests = 0
        self.answering = 0
        self.lock = threading.Lock()
        self._server = _Quiet(("127.0.0.1", 0), handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{path.name}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def forget(self) -> None:
        """Count from nothing."""
        self.sent = self.requests = 0

    def settle(self) -> None:
        """Wait until all that was asked for is sent, or its reader seen to be gone."""
        until = time.monotonic() + 5
        while self.answering and time.monotonic() < until:
            time.sleep(0.01)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that has enough goes away."""


def handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            with server.lock:
                server.requests += 1
                server.answering += 1
            try:
                self._answer()
            except OSError:  # the reader has gone
                self.close_connection = True
            finally:
                with server.lock:
                    server.answering -= 1

        def _answer(self) -> None:
            # What lies in buffers when a reader goes away has been sent in vain; here they are as small as can be.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            size = len(server.data)
            start = int(asked[1]) if asked else 0
            end = min(int(asked[2]) + 1, size) if asked and asked[2] else size
            there = start < size
            self.send_response(416 if not there else 206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}" if there else f"bytes */{size}")
            self.send_header("Content-Length", str(max(0, end - start)))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", '"frames"')
            if self.close_connection:
                self.send_header("Connection", "close")  # FFmpeg goes by it, though it asked for that itself
            self.end_headers()
            if self.command == "GET":
                for at in range(start, end, _PIECE):
                    piece = server.data[at : min(at + _PIECE, end)]
                    self.wfile.write(piece)
                    with server.lock:
                        server.sent += len(piece)

        def log_message(self, *words: Any) -> None:
            return None

    return Handler


# The readers


class Worker:
    """A reader in a process of its own."""

    def __init__(self, name: str, python: str, environment: dict[str, str]) -> None:
        command = [python, str(HERE / "frames_peers.py"), name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=HERE.parent
        )
        self.name = name
        said = self._answer()
        self.missing: str | None = said.get("missing")
        self.versions: dict[str, str] = said.get("versions", {})

    def do(self, task: Task, source: str, *, looking: bool) -> dict[str, Any]:
        """Have a job done; return the answer."""
        told = {
            "kind": task.kind, "source": source, "numbers": task.numbers, "size": task.size, "opening": task.opening,
            "looking": looking,
        }  # fmt: skip
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {"error": "it has crashed"}
        return self._answer()

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"missing": "it crashed", "error": "it crashed"}
        return answer


def ffmpeg_by_name(python: str, folder: Path) -> Path | None:
    """Give the FFmpeg of the peers' PyAV the names that torchcodec looks for: then both decode with the same library.

    Returns the folders to look in, as LD_LIBRARY_PATH has them; None where PyAV brings no FFmpeg along.
    """
    found = subprocess.run([python, "-c", "import av; print(av.__path__[0])"], capture_output=True, text=True)
    bundled = Path(found.stdout.strip()).parent / "av.libs"
    if found.returncode or not bundled.is_dir():
        return None
    folder.mkdir()
    for library in bundled.iterdir():
        named = re.fullmatch(r"(lib(?:av|sw)\w+)-\w+\.so\.(\d+)\..*", library.name)
        if named:
            (folder / f"{named[1]}.so.{named[2]}").symlink_to(library)
    return Path(f"{folder}:{bundled}")


def start(names: Sequence[str], python: str, video: Path, store: Path, folder: Path) -> dict[str, Worker]:
    """Start the readers; those that cannot be used are named and left out."""
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(HERE.parent),
        "FRAMES_STORE": str(store),
        "FRAMES_VIDEO": str(video),
        "FRAMES_SMALL": str(video.with_suffix(".npy")),
        "FRAMES_FOLDER": str(folder),
    }
    libraries = ffmpeg_by_name(python, folder / "ffmpeg")
    workers = {}
    for name in names:
        ours = name in (FLOOR, OURS, BARE)
        own = dict(environment)
        if libraries and name.startswith("torchcodec"):
            own["LD_LIBRARY_PATH"] = f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
        worker = Worker(name, sys.executable if ours else python, own)
        if worker.missing:
            say(f"{name} is left out: {worker.missing}")
            worker.close()
        else:
            workers[name] = worker
    return workers


def make_store(folder: Path, video: Path, url: str) -> Path:
    """Make a store that holds the file, and links to it where the server has it."""
    say("making the store")
    objects = Objects(folder)
    for source, name in ((str(video), "file"), (url, "web")):
        found = register(objects, [source], name, How(link=True, video_id=name))
        build(objects, STEPS["raw_videos"], found.batches[0].name, Settings(), workers=0)
    return folder


# Measuring


@dataclass
class Results:
    """By task and reader: CPU seconds of each round, what came, bytes and requests, and what went wrong."""

    spent: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[tuple[bool, float]]] = field(default_factory=dict)
    web: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    errors: dict[tuple[str, str], str] = field(default_factory=dict)

    def cpu(self, task: Task, name: str) -> float | None:
        """Return CPU milliseconds, of a frame of the video where the task says so."""
        spent = self.spent.get((task.name, name))
        return 1000 * median(spent) / (COUNT if task.per_frame else 1) if spent else None

    def right(self, task: Task, name: str) -> int:
        return sum(right for right, _ in self.seen.get((task.name, name), []))


def look_at(task: Task, workers: dict[str, Worker], source: str, results: Results) -> None:
    """Have each reader do a task once, uncounted, and see what comes."""
    for name, worker in workers.items():
        if name != FLOOR and name in task.readers:
            answer = worker.do(task, source, looking=True)
            if "error" in answer:
                results.errors[task.name, name] = answer["error"]
            else:
                results.seen[task.name, name] = answer["seen"]


def measure(chosen: Sequence[Task], workers: dict[str, Worker], rounds: int, source: str, results: Results) -> None:
    """Have each reader do each task, in turn, round after round."""
    for task in chosen:
        say(f"looking at what comes: {task.name}")
        look_at(task, workers, source, results)
    for turn in range(rounds):
        for task in chosen:
            taking_part = [worker for worker in workers.values() if worker.name in task.readers]
            shift = turn % max(1, len(taking_part))
            for worker in taking_part[shift:] + taking_part[:shift]:
                key = (task.name, worker.name)
                before = results.spent.get(key, [])
                if key in results.errors or (before and before[0] > ONCE_S):
                    continue
                answer = worker.do(task, source, looking=False)
                if "error" in answer:
                    results.errors[key] = answer["error"]
                else:
                    results.spent[key] = [*before, answer["cpu"]]
            said = ", ".join(f"{w.name} {results.cpu(task, w.name) or float('nan'):.2f}" for w in taking_part)
            say(f"round {turn + 1} of {rounds}, {task.name}: {said}")


def count(chosen: Sequence[Task], workers: dict[str, Worker], server: Server, results: Results) -> None:
    """Have each reader do each task over the web, and count."""
    for task in chosen:
        for name, worker in workers.items():
            if name in task.readers:
                count_one(task, worker, server, results)
                sent, requests = results.web.get((task.name, name), (0, 0))
                say(f"{task.name}: {name} {sent / 1000:.0f} kB in {requests} requests")


def count_one(task: Task, worker: Worker, server: Server, results: Results) -> None:
    """Have a reader do a task over the web a few times."""
    key = task.name, worker.name
    for _ in range(WEB_TURNS):
        server.forget()
        answer = worker.do(task, server.url, looking=True)
        server.settle()
        if "error" in answer:
            results.errors[key] = answer["error"]
            return
        results.seen[key] = answer["seen"]
        results.web[key] = min(results.web.get(key, (sys.maxsize, 0)), (server.sent, server.requests))


# The report


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    marks = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heading, marks, *rows))


def figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def best(task: Task, results: Results, peers: Sequence[str]) -> float | None:
    """Return the cost of the cheapest of the peers that give all frames rightly."""
    able = [peer for peer in peers if results.right(task, peer) == len(task.numbers)]
    return min((cost for peer in able if (cost := results.cpu(task, peer)) is not None), default=None)


def times(ours: float | None, other: float | None) -> float | None:
    return ours / other if ours and other else None


def cpu_table(chosen: Sequence[Task], names: Sequence[str], results: Results) -> tuple[str, list[str]]:
    """Return the table of CPU time, and the aims that were missed, in words."""
    peers = [name for name in names if name in PEERS]
    rows, missed = [], []
    for task in chosen:
        cost, floor, cheapest = results.cpu(task, OURS), results.cpu(task, FLOOR), best(task, results, peers)
        reached = times(cost, results.cpu(task, task.against) if task.against else cheapest)
        aim = ""
        if task.aim is not None and reached is not None:
            met = round(reached, 2) <= task.aim
            of = f" of {task.against}" if task.against else ""
            aim = f"≤ {task.aim:.2f}{of}: " + ("met" if met else "missed") + (f", {reached:.2f}" if of else "")
            if not met:
                least = times(floor, cheapest)
                missed.append(
                    f"{task.title}: {reached:.2f}{of or ' of the best peer'}, the aim is {task.aim:.2f}"
                    + (f" and the floor {least:.2f}" if least and not of else "")
                )
        rows.append(
            [f"{task.title}, {'ms/frame' if task.per_frame else 'ms'}", figure(floor)]
            + [figure(results.cpu(task, name)) + wrong(task, name, results) for name in names]
            + [figure(times(cost, cheapest)), figure(times(cost, floor)), aim]
        )
    return table(["", "floor", *names, "ours / best peer", "ours / floor", "aim"], rows), missed


def wrong(task: Task, name: str, results: Results) -> str:
    """Return how many frames were wrong, for the table, if any."""
    count = len(task.numbers) - results.right(task, name)
    return f" ({count} of {len(task.numbers)} wrong)" if count and (task.name, name) in results.seen else ""


def web_table(
    chosen: Sequence[Task], names: Sequence[str], results: Results, packets: Packets
) -> tuple[str, list[str]]:
    """Return the table of bytes and requests, and the aims that were missed, in words."""
    rows, missed = [], []
    for task in chosen:
        least, groups = packets.floor(task.numbers)
        cells = []
        for name in names:
            sent, requests = results.web.get((task.name, name), (0, 0))
            cells.append(f"{sent / 1000:.0f} ({requests}){wrong(task, name, results)}" if requests else "")
        sent, requests = results.web.get((task.name, OURS), (0, 0))
        rows.append([task.title, f"{least / 1000:.0f} ({groups})", *cells, f"{sent / least:.3f}"])
        if not requests or sent > WEB_AIM * least or requests > groups or wrong(task, OURS, results):
            missed.append(f"{task.title} over the web: {sent / least:.2f} of the floor in {requests} requests")
    return table(["kB (requests)", "floor", *names, "ours / floor"], rows), missed


def remarks(results: Results) -> Iterator[str]:
    """Yield what is to be said of errors and colours."""
    for (task, name), error in results.errors.items():
        yield f"{name} does not do `{task}`: {error}"
    off: dict[str, list[float]] = {}
    for (task, name), seen in results.seen.items():
        if task != "scaled":
            off.setdefault(name, []).extend(distance for right, distance in seen if right)
    for name, distances in off.items():
        if distances and median(distances) > WRONG_COLOURS:
            yield f"{name}'s colours are off, by {median(distances):.1f} levels of 255 on average"


def spread(results: Results) -> float:
    """Return by how much the rounds of a cell differ, as a part of their median; the median of all cells."""
    parts = [(max(spent) - min(spent)) / median(spent) for spent in results.spent.values() if len(spent) > 1]
    return median(parts) if parts else 0.0


def machine() -> str:
    """Return the processor's name and the number of cores at hand."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{len(os.sched_getaffinity(0))} cores of {name}"


def about(video: Path, packets: Packets) -> str:
    """Return what the video is."""
    megabits = 8 * video.stat().st_size / (COUNT / FPS) / 1e6
    groups = int(packets.keyframe.sum())
    return f"{WIDTH}x{HEIGHT}, {COUNT} frames, {FPS} fps, {groups} groups of pictures, {megabits:.1f} Mbit/s"


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def peers_python() -> str:
    """Return the interpreter that the peers are looked for in unless another is given."""
    own = HERE.parent / ".venv-peers" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.frames", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [task.name for task in tasks()]
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="how often each job is done (default 5)")
    jobs = f"some of the jobs: {', '.join(names)}, web"
    add("--jobs", nargs="+", choices=[*names, "web"], default=[*names, "web"], metavar="JOB", help=jobs)
    peers = f"some of the peers: {', '.join(map(repr, PEERS))}"
    add("--peers", nargs="*", choices=PEERS, default=PEERS, metavar="PEER", help=peers)
    python = "the interpreter that has the peers (default: .venv-peers/bin/python, if it is there)"
    add("--peers-python", default=peers_python(), metavar="PYTHON", help=python)
    pyramid = "whether B-frames may refer to B-frames, as x264 has it unless told otherwise (default normal)"
    add("--b-pyramid", choices=["normal", "none"], default="normal", help=pyramid)
    folder = "where the video is kept (default: %(default)s)"
    add("--folder", type=Path, default=models_folder().parent / "benchmarks", help=folder)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    video = make_video(args.folder, args.b_pyramid)
    packets = Packets.of(video)
    work = Path(tempfile.mkdtemp(prefix="frames-"))
    server = Server(video)
    results = Results()
    workers: dict[str, Worker] = {}
    chosen = [task for task in tasks() if task.name in args.jobs]
    over_web = web_tasks() if "web" in args.jobs else []
    try:
        store = make_store(work / "store", video, server.url)
        workers = start([FLOOR, OURS, BARE, *args.peers], args.peers_python, video, store, work)
        measure(chosen, workers, args.rounds, str(video), results)
        count(over_web, workers, server, results)
    finally:
        for worker in workers.values():
            worker.close()
        server.close()
        shutil.rmtree(work)
    report(chosen, over_web, workers, results, packets, video, args.rounds)


def report(
    chosen: Sequence[Task],
    over_web: Sequence[Task],
    workers: dict[str, Worker],
    results: Results,
    packets: Packets,
    video: Path,
    rounds: int,
) -> None:
    """Print the tables."""
    names = [name for name in workers if name != FLOOR]
    missed: list[str] = []
    print(
        f"{about(video, packets)}; one thread each, CPU milliseconds, medians of {rounds} rounds, "
        f"which differed by {100 * spread(results):.0f} % within a cell.\n"
    )
    if chosen:
        text, missed = cpu_table(chosen, names, results)
        print(text + "\n")
    if over_web:
        text, more = web_table(over_web, [name for name in names if name != "Deep Lake 4"], results, packets)
        missed += more
        print(text + "\n")
    print("Missed: " + ("; ".join(missed) if missed else "none of the aims") + ".\n")
    for name, words in HOW.items():
        if name in workers:
            print(f"- {name}: {words}.")
    for remark in remarks(results):
        print(f"- {remark}.")
    versions = {package: number for worker in workers.values() for package, number in worker.versions.items()}
    versions["rushes's av"] = distribution("av").version
    print(f"\nMachine: {machine()}. Python {platform.python_version()}, "
          + ", ".join(f"{package} {number}" for package, number in sorted(versions.items())) + ".")  # fmt: skip


if __name__ == "__main__":
    main()
