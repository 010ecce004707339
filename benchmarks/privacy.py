"""How much of what a search of every frame finds is hidden by a search of samples, and at which cost.

    python benchmarks/privacy.py                # about three minutes
    python benchmarks/privacy.py --markdown

Every frame of real shots and of made clips with hard motion (``tests/support/moving_scenes.py``) is searched by the
same detectors at the same size. A box found there counts as covered when at most 5 % of it is left to be seen. Cost
is the CPU time of searching alone, on one thread, decoding left out on both sides, as a share of every frame's.

deface is run by its own class as its installation leaves it, on one frame of every 20, and its cost is scaled up. It
looks for faces alone; beside it stands our search for faces alone.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from deface.centerface import CenterFace
from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from moving_scenes import FACES, FPS, PLATES, Scene, made, real

from rushes.privacy.found import Found
from rushes.privacy.regions import Region, linked, region
from rushes.privacy.search import Kind, Search, kinds, samples
from rushes.settings import Privacy

FACE_ALONE, PLATE_ALONE = ("faces",), ("plates",)
SHOTS = ((0, 30), (30, 76), (76, 137), (137, 187), (187, 242))  # of bikes
HIDDEN = 0.95
DEFACE_EVERY, DEFACE_SCORE = 20, 0.2
RATES = (1.5, 2.0, 2.5, 4.0)
PADDINGS = (0.1, 0.4)
COLUMNS = ("way", "padding", "boxes", "covered", "share", "worst clip", "cost, ms a frame", "of every frame's")
Row = tuple[str, ...]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Truth:
    """What every frame shows, and what it cost to find: boxes (n, 4) by frame of each clip, CPU seconds in all."""

    boxes: dict[str, list[np.ndarray]]
    seconds: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true")
    markdown = parser.parse_args().markdown
    cv2.setNumThreads(1)
    faces = {**real_shots(), **{name: made(*scene) for name, scene in FACES.items()}}
    plates = {name: made(*scene) for name, scene in PLATES.items()}
    show(f"faces, {count(faces)} frames of {len(faces)} clips", measure(faces, FACE_ALONE, with_deface=True), markdown)
    show(f"plates, {count(plates)} frames of {len(plates)} clips", measure(plates, PLATE_ALONE), markdown)
    used = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "opencv-python", "deface"))
    Console(width=160).print(f"Python {platform.python_version()}, {used}; one thread")


def real_shots() -> dict[str, Scene]:
    """The demo's clips with people in them, shot by shot."""
    shots = {f"bikes {start}-{end}": Scene(real("bikes")[start:end]) for start, end in SHOTS}
    return {"carphone": Scene(real("carphone")), **shots}


def measure(clips: dict[str, Scene], look_for: Sequence[str], with_deface: bool = False) -> list[Row]:
    """Return a row for every way of searching."""
    default = Privacy(look_for=look_for)
    (kind,) = kinds(default)
    truth = every_frame(clips, kind)
    frames = count(clips)
    rows = [row("every frame", None, covered(clips, truth, None), truth.seconds, truth, frames)]
    ways = [(rate, default.padding) for rate in RATES] + [(default.sample_fps, padding) for padding in PADDINGS]
    for rate, padding in ways:
        privacy = default.model_copy(update={"sample_fps": rate, "padding": padding})
        mark = " (default)" if privacy == default else ""
        search = Search(privacy)
        found, seconds = timed(lambda search=search: {name: followed(clip, search) for name, clip in clips.items()})
        rows.append(
            row(f"{rate:g} a second, followed{mark}", padding, covered(clips, truth, found), seconds, truth, frames)
        )
    for rate in (default.sample_fps, 4.0):  # without following
        privacy = default.model_copy(update={"sample_fps": rate})
        found, seconds = timed(lambda p=privacy: {name: interpolated(clip, kind, p) for name, clip in clips.items()})
        name = f"{rate:g} a second, interpolated alone"
        rows.append(row(name, privacy.padding, covered(clips, truth, found), seconds, truth, frames))
    if with_deface:
        for lines in (360, 720):
            seconds = deface_s(clips, lines)
            rows.append((f"deface, every frame at {lines} lines", "", "", "", "", "", *cost(seconds, truth, frames)))
    return rows


def every_frame(clips: dict[str, Scene], kind: Kind) -> Truth:
    """Search every frame."""
    sure: dict[str, list[np.ndarray]] = {}
    total = 0.0
    for name, clip in clips.items():
        found, seconds = timed(lambda clip=clip: kind.finder(clip.pictures))
        total += seconds
        sure[name] = [one.boxes[one.scores >= kind.min_score] for one in found]
    return Truth(sure, total)


