"""The page of a selection: everything that its template shows, gathered.

Here: words and numbers for the template. Not here: measuring, drawing, and reading frames (the modules beside it).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb
import jinja2
import numpy as np
import yaml

from rushes.selection.recipes.recipe import Recipe
from rushes.selection.report.distances import nearest_left
from rushes.selection.report.drawing import HEIGHT, WIDTH, Map, draw_histogram, draw_map
from rushes.selection.report.figures import COLOURS, Figures, Layout
from rushes.selection.report.overview import OTHERS, PALETTE
from rushes.selection.report.pictures import Picture, pictures
from rushes.selection.report.sample import Part, unit, vectors_of
from rushes.selection.report.shares import shares
from rushes.selection.report.timeline import timelines
from rushes.store.objects import Objects
from rushes.store.schemas import RECIPE

if TYPE_CHECKING:
    from rushes.selection.select import Selection

SHOWN = 48
"""Sequences with pictures on the page; of more there is only the number."""

_FRAMES = 3
_LABELLED = 80


@dataclass(frozen=True)
class Card:
    """A chosen sequence with its pictures, and the nearest candidate that was left with one of its."""

    rank: int
    row: dict[str, Any]
    why: str
    nearest: str | None
    nearest_rank: int | None
    distance: float | None
    pictures: list[Picture]
    left: dict[str, Any] | None = None
    left_distance: float = 0.0
    left_picture: Picture | None = None


def cards(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    selection: Selection,
    found: Figures,
    left: np.ndarray,
) -> list[Card]:
    """Return the first ranks. ``left``: bool (n,), which candidates could have been chosen and were not."""
    candidates, shown = selection.candidates, selection.choices[:SHOWN]
    neighbours = _neighbours(connection, recipe, selection, found, left)
    wanted = {choice.at: _FRAMES for choice in shown}
    seen = pictures(
        objects, connection, candidates, wanted | {at: 1 for at, _ in neighbours.values() if at not in wanted}
    )
    ranks = {choice.at: rank for rank, choice in enumerate(selection.choices)}
    ids = candidates.rows.column("sequence_id")
    made = []
    for rank, choice in enumerate(shown):
        near = neighbours.get(choice.at)
        made.append(
            Card(
                rank,
                candidates.row(choice.at),
                choice.why,
                None if choice.nearest is None else ids[choice.nearest].as_py(),
                None if choice.nearest is None else ranks.get(choice.nearest),
                choice.distance,
                seen[choice.at],
                *((candidates.row(near[0]), near[1], seen[near[0]][0]) if near else ()),
            )
        )
    return made


def _neighbours(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, selection: Selection, found: Figures, left: np.ndarray
) -> dict[int, tuple[int, float]]:
    at = np.array([choice.at for choice in selection.choices[:SHOWN]], np.int64)
    if found.looked.missing is not None or not len(at):
        return {}
    vectors, usable = unit(vectors_of(connection, recipe, selection.candidates, at))
    asked = Part(at[usable], vectors, len(at))
    near = nearest_left(selection.candidates, found.looked.everyone, left, asked)
    return {place: one for place, one in zip(asked.at.tolist(), near, strict=True) if one is not None}


def render(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    selection: Selection,
    found: Figures,
    shown: list[Card],
    files: list[tuple[str, str]],
) -> str:
    """Return the page as HTML. ``files`` are (path beside the page, what it is)."""
    candidates, choices = selection.candidates, selection.choices
    chosen = np.array([choice.at for choice in choices], np.int64)
    countable = np.union1d(np.flatnonzero(~candidates.pooled), chosen)
    lines, more_videos = timelines(connection, candidates, choices, len(shown))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["share"] = lambda part: f"{100 * part:.1f} %"
    template = environment.from_string((resources.files("rushes.selection.report") / "page.html").read_text())
    return template.render(
        recipe=recipe,
        written=_as_yaml(recipe),
        record=selection.record,
        note=selection.note,
        funnel=selection.funnel,
        most=max((count for _, count in selection.funnel), default=0) or 1,
        rejects=sorted(selection.record.rejects.items(), key=lambda item: (-item[1], item[0])),
        pooled=int((~np.isin(np.flatnonzero(candidates.pooled), chosen)).sum()),
        splits=_splits(connection, recipe),
        rounds=sorted(Counter(choice.relaxed for choice in choices).items()),
        distributions=[
            (noun, listed)
            for noun, column in (("class", "class_name"), ("video", "video_id"))
            if (listed := shares(candidates.rows.column(column), countable, chosen))
        ],
        looked=found.looked,
        distances=found.distances,
        histograms=_histograms(found),
        maps=_maps(found),
        width=WIDTH,
        height=HEIGHT,
        palette=[*PALETTE[:COLOURS], OTHERS],
        legend=found.legend,
        has_others=COLOURS in (*found.colours, *found.chosen_colours),
        explained=found.explained,
        labelled=_LABELLED,
        cards=shown,
        n_chosen=len(choices),
        timelines=lines,
        more_videos=more_videos,
        files=files,
    )


def _as_yaml(recipe: Recipe) -> str:
    """Return a recipe's fields that are not as by default, as YAML."""
    fields = recipe.model_dump(mode="json", exclude_defaults=True)
    fields["strategies"] = [
        {s.name: options} if (options := s.model_dump(mode="json", exclude_defaults=True)) else s.name
        for s in recipe.strategies
    ]
    ordered = {name: fields[name] for name in type(recipe).model_fields if name in fields}
    written: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=100)
    return written


def _histograms(found: Figures) -> list[tuple[str, str, Any]]:
    if found.distances is None:
        return []
    return [
        ("All pairs", "distance of two sequences", draw_histogram(found.distances.pairs)),
        ("Nearest neighbours", "distance of a sequence to the nearest other", draw_histogram(found.distances.nearest)),
    ]


def _maps(found: Figures) -> list[tuple[str, Map]]:
    def drawn(layout: Layout) -> Map:
        return draw_map(layout.everyone, found.colours, layout.chosen, found.chosen_colours, found.ranks, layout.frames)

    layouts = (("PCA", found.pca), ("UMAP", found.umap))
    return [(name, drawn(layout)) for name, layout in layouts if layout is not None]


def _splits(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> list[tuple[str, int, int]]:
    """Return (split, sequences, videos)."""
    query = (
        f"SELECT split, count(*), count(DISTINCT video_id) FROM selections WHERE {RECIPE} = ? GROUP BY 1 "
        "ORDER BY list_position(['train', 'val', 'test', 'all'], split)"
    )
    return connection.execute(query, [recipe.name]).fetchall()
