"""Made clips in which real faces, and a real car with a drawn plate, move in ways that are hard to follow.

The faces are cut out of carphone and of a photograph; they are pasted over shots of bikes in which nobody's face shows.
All clips are 640x360 at 25 frames a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
from real_clips import demo_files

from rushes.privacy.faces import FaceDetector

FPS, LENGTH = 25, 150
_SIZE = (640, 360)
_CAR = (slice(0, 100), slice(500, 640))  # of frame 28 of bikes; its plate lies at
_PLATE = (80, 69, 26, 10)
_EMPTY_SHOTS = ((137, 187), (187, 242))

Draw = Callable[[np.ndarray, int], None]


class Scene:
    """A clip in memory that is read as a ``VideoReader`` is."""

    def __init__(self, frames: Sequence[np.ndarray], fps: float = FPS) -> None:
        self.pictures = frames
        self.times_s = np.arange(len(frames)) / fps

    def frames(self, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]:
        for number in numbers:
            picture = self.pictures[number]
            same = picture.shape[1::-1] == size
            yield number, picture if same else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


@cache
def real(name: str) -> list[np.ndarray]:
    """All frames of a demo clip, uint8 (h, w, 3) RGB."""
    with av.open(str(demo_files()[name])) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@cache
def photograph() -> np.ndarray:
    """Two men's faces, 1280x720."""
    places = find_spec("ultralytics")
    assert places is not None
    assert places.submodule_search_locations
    path = Path(places.submodule_search_locations[0]) / "assets" / "zidane.jpg"
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@cache
def heads() -> tuple[np.ndarray, np.ndarray]:
    """The two heads of the photograph, with what is around them."""
    small = cv2.resize(photograph(), _SIZE, interpolation=cv2.INTER_AREA)
    (found,) = FaceDetector()([small])
    first, second = (_around(photograph(), box * 2) for box in found.boxes[:2])
    return first, second


@cache
def talking() -> list[np.ndarray]:
    """The head of carphone in each of its frames."""
    return [
        _around(frame, found.boxes[0])
        for frame, found in zip(real("carphone"), FaceDetector()(real("carphone")), strict=True)
    ]


