"""The clips or tracks that a recipe cuts into sequences: what its collections, its ``where`` and its split let through.

Here: the SQL over ``sql/views/*_candidates.sql``, which gives no column that is not asked for, and how many were left
at each step. Not here: what a condition may say (``condition``), sequences (``sequences``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.errors import SettingsError
from rushes.selection.candidates import condition
from rushes.selection.choice import CANDIDATE
from rushes.selection.recipes.options import Balance, Threshold, Weights
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import quoted

_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))")


@dataclass(frozen=True)
class View:
    """Clips or tracks in SQL: their table, their view, and what stands for the columns of ``CANDIDATE`` in it."""

    name: str
    table: str
    key: str
    noun: str
    class_name: str
    weighted_score: str


TRACKS = View("track_candidates", "tracks", "track_id", "tracks", "class_name", "weighted_score")
CLIPS = View("clip_candidates", "filtered_clips", "clip_id", "clips", "NULL::VARCHAR", "NULL::DOUBLE")


@dataclass(frozen=True)
class Items:
    """Clips or tracks by id, and how many were left at each step.

    ``rows``: item (its id), video_id, clip_id, track_id, class_name, weighted_score, motion, start and stop
    (frames, exclusive), and the columns that the recipe's strategies name. video_id, clip_id, track_id and class_name
    are dictionaries.
    """

    rows: pa.Table
    funnel: list[tuple[str, int]]


def view_of(recipe: Recipe) -> View:
    """Return what a recipe's sequences run along."""
    return TRACKS if recipe.of_tracks else CLIPS


def items(connection: duckdb.DuckDBPyConnection, recipe: Recipe, batches: Sequence[str]) -> Items:
    """Return what a recipe may cut into sequences. Raises ``SettingsError`` when ``where`` or a column is none.

    Tracks that are not kept are left out, unless ``where`` speaks of ``track_kept`` and so decides for itself.
    """
    view = view_of(recipe)
    columns = _columns(connection, view)
    inside = f"batch IN ({', '.join(quoted(batch) for batch in batches)})" if batches else "false"
    decides = recipe.where is not None and re.search(r"\btrack_kept\b", recipe.where, re.IGNORECASE) is not None
    kept = "kept AND track_kept" if view is TRACKS and not decides else "kept"
    label = f"kept {view.noun}" if view is CLIPS else f"{'' if decides else 'kept '}tracks of kept clips"
    funnel = [(f"{view.noun} in the store", _count(connection, f"{view.table} WHERE {inside}"))]
    wanted = f"{inside} AND {kept}"
    if recipe.where:
        funnel.append((label, _count(connection, f"{view.name} WHERE {wanted}")))
        try:
            condition.check(connection, recipe.where, list(columns))
        except SettingsError as error:
            raise SettingsError(f"recipe {recipe.name}: {error}") from None
        wanted += f" AND CASE WHEN {kept} THEN (\n{recipe.where}\n) ELSE false END"
    try:
        rows = _rows(connection, view, _extras(recipe, columns), f"WHERE {wanted}")
    except duckdb.Error as error:
        raise SettingsError(f"recipe {recipe.name}: {condition.explained(error, list(columns))}") from None
    funnel.append(("after where" if recipe.where else label, len(rows)))
    if recipe.split is not None and recipe.split.exclude:
        rows = _not_excluded(recipe, rows)
        funnel.append(("of videos not excluded", len(rows)))
    return Items(rows, funnel)


def named(connection: duckdb.DuckDBPyConnection, recipe: Recipe, view: View, ids: pa.Array) -> pa.Table:
    """Return the clips or tracks of these ids that are in the store, as ``Items.rows``, whatever the recipe's where.

    Columns of its strategies that this view has not are null.
    """
    mine, its = _columns(connection, view), _columns(connection, view_of(recipe))
    extras = _extras(recipe, its)
    there = {name: text if name in mine else "NULL" for name, text in extras.items()}
    connection.register("named_items", pa.table({view.key: ids.unique()}))
    try:
        batches = connection.execute(
            f"SELECT DISTINCT batch FROM {view.table} SEMI JOIN named_items USING ({view.key}) ORDER BY batch"
        ).fetchall()
        inside = f"batch IN ({', '.join(quoted(batch) for (batch,) in batches)})" if batches else "false"
        return _rows(connection, view, there, f"SEMI JOIN named_items USING ({view.key}) WHERE {inside}")
    finally:
        connection.unregister("named_items")


def _count(connection: duckdb.DuckDBPyConnection, of: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {of}").fetchall()[0][0])


def _rows(connection: duckdb.DuckDBPyConnection, view: View, extras: dict[str, str], which: str) -> pa.Table:
    more = "".join(f", {text} AS {name}" for name, text in extras.items())
    query = f"""
        SELECT
            {view.key} AS item, video_id, clip_id, {view.class_name} AS class_name,
            {view.weighted_score} AS weighted_score, motion::DOUBLE AS motion,
            start_frame AS start, end_frame AS stop{more}
        FROM {view.name} {which}
        ORDER BY {view.key}"""
    rows = connection.execute(query).to_arrow_table().combine_chunks()
    for name in ("video_id", "clip_id", "class_name"):
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, rows.column(name).cast(pa.string()).dictionary_encode())
    track = pa.nulls(len(rows), pa.dictionary(pa.int32(), pa.string()))
    if view is TRACKS:
        own = pa.array(np.arange(len(rows), dtype=np.int32))
        track = pa.DictionaryArray.from_arrays(own, rows.column("item").combine_chunks())
    return rows.append_column("track_id", track)


def _columns(connection: duckdb.DuckDBPyConnection, view: View) -> dict[str, str]:
    """Return the view's columns and their types in SQL."""
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {view.name}").fetchall()}


def _extras(recipe: Recipe, columns: dict[str, str]) -> dict[str, str]:
    """Return what to select for each column that strategies name and no candidate has by itself."""
    numeric = {s.column for s in recipe.strategies if isinstance(s, Weights | Threshold)}
    named = {*numeric, *(s.column for s in recipe.strategies if isinstance(s, Balance))}
    own = {name: str(CANDIDATE.field(name).type) for name in CANDIDATE.names if name != "pooled"}
    for name in sorted(named):
        if name not in columns and name not in own:
            there = [*(c for c in columns if c not in own), *own]
            raise SettingsError(f"recipe {recipe.name}: {condition.no_column(name, there)}")
        number = own[name] in ("int32", "double") if name in own else _NUMBER.fullmatch(columns[name])
        if name in numeric and not number:
            raise SettingsError(
                f"recipe {recipe.name}: column {name} holds no numbers; weights and threshold need them"
            )
    return {name: f'"{name}"{"" if name in numeric else "::VARCHAR"}' for name in recipe.columns if name not in own}


def _not_excluded(recipe: Recipe, rows: pa.Table) -> pa.Table:
    videos = pc.unique(rows.column("video_id"))
    assert recipe.split is not None
    out = [recipe.split.excludes(video) for video in videos.to_pylist()]
    if not any(out):
        return rows
    gone = videos.filter(pa.array(out)).cast(pa.string())
    return rows.filter(pc.invert(pc.is_in(rows.column("video_id").cast(pa.string()), value_set=gone)))
