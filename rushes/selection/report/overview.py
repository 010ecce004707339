"""One picture of a selection, for those who see it in Dagster: the map of its vectors beside its first sequences.

Here: laying it out. Not here: the map's places (``figures``) and reading frames (``pictures``).
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from rushes.selection.report.figures import COLOURS, Figures
from rushes.selection.report.pictures import Picture

PALETTE = ("#4c8dd6", "#e1812c", "#3a9d5d", "#c8504b", "#9372c4", "#a0694f", "#d877b5", "#8a8f2f", "#2fa8b5", "#5f6b7a")
"""A colour for each of the first videos; the page uses the same."""

OTHERS = "#a3a9b1"

_ROWS, _COLUMNS = 3, 4
TILES = _ROWS * _COLUMNS
"""Sequences that the picture shows."""


def draw_overview(title: str, funnel: Sequence[tuple[str, int]], found: Figures, tiles: Sequence[Picture]) -> bytes:
    """Return a JPEG: the map, or the funnel where there are no vectors, and the frames by rank."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5.2), facecolor="white")
    whole = figure.add_gridspec(1, 2, width_ratios=(1, 1.25), left=0.05, right=0.99, top=0.9, bottom=0.07, wspace=0.06)
    plot = figure.add_subplot(whole[0])
    figure.suptitle(title, fontsize=12, x=0.05, ha="left")
    if found.pca is None:
        _bars(plot, funnel)
    else:
        _map(plot, found)
    cells = whole[1].subgridspec(_ROWS, _COLUMNS, wspace=0.04, hspace=0.16)
    for number, picture in enumerate(tiles[:TILES]):
        cell = figure.add_subplot(cells[number // _COLUMNS, number % _COLUMNS])
        cell.set_axis_off()
        cell.set_title(f"{number}", fontsize=8, pad=2, loc="left")
        if picture.pixels is not None:
            cell.imshow(picture.pixels)
    sink = io.BytesIO()
    figure.savefig(sink, format="jpeg", dpi=90, pil_kwargs={"quality": 88, "subsampling": 0})
    return sink.getvalue()


def _map(plot, found: Figures) -> None:  # type: ignore[no-untyped-def]
    assert found.pca is not None
    palette = np.array([*PALETTE[:COLOURS], OTHERS])
    own = palette[np.array(found.chosen_colours, np.int64)]
    plot.scatter(*found.pca.everyone.T, s=14, c=palette[list(found.colours)], alpha=0.35, linewidths=0)
    for path, colour in zip(found.pca.frames, own, strict=False):
        plot.plot(*path.T, color=colour, linewidth=0.8, alpha=0.8)
    plot.scatter(*found.pca.chosen.T, s=42, c=own, edgecolors="black", linewidths=0.8)
    for number, video in enumerate(found.legend):
        plot.scatter([], [], s=24, c=palette[number], label=video if len(video) <= 28 else f"{video[:27]}…")
    plot.set_aspect("equal", "datalim")
    plot.set_title("chosen (outlined) among all candidates, on two principal axes", fontsize=9)
    plot.tick_params(labelsize=7)
    if found.legend:
        plot.legend(fontsize=7, loc="best", framealpha=0.8)


def _bars(plot, funnel: Sequence[tuple[str, int]]) -> None:  # type: ignore[no-untyped-def]
    steps = [f"{step}  {count:,}" for step, count in funnel]
    plot.barh(range(len(steps)), [count for _, count in funnel], color=PALETTE[0], height=0.5)
    plot.set_yticks(range(len(steps)), [""] * len(steps))
    for row, step in enumerate(steps):
        plot.text(0, row - 0.34, step, fontsize=9, va="bottom")
    plot.invert_yaxis()
    plot.set_title("how many were left at each step", fontsize=9)
    plot.tick_params(labelsize=7)
    for side in ("top", "right", "left"):
        plot.spines[side].set_visible(False)
