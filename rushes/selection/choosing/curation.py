"""The simple strategies, as SQL over the candidates: ``sql/curation``, one file each.

Here: running these files, Arrow in and numpy out. Not here: what is done with the figures (``gains``, ``turns``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from rushes.errors import SettingsError
from rushes.selection.recipes.options import Balance, ClassBalanced, Random, Strategy, Threshold

# Rows that a thread of DuckDB takes at once: of one batch it would not make use of two.
_BATCH = 1 << 17


@dataclass(frozen=True)
class Grouped:
    """What a turn's file says of each candidate, in the order of the rows.

    ``group``: int64 (n,), −1 for a candidate that has no turn; ``names`` and ``weight``, float64 (g,), of each group,
    by name. ``figure``: float64 (n,), by which a group is chosen from where no other figure is asked for, NaN for none;
    None: by chance.
    """

    figure: np.ndarray | None
    group: np.ndarray
    names: tuple[str, ...]
    weight: np.ndarray


def within(rows: pa.Table, thresholds: Sequence[Threshold]) -> np.ndarray:
    """Return bool (n,): which rows keep all thresholds. Raises ``SettingsError`` when a column is no number."""
    kept = np.ones(len(rows), bool)
    with duckdb.connect() as connection:
        for threshold in thresholds:
            bounds = threshold.model_dump(include={"above", "at_least", "below", "at_most"})
            keeps = np.zeros(len(rows), bool)
            keeps[np.asarray(_run(connection, rows, threshold, bounds).column("candidate"))] = True
            kept &= keeps
    return kept


def shuffled(connection: duckdb.DuckDBPyConnection, rows: pa.Table, seed: int) -> np.ndarray:
    """Return float64 (n,) figures above 0 and below 1 that the seed and each sequence's id alone decide."""
    return figure_of(connection, rows, Random(), seed)


def figure_of(connection: duckdb.DuckDBPyConnection, rows: pa.Table, strategy: Strategy, seed: int) -> np.ndarray:
    """Return float64 (n,): a strategy's figure; NaN where there is none that is finite.

    Raises ``SettingsError`` when the column that it names holds no numbers.
    """
    return _placed(_run(connection, rows, strategy, {"seed": str(seed)}), len(rows))


def grouped(connection: duckdb.DuckDBPyConnection, rows: pa.Table, strategy: Strategy, seed: int) -> Grouped:
    """Return the groups of a turn."""
    given: dict[str, Any] = {"seed": str(seed)}
    if isinstance(strategy, ClassBalanced):
        given["temperature"] = strategy.temperature
    if isinstance(strategy, Balance):
        given["rest"] = max(0.0, round(1 - sum(strategy.target.values()), 12))
    found = _run(connection, rows, strategy, given)
    at = np.asarray(found.column("candidate"))
    turns = found.column("turn").combine_chunks()
    turns = turns if pa.types.is_dictionary(turns.type) else turns.dictionary_encode()
    names = sorted(turns.dictionary.to_pylist())
    number = {name: place for place, name in enumerate(names)}
    numbers = np.array([number[name] for name in turns.dictionary.to_pylist()], np.int64)
    group, weight = np.full(len(rows), -1, np.int64), np.zeros(len(names))
    group[at] = numbers[np.asarray(turns.indices)]
    weight[group[at]] = np.asarray(found.column("weight"))
    figure = _placed(found, len(rows)) if "figure" in found.column_names else None
    return Grouped(figure, group, tuple(names), weight)


def _run(connection: duckdb.DuckDBPyConnection, rows: pa.Table, strategy: Strategy, given: dict[str, Any]) -> pa.Table:
    """Run a strategy's file beside the connection, of which nothing is changed."""
    column: str | None = getattr(strategy, "column", None)
    query = _query(strategy.name)
    used = {name: value for name, value in given.items() if f"${name}" in query}
    with connection.cursor() as cursor:
        cursor.execute(_query("uniform"))
        cursor.register("candidates", _numbered(rows, column))
        if isinstance(strategy, Balance):
            shares = {"value": list(strategy.target), "share": list(map(float, strategy.target.values()))}
            cursor.register("shares", pa.table(shares))
        try:
            return cursor.execute(query, used).to_arrow_table()
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise SettingsError(f"{strategy.name}: column {column} holds no numbers: {said}") from None


def _numbered(rows: pa.Table, column: str | None) -> pa.Table:
    """Return the rows with their places and, as ``value``, the column that the strategy names, in batches."""
    table = rows.append_column("candidate", pa.array(np.arange(len(rows))))
    table = table if column is None else table.append_column("value", rows.column(column))
    return pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), table.schema)


def _placed(found: pa.Table, n: int) -> np.ndarray:
    figures = np.full(n, np.nan)
    figures[np.asarray(found.column("candidate"))] = np.asarray(found.column("figure").cast(pa.float64()))
    figures[np.isinf(figures)] = np.nan
    return figures


def _query(name: str) -> str:
    return (resources.files("sql") / "curation" / f"{name}.sql").read_text()
