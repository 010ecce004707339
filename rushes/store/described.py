"""What can be asked by name: tables, derived views and macros, each with its meaning and its columns'.

Here: putting that together from the schemas, from the comments in ``sql/views``, and from what DuckDB says the columns
are. Not here: how it is shown (``docs/tables.md``, ``rushes sql --tables``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from rushes.errors import SettingsError
from rushes.store.database import names_like, sql_type, view_files
from rushes.store.schemas import TABLES, Table

# A file begins with "-- name: what it is", over several lines, and lines of an example that are set in.
_HEAD = re.compile(
    r"-- (?P<call>(?P<name>\w+)(?:\(.*?\))?): (?P<meaning>.*\n(?:-- ?\S.*\n)*)(?P<example>(?:--  .*\n)*)"
)
_COLUMN = re.compile(r"^\s*(?:.*\b)?(?P<name>\w+),? +-- (?P<meaning>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    """A column as SQL sees it. ``meaning`` is empty where nobody has written one."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Described:
    """A table, a view or a macro. ``call`` is how it is written; a macro that gives a value has no ``fields``."""

    name: str
    kind: str
    call: str
    meaning: str
    example: str
    fields: tuple[Field, ...]


def described(connection: duckdb.DuckDBPyConnection) -> list[Described]:
    """Return everything that can be asked: the tables first, in the order of the lineage."""
    tables = [_of_table(table) for table in TABLES.values()]
    return tables + [_of_file(connection, text) for text in view_files() if _named(text)["name"] not in TABLES]


def one_described(connection: duckdb.DuckDBPyConnection, name: str) -> Described:
    """Return the one of this name. Raises ``SettingsError``, with names like it, when there is none."""
    everything = {one.name: one for one in described(connection)}
    if name.lower() not in everything:
        raise SettingsError(f"no table, view or macro {name!r}; {names_like(name, everything)}")
    return everything[name.lower()]


def _of_table(table: Table) -> Described:
    fields = [Field(c.name, sql_type(c.type), c.meaning) for c in table.columns]
    fields += [Field(key, "VARCHAR", "partition key") for key in table.keys]
    meaning = f"one row is {table.row}; written by {table.asset}"
    return Described(table.name, "table", table.name, meaning, "", tuple(fields))


def _of_file(connection: duckdb.DuckDBPyConnection, text: str) -> Described:
    head = _named(text)
    name, call = head["name"], head["call"]
    meaning = " ".join(line.removeprefix("--").strip() for line in head["meaning"].splitlines())
    example = " ".join(line.removeprefix("--").strip() for line in head["example"].splitlines())
    kind = "macro" if call != name else "view"
    if kind == "macro" and "AS TABLE" not in text:
        return Described(name, kind, call, meaning, example, ())
    asked = f"{name}()" if kind == "macro" else name
    meanings = _inherited(text) | {found["name"]: found["meaning"] for found in _COLUMN.finditer(text)}
    columns = connection.execute(f"DESCRIBE SELECT * FROM {asked}").fetchall()
    fields = tuple(Field(column, type_, meanings.get(column, "")) for column, type_, *_ in columns)
    return Described(name, kind, call, meaning, example, fields)


def _named(text: str) -> re.Match[str]:
    found = _HEAD.match(text)
    if found is None:
        raise ValueError(f"a file of sql/views begins with '-- name: what it is', not with {text[:40]!r}")
    return found


def _inherited(text: str) -> dict[str, str]:
    """Return what columns mean in the tables that a view reads; the one it names first comes first."""
    body = re.sub(r"--.*", "", text)
    named = [word for word in re.findall(r"\b(?:FROM|JOIN) (\w+)", body) if word in TABLES]
    meanings = {key: "partition key" for word in named for key in TABLES[word].keys}
    for word in reversed(named):
        meanings |= {c.name: c.meaning for c in TABLES[word].columns}
    return meanings
