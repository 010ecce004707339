"""SQL over the tables: a DuckDB connection in which every table and derived view of a store is there by name.

Here: reading the partitions as one relation a table, credentials for remote stores, the views in ``sql/views``. Not
here: the questions people ask (``sql/curation`` and the users' own).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import resources

import duckdb
import pyarrow as pa

from rushes.errors import StoreError
from rushes.store.objects import Objects
from rushes.store.schemas import RECIPE, TABLES, Table

_TYPES = {
    pa.string(): "VARCHAR",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
    pa.binary(): "BLOB",
    pa.large_binary(): "BLOB",
}


# Names in SQL are those of the store, never of Python variables that happen to be there.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def connect(objects: Objects, confined: bool = False) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with a view for each table and each file of ``sql/views``.

    ``confined`` is for SQL that others wrote, as a recipe's: it reaches the store's tables and no other file, address,
    database or extension, and its settings stay as they are.
    """
    connection = duckdb.connect(config=_CONFIG)
    connection.execute("SET preserve_insertion_order = true")
    if not objects.is_local:
        _reach_s3(connection)
    connection.execute("CREATE SCHEMA stored")
    for table in TABLES.values():
        _relation(connection, objects, table)
    for view in view_files():
        connection.execute(view)
    if confined:
        _confine(connection, objects)
    return connection


def one_line(error: Exception) -> str:
    """Return what DuckDB says is wrong with a query, without the lines that show the place.

    Of a table that is not there it tells the store's own names like it, where DuckDB would offer its own too.
    """
    said = " ".join(str(error).partition("\nLINE ")[0].split())
    if missing := re.search(r"Table with name (\S+) does not exist!", said):
        files = (re.search(r"(?:VIEW|MACRO) (\w+)", text) for text in view_files())
        return f"no table or view {missing[1]!r}; {names_like(missing[1], [found[1] for found in files if found])}"
    return said.replace("Candidate bindings:", "Did you mean:")


def names_like(name: str, there: Iterable[str]) -> str:
    """Return in words which of the names that are there are nearest to one that is not."""
    near = get_close_matches(name.lower(), list(there), 3)
    return f"did you mean {' or '.join(near)}?" if near else "rushes sql --tables lists what there is"


def view_files() -> list[str]:
    """Return the statements of ``sql/views``: the tables' own views first, then macros, then what is made from both."""
    files = {f.name: f.read_text() for f in (resources.files("sql") / "views").iterdir() if f.name.endswith(".sql")}

    def place(name: str) -> tuple[bool, bool, str]:
        return name.removesuffix(".sql") not in TABLES, "CREATE OR REPLACE MACRO" not in files[name], name

    return [files[name] for name in sorted(files, key=place)]


def sql_type(type_: pa.DataType) -> str:
    """Return DuckDB's name of an Arrow type that a table uses."""
    if pa.types.is_list(type_):
        return f"{_TYPES[type_.value_type]}[]"
    return _TYPES[type_]


def _relation(connection: duckdb.DuckDBPyConnection, objects: Objects, table: Table) -> None:
    """Create ``stored.<table>``: all its partitions, or an empty relation of the same columns when there is none."""
    folder = _literal(objects.full_uri(f"tables/{table.name}"))
    pattern = f"{folder}/{'/'.join('*' for _ in table.keys)}/data.parquet"
    types = "{" + ", ".join(f"'{key}': VARCHAR" for key in table.keys) + "}"
    source = f"{quoted(pattern)}, hive_partitioning = true, hive_types = {types}"
    typed = [f"NULL::{sql_type(c.type)} AS {c.name}" for c in table.columns]
    none = f"SELECT {', '.join([*typed, *(f'NULL::VARCHAR AS {key}' for key in table.keys)])} WHERE false"
    view = f"CREATE OR REPLACE VIEW stored.{table.name} AS"
    try:
        files = [name for (name,) in connection.execute(f"FROM glob({quoted(pattern)}) ORDER BY ALL").fetchall()]
        lacks = bool(files) and _lacks_columns(connection, table, files)
        if files and not lacks:
            connection.execute(f"{view} SELECT * FROM read_parquet({source})")
    except duckdb.IOException as error:
        raise StoreError(f"cannot read {objects.uri}: {one_line(error)}") from None
    if lacks:
        # Partitions of before the schema grew: until they are built anew, what they lack is null.
        every = f"SELECT * FROM read_parquet({source}, union_by_name = true)"
        connection.execute(f"{view} {none} UNION ALL BY NAME {every}")
    elif not files:
        connection.execute(f"{view} {none}")


def _lacks_columns(connection: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> bool:
    """Tell whether a file lacks a column of the table.

    Batches are many and built in order of their names, so that the first and the last tell; recipes are few, and built
    in any order.
    """
    looked_at = files if table.keys == (RECIPE,) else [files[0], files[-1]]
    names = ", ".join(quoted(_literal(name)) for name in dict.fromkeys(looked_at))
    query = f"SELECT name, count(DISTINCT file_name) FROM parquet_schema([{names}]) GROUP BY name"
    there = dict(connection.execute(query).fetchall())
    return any(there.get(c.name, 0) < len(set(looked_at)) for c in table.columns)


def _confine(connection: duckdb.DuckDBPyConnection, objects: Objects) -> None:
    folder = objects.full_uri("tables")
    connection.execute(f"SET allowed_directories = [{quoted(folder + '/')}, {quoted(_literal(folder) + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _literal(path: str) -> str:
    """Return a path as a pattern that means just it, brackets and stars too."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _reach_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Load httpfs from its own package, and take credentials where every other S3 client finds them."""
    import duckdb_extension_httpfs

    folder = resources.files(duckdb_extension_httpfs) / "extensions" / f"v{duckdb.__version__}"
    connection.execute(f"LOAD '{folder / 'httpfs.duckdb_extension'}'")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    options = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
    }
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        options |= {"ENDPOINT": host, "URL_STYLE": "path", "USE_SSL": "true" if scheme == "https" else "false"}
    given = ", ".join(f"{name} {quoted(value)}" for name, value in options.items() if value)
    connection.execute(f"CREATE SECRET (TYPE s3, {given})")
