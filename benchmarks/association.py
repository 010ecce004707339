"""How well and how fast detections are joined into tracks, beside the ``trackers`` package's ByteTrack.

    python benchmarks/association.py                     # made scenes of known truth; needs no download
    python benchmarks/association.py --truth gt.txt:25   # and a MOT ground truth of 25 fps, thinned to --fps

All are given the same detections, made from the truth by a model of a detector: boxes that shake, scores that fall as
objects hide one another, misses, clutter. "trackers" runs with its own defaults, "trackers, our thresholds" with the
limits of our default preset where it has such a setting. HOTA, AssA and IDF1 are TrackEval's, in percent; ``sw`` counts
the times that an object's track changes. Times are medians over frames of all that each package does for a frame.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import supervision
import trackers
from trackeval.metrics import HOTA, Identity

from rushes.tracking.boxes import iou_matrix
from rushes.tracking.bytetrack import PRESETS, ByteTracker, TrackerParams, track_clip

FRAME = np.array([1280.0, 720.0])
Frames = list[tuple[np.ndarray, np.ndarray]]  # per frame: (ids or scores, boxes)


@dataclass(frozen=True)
class Scene:
    """A made scene: how many objects there are, how fast they move (own heights a second), what disturbs."""

    name: str
    objects: int
    seconds: float = 20.0
    speed: float = 0.5
    tallest: float = 260.0
    pan: float = 0.0  # pixels a second, back and forth
    clutter: float = 0.5  # false boxes a frame
    stops: float = 0.2  # changes of direction an object a second


SCENES = [
    Scene("street", 12),
    Scene("fast", 8, speed=1.5),
    Scene("crowd", 50, tallest=200, speed=0.4),
    Scene("panning", 15, pan=250),
    Scene("clutter", 10, clutter=6),
    Scene("close-ups", 4, tallest=620, speed=0.8),
]


def truth(scene: Scene, fps: float, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per frame (ids, boxes, visible part) of the objects in the frame; nearer objects are larger and hide others."""
    height = scene.tallest * rng.uniform(0.25, 1.0, scene.objects)
    size = np.stack([height * rng.uniform(0.35, 1.6, scene.objects), height], axis=1)
    centre = rng.uniform(0, FRAME, (scene.objects, 2))
    heading = _headings(scene, height, rng)
    ids = np.arange(1, scene.objects + 1)
    for frame in range(int(scene.seconds * fps)):
        turn = rng.random(scene.objects) < scene.stops / fps
        heading[turn] = _headings(scene, height, rng)[turn]
        centre = centre + heading / fps
        centre[:, 0] += scene.pan / fps * np.sign(np.sin(frame / fps))
        outside = np.any((centre < -size) | (centre > FRAME + size), axis=1)
        for index in np.flatnonzero(outside):  # a new object comes in from the left or the right
            ids[index] = ids.max() + 1
            side = rng.integers(2)
            centre[index] = side * FRAME[0], rng.uniform(0, FRAME[1])
            heading[index, 0] = abs(heading[index, 0]) * (1 - 2 * side)
        start = np.clip(centre - size / 2, 0, FRAME)
        boxes = np.hstack([start, np.clip(centre + size / 2, 0, FRAME) - start])
        present = (boxes[:, 2:] > 0.3 * size).all(axis=1)
        yield ids[present], boxes[present], _visible(boxes[present], height[present])


def _headings(scene: Scene, height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi, len(height))
    speed = scene.speed * height * rng.uniform(0, 2, len(height))
    return np.stack([speed * np.cos(angle), 0.3 * speed * np.sin(angle)], axis=1)


