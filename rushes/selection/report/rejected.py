"""Sequences that a recipe dropped on its way, as rows again: a reject keeps but their ids.

Here: finding them by reason, and cutting their clips or tracks anew. Not here: why they were dropped (``duplicates``,
``near``, ``unreadable``).
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from rushes.selection.candidates.items import named, view_of
from rushes.selection.candidates.sequences import cut
from rushes.selection.recipes.recipe import Recipe

_REJECTED = (
    "SELECT item_id, reason FROM rejects WHERE asset = 'selected_sequences' AND partition = ? "
    "AND item_kind = 'sequence' ORDER BY ALL"
)


def rejected_sequences(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> dict[str, list[str]]:
    """Return the ids of the sequences that the recipe's selection rejected, by reason."""
    found: dict[str, list[str]] = {}
    for sequence, reason in connection.execute(_REJECTED, [recipe.name]).fetchall():
        found.setdefault(reason, []).append(sequence)
    return found


def rows_of(connection: duckdb.DuckDBPyConnection, recipe: Recipe, sequences: list[str]) -> pa.Table:
    """Return the rows of sequences by their ids, in candidates' columns; those gone from the store are left out."""
    ids = sorted({sequence.rpartition(".s")[0] for sequence in sequences})
    items = named(connection, recipe, view_of(recipe), pa.array(ids, pa.string()))
    made, _ = cut(connection, recipe, items)
    return made.filter(pc.is_in(made.column("sequence_id"), pa.array(sequences, pa.string())))
