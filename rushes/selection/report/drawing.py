"""Numbers as SVG: what the page's template puts into its pictures. Coordinates have one decimal.

Here: scales and paths. Not here: measuring (``distances``, ``places``), colours and words (the template).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.selection.report.distances import Histogram

WIDTH, HEIGHT = 640, 420
_EDGE = 18

_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 14, 14, 34


@dataclass(frozen=True)
class Dot:
    """A chosen sequence in a map: its rank, where it is, its colour's number, and its frames as a line and as dots."""

    rank: int
    x: float
    y: float
    colour: int
    frames: str
    frame_dots: str


@dataclass(frozen=True)
class Map:
    """A map of vectors: ``clouds`` are paths of all candidates, by colour's number; ``dots`` the chosen."""

    clouds: list[tuple[int, str]]
    dots: list[Dot]


@dataclass(frozen=True)
class Bars:
    """A histogram with a logarithmic axis: where it begins on the left, the outlines of candidates and of the chosen,
    and ticks of both axes."""

    left: int
    before: str
    after: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]


def draw_map(
    places: np.ndarray,
    colours: Sequence[int],
    chosen: np.ndarray,
    chosen_colours: Sequence[int],
    ranks: Sequence[int],
    frames: Sequence[np.ndarray],
) -> Map:
    """Draw candidates (n, 2), chosen ones (k, 2) with their ranks, and the frames (m, 2) of the first of these.

    Both axes have one scale, so that distances can be compared.
    """
    everything = np.concatenate([places, chosen, *frames])
    low, high = everything.min(axis=0), everything.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * _EDGE
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    middle = np.array([WIDTH, HEIGHT]) / 2

    def on_page(some: np.ndarray) -> np.ndarray:
        return np.round((some - (low + high) / 2) * scale * (1, -1) + middle, 1) + 0.0

    points, dots = on_page(places), on_page(chosen)
    clouds = [(colour, _dots(points[np.equal(colours, colour)])) for colour in sorted(set(colours))]
    own = [on_page(some) for some in frames] + [points[:0]] * (len(chosen) - len(frames))
    return Map(
        clouds,
        [
            Dot(rank, float(x), float(y), colour, _line(path), _dots(path))
            for rank, (x, y), colour, path in zip(ranks, dots, chosen_colours, own, strict=True)
        ],
    )


def draw_histogram(histogram: Histogram) -> Bars:
    """Draw the shares of all pairs that fall into each bin, in per cent on a logarithmic axis."""
    before, after = (100 * counts / max(1, counts.sum()) for counts in (histogram.before, histogram.after))
    least = min((float(some[some > 0].min()) for some in (before, after) if some.any()), default=1.0)
    floor = int(np.floor(np.log10(least) - 1e-9))
    top, bottom = _TOP, HEIGHT - _BOTTOM
    across = np.linspace(_LEFT, WIDTH - _RIGHT, len(histogram.edges))

    def down(share: np.ndarray) -> np.ndarray:
        level = np.log10(np.maximum(share, 10.0**floor))
        return np.asarray(bottom - (level - floor) / (2 - floor) * (bottom - top))

    return Bars(
        _LEFT,
        _columns(across, down(before), bottom) if before.any() else "",
        _columns(across, down(after), bottom) if after.any() else "",
        [
            (round(float(across[0] + tick * (across[-1] - across[0]) / histogram.edges[-1]), 1), f"{tick:.3g}")
            for tick in _round_ticks(float(histogram.edges[-1]))
        ],
        [(round(float(down(np.array(10.0**power))), 1), f"{10.0**power:g} %") for power in range(floor, 3)],
    )


def _line(points: np.ndarray) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if len(points) else ""


def _dots(points: np.ndarray) -> str:
    """Return strokes of no length: with round ends they are dots."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in points)


def _columns(across: np.ndarray, heights: np.ndarray, bottom: float) -> str:
    """Return the outline of a histogram: from the bottom to the bottom for each run of bins that are not empty."""
    outline, is_down = "", True
    for left, right, height in zip(across[:-1], across[1:], heights, strict=True):
        if height >= bottom:
            outline += "" if is_down else f"V{bottom}"
        else:
            outline += (f"M{left:.1f} {bottom}" if is_down else "") + f"V{height:.1f}H{right:.1f}"
        is_down = bool(height >= bottom)
    return outline + ("" if is_down else f"V{bottom}")


def _round_ticks(end: float) -> np.ndarray:
    """Return 0 and round numbers up to ``end``, eight of them at the most."""
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if end / step <= 7.001)
    return np.arange(0, end + 1e-9, step)