def _visible(boxes: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """The part of each box that no nearer box covers, from an 8 × 8 grid of points in it."""
    grid = (np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(-1, 2) + 0.5) / 8
    points = boxes[:, None, :2] + grid * boxes[:, None, 2:]
    offset = points[:, :, None] - boxes[:, :2]
    covered = ((offset >= 0) & (offset < boxes[:, 2:])).all(axis=-1) & (nearness > nearness[:, None])[:, None]
    return 1 - covered.any(axis=-1).mean(axis=1)


def detect(boxes: np.ndarray, visible: np.ndarray, clutter: float, rng: np.random.Generator) -> tuple:
    """What a detector may say of a frame: scores (n,) and shaken boxes (n, 4)."""
    score = np.clip(0.92 * visible**0.7 + rng.normal(0, 0.08, len(boxes)), 0, 1)
    found = (rng.random(len(boxes)) < 0.97) & (score > 0.15)
    shake = np.where(visible < 0.7, 0.08, 0.03)[:, None] * np.tile(boxes[:, 2:], 2)
    shaken = boxes + rng.normal(0, 1, boxes.shape) * shake
    shaken[:, 2:] = np.maximum(shaken[:, 2:], 4)
    count = rng.poisson(clutter)
    size = rng.uniform(30, 200, (count, 2))
    false = np.hstack([rng.uniform(0, FRAME - size) if count else size, size])
    scores = np.concatenate([score[found], rng.uniform(0.1, 0.65, count)])
    return scores.astype(np.float32), np.vstack([shaken[found], false]).astype(np.float32)


def made(scene: Scene, fps: float, seed: int) -> tuple[Frames, Frames]:
    """(truth, detections) of a made scene."""
    rng = np.random.default_rng([seed, SCENES.index(scene) if scene in SCENES else 99])
    known, seen = [], []
    for ids, boxes, visible in truth(scene, fps, rng):
        seen.append(detect(boxes, visible, scene.clutter, rng))
        known.append((ids[visible > 0.2], boxes[visible > 0.2]))
    return known, seen


def from_mot(path: Path, source_fps: float, fps: float, seed: int) -> tuple[Frames, Frames]:
    """(truth, detections) from a MOT ground truth, every k-th frame; the lower box hides the higher."""
    rng = np.random.default_rng(seed)
    rows = np.loadtxt(path, delimiter=",")
    known, seen = [], []
    for frame in range(1, int(rows[:, 0].max()) + 1, max(1, round(source_fps / fps))):
        here = rows[rows[:, 0] == frame]
        visible = _visible(here[:, 2:6], here[:, 3] + here[:, 5])
        seen.append(detect(here[:, 2:6], visible, 0.5, rng))
        known.append((here[:, 1].astype(int), here[:, 2:6]))
    return known, seen


def ours(params: TrackerParams) -> Callable[[Frames, float], list[np.ndarray]]:
    def run(seen: Frames, fps: float) -> list[np.ndarray]:
        return track_clip([(boxes, scores) for scores, boxes in seen], np.arange(len(seen)) / fps, params)

    return run


def theirs_stepper(fps: float, **settings: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    tracker = trackers.ByteTrackTracker(frame_rate=fps, **settings)

    def step(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        place = {"place": np.arange(len(boxes))}
        out = tracker.update(supervision.Detections(xyxy=corners, confidence=scores, data=place))
        ids = np.zeros(len(boxes), np.int64)
        if len(out):
            ids[out.data["place"]] = np.asarray(out.tracker_id) + 1
        return ids

    return step


def theirs(**settings: float) -> Callable[[Frames, float], list[np.ndarray]]:
    def run(seen: Frames, fps: float) -> list[np.ndarray]:
        step = theirs_stepper(fps, **settings)
        return [step(boxes, scores) for scores, boxes in seen]

    return run


def like_ours() -> dict[str, float]:
    """The default preset in their terms; their one limit of IoU serves all rounds, their buffer counts 1/30 s."""
    params = PRESETS["default"]
    return {
        "high_conf_det_threshold": params.track_thresh,
        "track_activation_threshold": params.track_thresh + params.new_track_margin,
        "minimum_iou_threshold": 1 - params.match_thresh,
        "minimum_consecutive_frames": params.min_hits,
        "lost_track_buffer": round(params.track_buffer_s * 30),
    }


def score(known: Frames, seen: Frames, ids: list[np.ndarray]) -> dict[str, float]:
    """HOTA, IDF1, and switches: how often the track that covers an object is another than the last that did."""
    kept = [(track[track > 0], boxes[track > 0]) for (_, boxes), track in zip(seen, ids, strict=True)]
    similarity = [iou_matrix(a, b) for (_, a), (_, b) in zip(known, kept, strict=True)]
    data = {"similarity_scores": similarity}
    for name, frames in (("gt", known), ("tracker", kept)):
        values, places = np.unique(np.concatenate([ids for ids, _ in frames]), return_inverse=True)
        splits = np.cumsum([len(ids) for ids, _ in frames])
        data |= {
            f"{name}_ids": np.split(places, splits[:-1]),
            f"num_{name}_ids": len(values),
            f"num_{name}_dets": int(splits[-1]),
        }
    hota = HOTA().eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "HOTA": 100 * float(np.mean(hota["HOTA"])),
        "AssA": 100 * float(np.mean(hota["AssA"])),
        "IDF1": 100 * identity["IDF1"],
        "switches": _switches(known, kept, similarity),
        "tracks": data["num_tracker_ids"],
    }


def _switches(known: Frames, kept: Frames, similarity: list[np.ndarray]) -> int:
    last: dict[int, int] = {}
    count = 0
    for (objects, _), (tracks, _), iou in zip(known, kept, similarity, strict=True):
        if not iou.size:
            continue
        best = iou.argmax(axis=1)
        for row in np.flatnonzero((iou.max(axis=1) >= 0.5) & (iou.max(axis=0)[best] == iou.max(axis=1))):
            track = int(tracks[best[row]])
            count += last.get(int(objects[row]), track) != track
            last[int(objects[row])] = track
    return count


def microseconds(step: Callable[[np.ndarray, np.ndarray], np.ndarray], seen: Frames) -> float:
    """Median time of a frame, the first ten left out."""
    spent = []
    for scores, boxes in seen:
        start = time.perf_counter()
        step(boxes, scores)
        spent.append(time.perf_counter() - start)
    return 1e6 * float(np.median(spent[10:]))


def table(heading: list[str], rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for first, *others in [heading, *rows]:
        print(first.ljust(widths[0]), *(cell.rjust(width + 1) for cell, width in zip(others, widths[1:], strict=True)))
    print()


def quality(args: argparse.Namespace) -> None:
    cases: dict[str, list[tuple[Frames, Frames]]] = defaultdict(list)
    for seed in range(args.seed, args.seed + args.repeats):
        for scene in SCENES:
            cases[scene.name].append(made(scene, args.fps, seed))
        for entry in args.truth:
            path, source_fps = entry.rsplit(":", 1)
            cases[Path(path).parent.name or path].append(from_mot(Path(path), float(source_fps), args.fps, seed))
    candidates = {name: ours(PRESETS[name]) for name in args.presets}
    candidates |= {"trackers": theirs(), "trackers, our thresholds": theirs(**like_ours())}
    rows = []
    sums: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in candidates}
    for case, runs in cases.items():
        for name, track in candidates.items():
            results = [score(known, seen, track(seen, args.fps)) for known, seen in runs]
            mean = {key: float(np.mean([result[key] for result in results])) for key in results[0]}
            for key, value in mean.items():
                sums[name][key].append(value)
            rows.append([f"{case}, {name}", *_cells(mean)])
    for name, lists in sums.items():
        rows.append([f"mean, {name}", *_cells({key: float(np.mean(values)) for key, values in lists.items()})])
    reference = float(np.mean(sums["trackers"]["HOTA"]))
    print(f"Quality at {args.fps:g} fps; each row is the mean of {args.repeats} runs, first seed {args.seed}")
    table(["scene, tracker", "HOTA", "AssA", "IDF1", "sw", "tracks"], rows)
    for name, lists in sums.items():
        print(f"HOTA of {name} / trackers: {float(np.mean(lists['HOTA'])) / reference:.3f}")
    print()


def _cells(mean: dict[str, float]) -> list[str]:
    return [f"{value:.1f}" for value in mean.values()]


def speed(args: argparse.Namespace) -> None:
    rows = []
    for objects in args.objects:
        scene = Scene("speed", objects, seconds=100 / args.fps, tallest=900 / objects**0.5, clutter=1)
        _, seen = made(scene, args.fps, args.seed)
        mine = ByteTracker(PRESETS["default"], args.fps)
        us, them = microseconds(mine.update, seen), microseconds(theirs_stepper(args.fps), seen)
        rows.append([str(objects), f"{us:.0f}", f"{them:.0f}", f"{them / us:.1f}"])
    print("Time of a frame, microseconds")
    table(["objects", "rushes", "trackers", "trackers / rushes"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=float, default=8.0, help="frames a second that are tracked (default 8)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of every scene, each of its own seed (default 3)")
    parser.add_argument("--seed", type=int, default=100, help="first seed (default 100)")
    parser.add_argument("--objects", type=int, nargs="*", default=[10, 50, 200], help="objects, for the times")
    parser.add_argument("--presets", nargs="*", default=["default"], choices=list(PRESETS), help="presets to compare")
    parser.add_argument("--truth", nargs="*", default=[], metavar="FILE:FPS", help="MOT ground truths to add")
    args = parser.parse_args()
    quality(args)
    speed(args)


if __name__ == "__main__":
    main()
