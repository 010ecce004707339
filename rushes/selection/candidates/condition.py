"""The condition that a recipe's ``where`` is: one SQL expression, and one that always gives the same answer.

Here: what may stand there, in a recipe's queries too, and errors that say what is wrong in one line. Not here: the
query around it (``items``).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from rushes.errors import SettingsError
from rushes.store.database import one_line

# Text and names in quotes, in which nothing is a comment, and what begins one.
_QUOTED_OR_COMMENT = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|(?P<comment>--|/\*)""", re.DOTALL
)
_UNKNOWN_COLUMN = re.compile(r'column "([^"]+)" not found|does not have a column named "([^"]+)"')
_OF_THE_MOMENT = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")


def check(connection: duckdb.DuckDBPyConnection, where: str, columns: Sequence[str]) -> None:
    """Raise ``SettingsError`` unless the text is one expression by itself, of the stored values alone.

    It is to stand in brackets in a query of ours; text that closes them, begins a comment or goes on with another
    clause or statement would mean something else there. ``columns``: those of the view that it speaks of.
    """
    if any(found["comment"] for found in _QUOTED_OR_COMMENT.finditer(where)):
        raise SettingsError("where: a comment (-- or /*) cannot stand in it; the recipe's description can say it")
    lone, in_brackets = (
        _parsed(connection, text) for text in (f"SELECT 1 WHERE {where}", f"SELECT 1 WHERE ({where}\n)")
    )
    for tree in (lone, in_brackets):
        if tree["error"]:
            said = "one condition, and nothing else" if tree["error_type"] != "parser" else tree["error_message"]
            raise SettingsError(f"where: {' '.join(said.split())}")
    _check_lasting(connection, "where", lone, columns)


def check_query(connection: duckdb.DuckDBPyConnection, field: str, query: str) -> None:
    """Raise ``SettingsError`` for a query whose answer depends on chance or the moment; what is no query passes."""
    _check_lasting(connection, field, _parsed(connection, query), ())


def _check_lasting(connection: duckdb.DuckDBPyConnection, field: str, tree: Any, columns: Sequence[str]) -> None:
    changing = _changing(connection)
    for kind, name in _named(tree):
        of_the_moment = kind == "column" and name in _OF_THE_MOMENT and name not in columns
        if kind == "sample" or of_the_moment or (kind == "function" and name in changing):
            raise SettingsError(f"{field}: {name} gives another answer each time; write the value itself")


def explained(error: duckdb.Error, columns: Sequence[str]) -> str:
    """Return in one line why a condition does not run; of an unknown column, with those there are, nearest first."""
    unknown = _UNKNOWN_COLUMN.search(str(error))
    if unknown is None:
        return f"where: {one_line(error)}"
    return f"where: {no_column(unknown[1] or unknown[2], columns)}"


def no_column(name: str, columns: Sequence[str]) -> str:
    """Say that there is no such column, and which there are, the nearest first."""
    bare = name.rpartition(".")[2].lower()
    near = difflib.get_close_matches(bare, columns, 3, 0.6)
    rest = sorted(set(columns).difference(near))
    return f"there is no column {name!r}; there are: {', '.join([*near, *rest])}"


def _parsed(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    (tree,) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0]
    return dict(json.loads(tree))


def _named(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield what a tree of syntax speaks of, in lower case: ("function", name), ("column", name) and samples."""
    if isinstance(tree, dict):
        if "function_name" in tree:
            yield "function", tree["function_name"].lower()
        if tree.get("class") == "COLUMN_REF":
            yield "column", tree["column_names"][-1].lower()
        if tree.get("sample"):
            yield "sample", "a sample"
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _named(branch)


def _changing(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the functions that do not always give the same answer for the same values."""
    query = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    return {name for (name,) in connection.execute(query).fetchall()}
