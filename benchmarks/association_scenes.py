"""Made scenes of known truth, and what a detector may say of them.

Here: objects that move, turn, hide one another, enter and leave; boxes that shake, scores that fall as objects hide,
misses, clutter. Not here: trackers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

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


def detected_anew(known: Frames, seed: int) -> Frames:
    """Detections of known boxes; the lower box hides the higher."""
    rng = np.random.default_rng(seed)
    return [detect(boxes, _visible(boxes, boxes[:, 1] + boxes[:, 3]), 0.5, rng) for _, boxes in known]