def followed(clip: Scene, search: Search) -> list[Region]:
    """What our search hides in a clip."""
    frames, size = (0, len(clip.pictures)), size_of(clip)
    found = {n: search.look(clip.pictures[n]) for n in search.samples(clip.times_s, frames)}
    return search.regions(found, clip, frames, size, size)


def interpolated(clip: Scene, kind: Kind, privacy: Privacy) -> list[Region]:
    """What would be hidden without following."""
    frames, size = (0, len(clip.pictures)), size_of(clip)
    found: dict[int, Found] = {
        n: kind.finder([clip.pictures[n]])[0] for n in samples(clip.times_s, frames, privacy.sample_fps)
    }
    return [
        region(kind.name, path, clip.times_s, frames, (1, 1), size, privacy.padding)
        for path in linked(found, clip.times_s)
        if max(path.scores.values()) >= kind.min_score
    ]


def covered(
    clips: dict[str, Scene], truth: Truth, hidden: dict[str, list[Region]] | None
) -> dict[str, tuple[int, int]]:
    """Return how many boxes every frame shows in each clip, and how many of them are hidden; all without ``hidden``."""
    told = {}
    for name, clip in clips.items():
        boxes = truth.boxes[name]
        total = sum(map(len, boxes))
        if hidden is None:
            told[name] = total, total
            continue
        by_frame: list[list[np.ndarray]] = [[] for _ in clip.pictures]
        for one in hidden[name]:
            for frame, box in zip(one.frames.tolist(), one.boxes, strict=True):
                by_frame[frame].append(box)
        told[name] = (
            total,
            sum(is_hidden(box, by_frame[n], size_of(clip)) for n, found in enumerate(boxes) for box in found),
        )
    return told


def is_hidden(box: np.ndarray, regions: Iterable[np.ndarray], size: tuple[int, int]) -> bool:
    """Tell whether at most 5 % of a box's pixels are outside all regions."""
    shown = np.zeros((size[1], size[0]), bool)
    left, top, right, bottom = edges(box)
    shown[top:bottom, left:right] = True
    area = shown.sum()
    for one in regions:
        left, top, right, bottom = edges(one)
        shown[top:bottom, left:right] = False
    return bool(shown.sum() <= (1 - HIDDEN) * area)


def edges(box: np.ndarray) -> tuple[int, int, int, int]:
    x, y, w, h = (float(v) for v in box)
    return int(x), int(y), int(np.ceil(x + w)), int(np.ceil(y + h))


def deface_s(clips: dict[str, Scene], lines: int) -> float:
    """CPU seconds that deface's detector would need for every frame, enlarged to so many lines."""
    detector = CenterFace()
    frames = [picture for clip in clips.values() for picture in clip.pictures][::DEFACE_EVERY]
    width = lines * 16 // 9
    enlarged = [cv2.resize(frame, (width, lines)) for frame in frames]
    detector(enlarged[0], threshold=DEFACE_SCORE)
    _, seconds = timed(lambda: [detector(frame, threshold=DEFACE_SCORE) for frame in enlarged])
    return seconds * count(clips) / len(frames)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def row(
    name: str, padding: float | None, told: dict[str, tuple[int, int]], seconds: float, truth: Truth, frames: int
) -> Row:
    total, hidden = (sum(one[i] for one in told.values()) for i in (0, 1))
    worst = min((clip for clip in told if told[clip][0]), key=lambda clip: told[clip][1] / told[clip][0])
    return (
        name,
        "" if padding is None else f"{padding:g}",
        str(total),
        str(hidden),
        f"{100 * hidden / total:.2f} %",
        f"{worst} {told[worst][1]}/{told[worst][0]}" if hidden < total else "",
        *cost(seconds, truth, frames),
    )


def cost(seconds: float, truth: Truth, frames: int) -> tuple[str, str]:
    share = seconds / truth.seconds
    return f"{1000 * seconds / frames:.2f}", f"1/{1 / share:.1f}" if share < 1 else f"{share:.2f}"


def count(clips: dict[str, Scene]) -> int:
    return sum(len(clip.pictures) for clip in clips.values())


def size_of(clip: Scene) -> tuple[int, int]:
    height, width = clip.pictures[0].shape[:2]
    return width, height


def show(title: str, rows: Sequence[Row], markdown: bool) -> None:
    """Print a table."""
    if markdown:
        print(f"{title}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
        print("\n".join(f"| {' | '.join(one)} |" for one in rows) + "\n")
        return
    table = Table(*COLUMNS, title=f"{title}, {FPS} a second")
    for one in rows:
        table.add_row(*one)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
