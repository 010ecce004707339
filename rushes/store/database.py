"""SQL over the tables: a DuckDB connection in which every table and derived view of a store is there by name.

Here: reading the partitions as one relation a table, credentials for remote stores, the views in ``sql/views``. Not
here: the questions people ask (``sql/curation`` and the users' own).
"""

from __future__ import annotations

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


# What fails and may pass is asked for again as the store's own reader does: after 0.25, 0.5, 1, 2, 4 s.
_PATIENCE = {"http_retries": 5, "http_retry_wait_ms": 250, "http_retry_backoff": 2, "http_timeout": 30}


def connect(objects: Objects, confined: bool = False) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with a view for each table and each file of ``sql/views``.

    ``confined`` is for SQL that others wrote, as a recipe's: it reaches the store's tables and no other file, address,
    database or extension, and its settings stay as they are.
    """
    connection = duckdb.connect(config=_CONFIG)
    connection.execute("SET preserve_insertion_order = true")
    if objects.uri.startswith(("s3://", "s3a://")):
        _reach_s3(connection)
    elif not objects.is_local:
        connection.register_filesystem(objects.fs)
    connection.execute("CREATE SCHEMA stored")
    # What is made from the tables first, over empty ones: each would list all that it is made from again.
    for table in TABLES.values():
        connection.execute(f"CREATE VIEW stored.{table.name} AS {_none(table)}")
    for view in view_files():
        connection.execute(view)
    try:
        for name, files in _partitions(connection, objects).items():
            _relation(connection, objects, TABLES[name], files)
    except duckdb.IOException as error:
        raise StoreError(f"cannot read {objects.uri}: {one_line(error)}") from None
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


def _partitions(connection: duckdb.DuckDBPyConnection, objects: Objects) -> dict[str, list[str]]:
    """Return the files of each table that has any, by one listing, and one of each table of several keys."""
    folder = objects.full_uri("tables")
    patterns = {
        _pattern(folder, "*", 1),
        *(_pattern(folder, t.name, len(t.keys)) for t in TABLES.values() if t.keys[1:]),
    }
    query = " UNION ALL ".join(f"FROM glob({quoted(pattern)})" for pattern in sorted(patterns))
    found: dict[str, list[str]] = {}
    for (file,) in connection.execute(f"FROM ({query}) ORDER BY ALL").fetchall():
        name = file.rpartition("/tables/")[2].partition("/")[0]
        if name in TABLES:
            found.setdefault(name, []).append(file)
    return found


def _pattern(folder: str, table: str, keys: int) -> str:
    """Return the pattern of the files of a table, or of all that have as many keys."""
    return "/".join([_literal(folder), table, *["*"] * keys, "data.parquet"])


def _relation(connection: duckdb.DuckDBPyConnection, objects: Objects, table: Table, files: list[str]) -> None:
    """Let ``stored.<table>`` be all its partitions, those that come later too."""
    pattern = _pattern(objects.full_uri("tables"), table.name, len(table.keys))
    types = "{" + ", ".join(f"'{key}': VARCHAR" for key in table.keys) + "}"
    rows = f"read_parquet({quoted(pattern)}, hive_partitioning = true, hive_types = {types}"
    query = f"SELECT * FROM {rows})"
    if _lacks_columns(connection, table, files):
        # Partitions of before the schema grew: until they are built anew, what they lack is null.
        query = f"{_none(table)} UNION ALL BY NAME SELECT * FROM {rows}, union_by_name = true)"
    connection.execute(f"CREATE OR REPLACE VIEW stored.{table.name} AS {query}")


def _none(table: Table) -> str:
    """Return the query of no rows of a table's columns."""
    typed = [f"NULL::{sql_type(c.type)} AS {c.name}" for c in table.columns]
    return f"SELECT {', '.join([*typed, *(f'NULL::VARCHAR AS {key}' for key in table.keys)])} WHERE false"


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
    connection.execute(f"CREATE SECRET (TYPE s3, {', '.join(f'{name} {quoted(value)}' for name, value in _secret())})")
    for name, value in _PATIENCE.items():
        connection.execute(f"SET {name} = {value}")


def _secret() -> list[tuple[str, str]]:
    """Return what DuckDB is to know of S3: what botocore finds of endpoint, region, credentials in the environment.

    Those that are lent for a time hold as long as the connection may be used; the next one has new ones.
    """
    from rushes.ranges import aws

    where = aws.whereabouts()
    options = {
        "KEY_ID": where.key,
        "SECRET": where.secret,
        "SESSION_TOKEN": where.token,
        "REGION": where.region,
        "ENDPOINT": where.host,
        "URL_STYLE": "path" if where.by_path else "vhost",
        "USE_SSL": "true" if where.encrypted else "false",
    }
    return [(name, value) for name, value in options.items() if value]
