"""Writing all of a report: the page, its picture, and Lightly's files, under ``reports/<recipe>/``.

Everything is made of the selection and of the tables, so that the same selection gives the same bytes. Here: the order
of things. Not here: any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.selection.recipes.recipe import Recipe
from rushes.selection.report.bounding_boxes import BOXES
from rushes.selection.report.embeddings import EMBEDDINGS, write_embeddings
from rushes.selection.report.figures import figures
from rushes.selection.report.frame_names import FrameNames, frame_names
from rushes.selection.report.lists import MOST, SEQUENCES, frames_by_video, write_lists, write_sequences
from rushes.selection.report.overview import TILES, draw_overview
from rushes.selection.report.page import cards, render
from rushes.selection.report.rejected import rejected_sequences, rows_of
from rushes.selection.report.saved_frames import save_frames
from rushes.store.database import connect
from rushes.store.forgotten import Forgotten, take_back
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

if TYPE_CHECKING:
    from rushes.selection.select import Selection


def write_report(objects: Objects, recipe: Recipe, selection: Selection) -> str:
    """Write ``reports/<recipe>/index.html`` and what lies beside it; return the page's name."""
    folder = f"reports/{recipe.name}"
    with connect(objects) as connection:
        rejected = rejected_sequences(connection, recipe)
        rows = selection.candidates.rows
        chosen = np.zeros(len(rows), bool)
        chosen[[choice.at for choice in selection.choices]] = True
        out = pc.is_in(rows.column("sequence_id"), pa.array(sorted(chain(*rejected.values())), pa.string()))
        left = ~selection.candidates.pooled & ~chosen & ~np.asarray(out)
        lists = {
            "sampled": (rows.filter(chosen), rows[:0]),
            "removed": (rows.filter(left), rows.filter(chosen)),
            **{name: (rows_of(connection, recipe, ids), rows[:0]) for name, ids in _dropped(rejected)},
        }
        names = frame_names(connection, chain(*(_videos(wanted) for wanted, _ in lists.values())))
        files = list(_write_files(objects, connection, recipe, selection, lists, names))
        _write_page(objects, connection, recipe, selection, left, files)
    forgotten = Forgotten.of(objects)
    if any(forgotten.id(video) for video in _videos(rows)):  # while this was written, perhaps unseen
        take_back(objects, objects.list(folder), f"recipe {recipe.name}")
    return page_name(recipe.name)


def page_name(recipe: str) -> str:
    """Return the name of a report's page."""
    return f"reports/{recipe}/index.html"


def overview_name(recipe: str) -> str:
    """Return the name of a report's picture."""
    return f"reports/{recipe}/overview.jpg"


def _dropped(rejected: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    yield "corrupt", rejected.get(Reason.CORRUPT, [])
    yield "duplicate", rejected.get(Reason.DUPLICATE, []) + rejected.get(Reason.NEAR_DUPLICATE, [])


def _videos(rows: pa.Table) -> list[str]:
    videos: list[str] = pc.unique(rows.column("video_id").cast(pa.string())).to_pylist()
    return videos


def _write_files(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    selection: Selection,
    lists: Mapping[str, tuple[pa.Table, pa.Table]],
    names: FrameNames,
) -> Iterator[tuple[str, str]]:
    """Write Lightly's files; yield what each is, for the page."""
    folder = f"reports/{recipe.name}"
    write_sequences(objects, connection, recipe.name, names, folder)
    yield SEQUENCES, "the frames of each chosen sequence, by rank"
    counts = write_lists(objects, names, folder, lists)
    for name, what in _LISTS.items():
        many = counts[name] > MOST
        yield f"filenames/{name}.txt", f"{counts[name]:,} {what}" + (": too many, not written" if many else "")
    count = write_embeddings(objects, connection, recipe, selection.candidates, selection.choices, names, folder)
    if count:
        yield EMBEDDINGS, f"vectors of {count:,} chosen"
    if saved := save_frames(objects, connection, recipe, frames_by_video(lists["sampled"][0]), names, folder):
        yield "frames/", f"{saved:,} pictures"
        yield BOXES, "the tracks' boxes in them"


_LISTS = {
    "sampled": "frames of chosen sequences",
    "removed": "frames of candidates that were not chosen, and in no chosen sequence",
    "corrupt": "frames of sequences that cannot be decoded",
    "duplicate": "frames of sequences that repeat another, exactly or nearly",
}


def _write_page(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    selection: Selection,
    left: np.ndarray,
    files: list[tuple[str, str]],
) -> None:
    candidates, choices = selection.candidates, selection.choices
    found = figures(connection, recipe, candidates, choices)
    shown = cards(objects, connection, recipe, selection, found, left)
    page = render(connection, recipe, selection, found, shown, files)
    title = f"{recipe.name}: {len(choices):,} chosen of {len(candidates):,} candidates"
    tiles = [card.pictures[len(card.pictures) // 2] for card in shown[:TILES]]
    objects.write(overview_name(recipe.name), draw_overview(title, selection.funnel, found, tiles))
    objects.write(page_name(recipe.name), page.encode())
