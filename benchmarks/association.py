"""How well and how fast detections are joined into tracks, beside other people's trackers.

    pip install --no-deps --target PEERS lap==0.5.12     # for ultralytics; without it, theirs are left out
    PYTHONPATH=PEERS .venv/bin/python benchmarks/association.py

All are given the same detections, frame by frame, and each box counts for the track that it was given. TUD-Campus and
TUD-Stadtmitte are taken as they are (25 frames a second, a detector's boxes without scores), and thinned to every
third frame, as the mean of the three ways to begin. The made scenes are known to the pixel; their detections come
from a model of a detector, as do the ones of "Campus" and "Stadtmitte" among them. HOTA and IDF1 are TrackEval's, in
percent; ``sw`` counts the times that an object's track changes. Times are medians over frames of all that a package
does for a frame, the best of several rounds. The tables are Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from association_peers import Maker, Step, peers
from association_scenes import SCENES, Scene, detected_anew, made

from rushes.tracking.bytetrack import PRESETS, ByteTracker, track_clip

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
from known_tracks import TUD, TUD_FPS, Frames, agreement, tud

Tracker = Callable[[Frames, float], list[np.ndarray]]
Case = list[tuple[Frames, Frames]]  # (known, detected) of several runs


def ours(preset: str) -> Tracker:
    """Our tracker, which is given the whole clip."""
    return lambda seen, fps: track_clip(
        [(boxes, scores) for scores, boxes in seen], np.arange(len(seen)) / fps, PRESETS[preset]
    )


def stepped(make: Maker) -> Tracker:
    """Another one, which must answer frame by frame."""

    def run(seen: Frames, fps: float) -> list[np.ndarray]:
        step = make(fps)
        return [step(boxes, scores) for scores, boxes in seen]

    return run


def trackers() -> dict[str, Tracker]:
    """All trackers, ours first."""
    return {f"ours, {name}": ours(name) for name in PRESETS} | {name: stepped(make) for name, make in peers().items()}


def measured(track: Tracker, case: Case, fps: float) -> dict[str, float]:
    """The mean over a case's runs."""
    results = [agreement(known, [boxes for _, boxes in seen], track(seen, fps)) for known, seen in case]
    return {key: float(np.mean([result[key] for result in results])) for key in results[0]}


def real() -> None:
    """TUD's clips with their own detections."""
    rates = [(name, every) for name in TUD for every in (1, 3)]
    heading = [f"{name} at {TUD_FPS / every:.3g} fps" for name, every in rates]
    rows = []
    for name, track in trackers().items():
        cells = []
        for clip, every in rates:
            case = [tud(clip, every, first) for first in range(every)]
            result = measured(track, case, TUD_FPS / every)
            cells.append(f"{result['HOTA']:.1f} / {result['IDF1']:.1f}")
        rows.append([name, *cells])
    table(["HOTA / IDF1", *heading], rows)


def scenes(fps: float, repeats: int, seed: int) -> None:
    """The made scenes, and TUD's truth with made detections."""
    seeds = range(seed, seed + repeats)
    cases: dict[str, Case] = {scene.name: [made(scene, fps, each) for each in seeds] for scene in SCENES}
    for name in TUD:
        known, _ = tud(name, max(1, round(TUD_FPS / fps)))
        cases[name.removeprefix("TUD-")] = [(known, detected_anew(known, each)) for each in seeds]
    rows = []
    for name, track in trackers().items():
        results = [measured(track, case, fps) for case in cases.values()]
        means = [float(np.mean([result[key] for result in results])) for key in ("HOTA", "IDF1", "switches")]
        rows.append([name, *(f"{result['HOTA']:.1f}" for result in results), *(f"{mean:.1f}" for mean in means)])
    table([f"HOTA at {fps:g} fps", *cases, "mean", "IDF1", "sw"], rows)


def speed(counts: list[int], fps: float, rounds: int, seed: int) -> None:
    """Time of a frame, microseconds."""
    makers: dict[str, Maker] = {"ours": lambda rate: ByteTracker(PRESETS["default"], rate).update, **peers()}
    makers.pop("same, our thresholds")
    best: dict[str, list[float]] = {name: [] for name in makers}
    for objects in counts:
        scene = Scene("speed", objects, seconds=100 / fps, tallest=900 / objects**0.5, clutter=1)
        _, seen = made(scene, fps, seed)
        spent = {name: [microseconds(make(fps), seen) for _ in range(rounds)] for name, make in makers.items()}
        for name, times in spent.items():
            best[name].append(min(times))
    rows = [
        [name, *(f"{took:.0f} ({took / us:.1f})" for took, us in zip(times, best["ours"], strict=True))]
        for name, times in best.items()
    ]
    table(["µs a frame (times ours)", *(f"{objects} objects" for objects in counts)], rows)


def microseconds(step: Step, seen: Frames) -> float:
    """Median time of a frame, the first ten left out."""
    spent = []
    for scores, boxes in seen:
        start = time.perf_counter()
        step(boxes, scores)
        spent.append(time.perf_counter() - start)
    return 1e6 * float(np.median(spent[10:]))


def table(heading: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print("|", " | ".join(heading), "|\n| ---", *["| ---:"] * (len(heading) - 1), "|")
    for row in rows:
        print("|", " | ".join(row), "|")
    print(flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=float, nargs="*", default=[8.0, 30.0], help="of the made scenes (default 8 30)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of every scene, each of its own seed (default 3)")
    parser.add_argument("--seed", type=int, default=100, help="first seed (default 100)")
    parser.add_argument("--objects", type=int, nargs="*", default=[10, 50, 200], help="objects, for the times")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the times (default 3)")
    args = parser.parse_args()
    print("Versions:", ", ".join(f"{name} {version(name)}" for name in ("trackers", "ultralytics", "numpy")), "\n")
    real()
    for fps in args.fps:
        scenes(fps, args.repeats, args.seed)
    speed(args.objects, 8.0, args.rounds, args.seed)


if __name__ == "__main__":
    main()