@cache
def car() -> np.ndarray:
    """A car's front from above, two and a half times as large as it was, its plate drawn anew."""
    large = cv2.resize(real("bikes")[28][_CAR], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    x, y, w, h = (round(2.5 * v) for v in _PLATE)
    plate = np.full((h * 4, w * 4, 3), 225, np.uint8)
    cv2.putText(plate, "1-ABC-234", (12, h * 3), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (140, 20, 20), 4, cv2.LINE_AA)
    large[y : y + h, x : x + w] = cv2.resize(plate, (w, h), interpolation=cv2.INTER_AREA)
    return large


def paste(frame: np.ndarray, cut: np.ndarray, x: float, y: float, height: float, oval: bool = True) -> None:
    """Put a cut-out of a height into a frame, its centre at (x, y), with soft edges; what lies outside is lost."""
    h, w = round(height), round(height * cut.shape[1] / cut.shape[0])
    scaled = cv2.resize(cut, (w, h), interpolation=cv2.INTER_AREA if h < cut.shape[0] else cv2.INTER_LINEAR)
    mask = np.zeros((h, w), np.float32)
    if oval:
        cv2.ellipse(mask, (w // 2, h // 2), (int(w * 0.48), int(h * 0.48)), 0, 0, 360, 1.0, -1)
    else:
        mask[2:-2, 2:-2] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), max(1.0, h / 40))[:, :, None]
    left, top = round(x - w / 2), round(y - h / 2)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(frame.shape[1], left + w), min(frame.shape[0], top + h)
    if x1 > x0 and y1 > y0:
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        under = frame[y0:y1, x0:x1]
        under[:] = under * (1 - mask[part]) + scaled[part] * mask[part]


def made(shot: int, draw: Draw, length: int = LENGTH) -> Scene:
    """A shot of bikes, to and fro, drawn upon."""
    start, end = _EMPTY_SHOTS[shot]
    there = list(range(start, end))
    order = [*there, *there[-2:0:-1]]
    frames = []
    for number in range(length):
        frame = cv2.resize(real("bikes")[order[number % len(order)]], _SIZE, interpolation=cv2.INTER_LINEAR)
        draw(frame, number)
        frames.append(frame)
    return Scene(frames)


def walk(frame: np.ndarray, i: int) -> None:
    """Two heads go across, one of them bobbing."""
    paste(frame, heads()[0], 60 + 3.2 * i, 150 + 10 * np.sin(i / 6), 110)
    paste(frame, talking()[i % 120], 560 - 2 * i, 210, 90)


def run(frame: np.ndarray, i: int) -> None:
    """A head goes by quickly, 350 pixels a second, and comes again."""
    paste(frame, heads()[1], (i * 14) % 1400 - 150, 120, 100)


def shake(frame: np.ndarray, i: int) -> None:
    """A head turns in circles, as with a camera that is shaken."""
    paste(frame, talking()[i % 120], 320 + 120 * np.sin(i / 5), 180 + 60 * np.cos(i / 4), 110)


def zoom(frame: np.ndarray, i: int) -> None:
    """A head comes near: seven times as large in the end."""
    paste(frame, heads()[0], 200 + i, 180, 40 + 1.6 * i)


def occluded(frame: np.ndarray, i: int) -> None:
    """A head passes behind two posts."""
    paste(frame, heads()[1], 60 + 3.5 * i, 150, 110)
    for left, width in ((200, 70), (420, 40)):
        frame[:, left : left + width] = (90, 80, 70)


def border(frame: np.ndarray, i: int) -> None:
    """Heads look in at the left and at the top."""
    paste(frame, talking()[i % 120], -40 + 120 * abs(np.sin(i / 25)), 180, 120)
    paste(frame, heads()[0], 320, -50 + 100 * abs(np.sin(i / 18)), 110)


def jump(frame: np.ndarray, i: int) -> None:
    """A cut every 37 frames that nobody found."""
    at = i // 37 % 4
    paste(frame, heads()[at % 2], (150, 430, 300, 520)[at], (120, 230, 180, 150)[at], 100)


def brief(frame: np.ndarray, i: int) -> None:
    """A head shows for 0.48 s, three times, at uneven times."""
    for start in (15, 67, 121):
        if start <= i < start + 12:
            paste(frame, heads()[0], 100 + start * 3 + 2 * (i - start), 160, 100)


def crowd(frame: np.ndarray, i: int) -> None:
    """Six small heads, each swaying in its own time, never still."""
    for k in range(6):
        head = (heads()[0], heads()[1], talking()[i % 120])[k % 3]
        x, y = 80 + k * 90 + 40 * np.sin(i / (9 + k)), 90 + k % 2 * 150 + 20 * np.cos(i / 7 + k)
        paste(frame, head, x, y, 70)


def drive(frame: np.ndarray, i: int) -> None:
    """A car comes by from the left, coming nearer."""
    paste(frame, car(), -100 + 6 * i, 150 + 0.6 * i, 180 + 0.6 * i, oval=False)


def queue(frame: np.ndarray, i: int) -> None:
    """Cars that stand, and start one after the other."""
    for k in range(2):
        paste(frame, car(), 160 + 320 * k + max(0, i - 50 - 40 * k) * 5, 130 + 110 * k, 200, oval=False)


FACES: dict[str, tuple[int, Draw]] = {
    "walk": (0, walk),
    "run": (1, run),
    "shake": (0, shake),
    "zoom": (1, zoom),
    "occluded": (0, occluded),
    "border": (1, border),
    "jump": (0, jump),
    "brief": (0, brief),
    "crowd": (1, crowd),
}
PLATES: dict[str, tuple[int, Draw]] = {"drive": (0, drive), "queue": (1, queue)}


def _around(picture: np.ndarray, box: np.ndarray, grow: float = 0.6) -> np.ndarray:
    x, y, w, h = box
    top, left = max(0, int(y - h * grow)), max(0, int(x - w * grow))
    return picture[top : int(y + h * (1 + grow)), left : int(x + w * (1 + grow))]
