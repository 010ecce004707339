"""What measuring a clip costs on top of reading it, on one 720p clip.

    python benchmarks/filters.py

One thread, CPU seconds, the cheapest of some turns. The clip is the street of ``pipeline.py``. Stages add up: the
frames that the filters sample are read and scaled; the metrics are taken of them; the cartoon classifier looks at the
first eight seconds twice a second. Judging by other thresholds is measured with the pass that is kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pipeline

from rushes.filters.cartoon import CartoonClassifier
from rushes.filters.metrics import ClipMetrics
from rushes.privacy.search import LINES
from rushes.settings import Filters, Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.video.sampling import frames_at, scaled_down
from rushes.video.video import Video, open_file
from rushes.work.build import build

FPS = Filters().sample_fps


def read(video: Video, metrics: ClipMetrics | None) -> None:
    """Read the sampled frames, and measure them when told to."""
    with video.reader() as reader:
        times = reader.times_s
        size = scaled_down(video.shape[2], video.shape[1], LINES)
        for number, picture in reader.frames(frames_at(times, 0, len(times), FPS).tolist(), size):
            if metrics is not None:
                metrics.add(picture, times[number])
    if metrics is not None:
        metrics.result()


def cheapest(work: Callable[[], object], turns: int) -> float:
    """Return the CPU seconds of the cheapest turn."""
    spent = []
    for _ in range(turns):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def rejudging(clip: Path, folder: Path) -> tuple[float, float]:
    """Return the CPU seconds of the first pass over a clip and of judging it by another threshold, all in all."""
    objects = Objects(folder / "store")
    batch = register(objects, [str(clip)], "bench").batches[0].name
    first = Settings.model_validate({"privacy": {"look_for": "none"}})
    other = first.model_copy(update={"filters": Filters(min_sharpness=9.0)})
    for asset in ("raw_videos", "scene_clips"):
        build(objects, STEPS[asset], batch, first, workers=0)
    spent = []
    for settings in (first, other):
        before = time.process_time()
        build(objects, STEPS["filtered_clips"], batch, settings, workers=0)
        spent.append(time.process_time() - before)
    return spent[0], spent[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU time of the filters' pass.")
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        clip = pipeline.street(Path(folder))
        video, classify = open_file(clip), CartoonClassifier()
        shown = list(video[:200:13].numpy())
        reading = cheapest(lambda: read(video, None), turns)
        measuring = cheapest(lambda: read(video, ClipMetrics()), turns)
        asking = cheapest(lambda: classify(shown), turns)
        first, again = rejudging(clip, Path(folder))
    print("| stage | CPU s | over reading |\n|---|---:|---:|")
    print(f"| frames read, {FPS:g} a second | {reading:.2f} | 1 |")
    print(f"| and measured | {measuring:.2f} | {measuring / reading:.2f} |")
    print(f"| the cartoon classifier, {len(shown)} frames | {asking:.2f} | {asking / reading:.2f} |")
    print(f"\nfiltered_clips built: {first:.2f} s; again with another threshold: {again:.2f} s ({again / first:.3f})")


if __name__ == "__main__":
    main()
