"""What earlier selections chose, as candidates that stay.

Here: rows of ``selections`` made into rows of ``CANDIDATE``, and put among those of a recipe. Not here: how they count
(``choose``), in which order recipes are carried out (``pools``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.selection.candidates.items import CLIPS, TRACKS, View, named
from rushes.selection.candidates.sequences import Pieces, by_id, rows, with_frames
from rushes.selection.choice import FRAMES
from rushes.selection.recipes.recipe import Recipe
from rushes.store.rejects import Reason, Reject

Row = Mapping[str, Any]


def earlier(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, chosen: Sequence[Row]
) -> tuple[list[pa.Table], list[Reject]]:
    """Return these rows of ``selections`` as pooled candidates, and those whose clip or track is gone.

    Of two with one id the first counts. They need not be what the recipe would consider: its ``where`` is not asked.
    """
    once = {row["sequence_id"]: row for row in reversed(chosen)}
    tables: list[pa.Table] = []
    rejects: list[Reject] = []
    for view in (TRACKS, CLIPS):
        own = [row for row in once.values() if (row["track_id"] is not None) == (view is TRACKS)]
        if own:
            table, gone = _of_kind(connection, recipe, view, own)
            tables.append(table)
            rejects += gone
    return tables, rejects


def merged(candidates: pa.Table, pooled: Sequence[pa.Table]) -> pa.Table:
    """Put pooled rows among candidates, by id; a candidate that is one of them gives way to it."""
    sparse = FRAMES.name in candidates.column_names or any(_has_gaps(table) for table in pooled)
    candidates = with_frames(candidates) if sparse else candidates
    ids = pa.concat_arrays([table.column("sequence_id").combine_chunks() for table in pooled])
    fresh = candidates.filter(pc.invert(pc.is_in(candidates.column("sequence_id"), value_set=ids)))
    tables = [fresh, *(table.select(candidates.column_names).cast(candidates.schema) for table in pooled)]
    return by_id(pa.concat_tables(tables).unify_dictionaries().combine_chunks())


def _of_kind(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, view: View, chosen: Sequence[Row]
) -> tuple[pa.Table, list[Reject]]:
    ids = pa.array([row[view.key] for row in chosen], pa.string())
    items = named(connection, recipe, view, ids)
    of = pc.index_in(ids, value_set=items.column("item").combine_chunks())
    rejects = [
        Reject("sequence", row["sequence_id"], "select", Reason.GONE, f"its {view.key[:-3]} is no longer in the store")
        for row, there in zip(chosen, of.is_valid().to_pylist(), strict=True)
        if not there
    ]
    chosen = [row for row, there in zip(chosen, of.is_valid().to_pylist(), strict=True) if there]
    padded = np.array([row.get("n_padded") or 0 for row in chosen], np.int64)
    size = np.array([len(row["frames"]) for row in chosen], np.int64) - padded
    first, last = (np.array([row["frames"][end] for row in chosen], np.int64) for end in (0, -1))
    found = Pieces(of.drop_null().to_numpy().astype(np.int64), np.zeros_like(size), size, padded)
    table = rows(connection, items, found, first, last)
    table = table.set_column(table.column_names.index("pooled"), "pooled", pa.repeat(pa.scalar(True), len(table)))
    return table.append_column(FRAMES, pa.array([list(row["frames"]) for row in chosen], FRAMES.type)), rejects


def _has_gaps(table: pa.Table) -> bool:
    names = ("first_frame", "last_frame", "n_frames", "n_padded")
    first, last, count, padded = (table.column(name).to_numpy() for name in names)
    return bool((last - first + 1 != count - padded).any())
