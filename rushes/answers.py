"""Answers to SQL: asked with parameters, and written a piece at a time as CSV, JSON lines or Parquet.

Here: what ``rushes sql`` does. Not here: tables and views (``rushes.store.database``), what is printed in a terminal
(``rushes.cli.sql``).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from rushes.errors import SettingsError, StoreError
from rushes.store.database import one_line

FORMATS = ("table", "csv", "json", "parquet")
_SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet"}
_ROWS_AT_ONCE = 10_000
_PARAMETER = re.compile(r"\$?([A-Za-z_]\w*)=(.*)", re.DOTALL)


def parameters(words: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``name=value``: JSON where a value is JSON (a number, true, null, a list), else text."""
    given: dict[str, Any] = {}
    for word in words:
        found = _PARAMETER.fullmatch(word)
        if found is None:
            raise SettingsError(f"parameter {word!r} is not name=value, as in --param seconds=3")
        try:
            given[found[1]] = json.loads(found[2])
        except ValueError:
            given[found[1]] = found[2]
    return given


@contextmanager
def answered(
    connection: duckdb.DuckDBPyConnection, query: str, given: Mapping[str, Any]
) -> Iterator[pa.RecordBatchReader]:
    """Give the rows of a query's last statement, in pieces. Raises ``SettingsError``, in one line, what is wrong."""
    try:
        yield connection.execute(query, dict(given) or None).to_arrow_reader(_ROWS_AT_ONCE)
    except (duckdb.Error, pa.ArrowException) as error:
        raise SettingsError(_explained(error)) from None
    except OSError as error:  # how Arrow passes on what DuckDB meets after the first piece
        if "Error: " not in str(error):
            raise
        raise SettingsError(_explained(error)) from None


def format_of(output: Path | None, named: str | None) -> str:
    """Return the format that is asked for by name, else by the file's suffix."""
    if named is not None and named not in FORMATS:
        raise SettingsError(f"unknown format {named!r}; there are: {', '.join(FORMATS)}")
    if output is None:
        return named or "table"
    if named == "table":
        raise SettingsError("a file is csv, json or parquet; a table is for the eye")
    if named is None and output.suffix.lower() not in _SUFFIXES:
        raise SettingsError(f"{output}: say --format csv, json or parquet, or name it .csv, .json or .parquet")
    return named or _SUFFIXES[output.suffix.lower()]


def write(rows: pa.RecordBatchReader, format: str, sink: IO[bytes]) -> int:
    """Write the rows as they come; return how many there were. Lists are JSON in CSV, and blobs are hexadecimal."""
    if format == "parquet":
        return _write_parquet(rows, sink)
    text = io.TextIOWrapper(sink, "utf-8", newline="", write_through=True)
    try:
        return _write_csv(rows, text) if format == "csv" else _write_json(rows, text)
    finally:
        text.detach()  # the sink stays open


def write_file(rows: pa.RecordBatchReader, format: str, path: Path) -> int:
    """Write the rows to a file, which is there whole or not at all; return how many there were."""
    if not path.absolute().parent.is_dir():
        raise StoreError(f"{path}: no such folder")
    if path.is_dir():
        raise StoreError(f"{path}: is a folder")
    handle = tempfile.NamedTemporaryFile(dir=path.absolute().parent, prefix=".answer-", delete=False)  # noqa: SIM115
    try:
        with handle:
            count = write(rows, format, handle)
        os.chmod(handle.name, 0o666 & ~_umask())
        os.replace(handle.name, path)
    except BaseException:
        os.unlink(handle.name)
        raise
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _explained(error: Exception) -> str:
    said = one_line(error)
    lacking = re.search(r"Values were not provided for the following prepared statement parameters: (.*)", said)
    if lacking:
        return f"the query has parameters without a value: {lacking[1]}; give each with --param name=value"
    surplus = re.search(r"identifiers of the excess parameters: (.*)", said)
    return f"the query has no ${surplus[1].replace(', ', ', $')}" if surplus else said


def _write_parquet(rows: pa.RecordBatchReader, sink: IO[bytes]) -> int:
    count = 0
    with parquet.ParquetWriter(sink, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
            count += len(batch)
    return count


def _write_csv(rows: pa.RecordBatchReader, text: IO[str]) -> int:
    writer, count = csv.writer(text, lineterminator="\n"), 0
    writer.writerow(rows.schema.names)
    for batch in rows:
        writer.writerows(zip(*([_in_csv(v) for v in column.to_pylist()] for column in batch.columns), strict=True))
        count += len(batch)
    return count


def _write_json(rows: pa.RecordBatchReader, text: IO[str]) -> int:
    count = 0
    for batch in rows:
        for row in batch.to_pylist():
            text.write(json.dumps(row, default=_as_text, ensure_ascii=False) + "\n")
        count += len(batch)
    return count


def _in_csv(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=_as_text, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return _as_text(value) if isinstance(value, (bytes, date, time)) else value


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (datetime, date, time)) else str(value)
