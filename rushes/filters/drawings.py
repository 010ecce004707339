"""Animated pictures that are made up: drawings, renderings, and photographs made to look drawn.

All are uint8 (h, w, 3) RGB; drawings and renderings are of 640x360, and the generator alone decides what they show.
Here: making them. Not here: what is learned from them (``cartoon_examples``, ``train_cartoon``).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

_INK = (20, 20, 20)


def stylised(photo: np.ndarray) -> list[np.ndarray]:
    """Return a photograph as a painting that keeps its edges, and as flat colours with black outlines."""
    painted = cv2.stylization(photo, sigma_s=60, sigma_r=0.45)
    smooth = cv2.pyrMeanShiftFiltering(photo, 12, 30)
    flat = (smooth // 32 * 32 + 16).astype(np.uint8)
    luma = cv2.medianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), 5)
    outlines = cv2.adaptiveThreshold(luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
    return [painted, cv2.bitwise_and(flat, flat, mask=outlines)]


def drawn(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Return ``count`` frames of a drawing in which outlined figures move over hills, all of it made up."""
    palette = rng.integers(60, 256, (8, 3)).tolist()
    thick = int(rng.integers(0, 5))
    hills = [*zip((0, 213, 426, 640), rng.integers(120, 300, 4).tolist(), strict=True)]
    figures = rng.uniform((0, 150, 15, -40), (640, 300, 60, 40), (int(rng.integers(1, 6)), 4))
    frames = []
    for at in range(count):
        picture = np.full((360, 640, 3), palette[0], np.uint8)
        _filled(picture, [(0, 360), *hills, (640, 360)], palette[1], thick)
        for number, (x, y, size, speed) in enumerate(figures):
            colours = palette[2 + number % 6], palette[(3 + number) % 8]
            _figure(picture, np.array([x + at * speed, y]), size, colours, thick)
        frames.append(picture)
    return frames


def _figure(
    picture: np.ndarray, middle: np.ndarray, half: float, colours: tuple[list[int], list[int]], thick: int
) -> None:
    """Draw a body, a head on it, and two eyes."""
    above = (middle - (0, 1.9 * half)).astype(int).tolist()
    body = cv2.ellipse2Poly(middle.astype(int).tolist(), (int(half), int(half * 1.4)), 0, 0, 360, 8)
    head = cv2.ellipse2Poly(above, (int(half * 0.8), int(half * 0.8)), 0, 0, 360, 8)
    _filled(picture, body, colours[0], thick)
    _filled(picture, head, colours[1], thick)
    for side in (-0.3, 0.3):
        eye = (middle + (side * half, -2 * half)).astype(int).tolist()
        cv2.circle(picture, eye, max(2, int(half / 5)), (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, eye, max(1, int(half / 10)), _INK, -1, cv2.LINE_AA)


def _filled(picture: np.ndarray, outline: Sequence[Sequence[int]] | np.ndarray, colour: list[int], thick: int) -> None:
    corners = np.asarray(outline).astype(np.int32)
    cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA)
    if thick:
        cv2.polylines(picture, [corners], True, _INK, thick, cv2.LINE_AA)


def rendered(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Return ``count`` frames of balls, lit and shaded as Phong's model has it, rolling over a plane under a sky."""
    rows, columns = np.mgrid[0:360, 0:640].astype(np.float32)
    sky, ground, light = rng.uniform(80, 250, 3), rng.uniform(30, 220, 3), rng.uniform((-1, -1, 0.3), (1, -0.3, 1))
    light /= np.linalg.norm(light)
    balls = rng.uniform((40, 160, 25, -40), (600, 300, 110, 40), (int(rng.integers(1, 5)), 4))
    colours, shine = rng.uniform(40, 255, (len(balls), 3)), rng.uniform(5, 60)
    horizon = rng.uniform(80, 240)
    depth = ((rows - horizon) / (360 - horizon)).clip(0, 1)[..., None]
    scene = np.where(rows[..., None] < horizon, sky * (0.6 + 0.4 * rows[..., None] / 360), ground * (0.5 + 0.5 * depth))
    frames = []
    for at in range(count):
        picture = scene.copy()
        for (x, y, radius, speed), colour in zip(balls, colours, strict=True):
            east, south = (columns - x - at * speed) / radius, (rows - y) / radius
            picture[east**2 + ((south - 1) * 4) ** 2 < 1] *= 0.5
            inside = east**2 + south**2 < 1
            normal = np.stack([east, south, np.sqrt((1 - east**2 - south**2).clip(0))], axis=-1)
            lit = (normal @ light).clip(0)[..., None]
            gleam = (2 * lit[..., 0] * normal[..., 2] - light[2]).clip(0)[..., None] ** shine
            picture[inside] = (colour * (0.25 + 0.75 * lit) + 200 * gleam)[inside]
        frames.append(cv2.GaussianBlur(picture, (0, 0), 0.7).clip(0, 255).astype(np.uint8))
    return frames
