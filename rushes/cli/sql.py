"""``rushes sql``: asking the tables, and seeing what there is to ask.

Here: words and printing. Not here: parameters, errors and files (``answers``), the tables and views
(``rushes.store.database``), what they mean (``rushes.store.described``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rushes.cli.terminal import cell, out, table_of, text_of, this_store
from rushes.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = (
    '`rushes sql "SELECT class_name, count(*) FROM tracks GROUP BY 1"` · `rushes sql --schema tracks` · '
    "`rushes sql --file q.sql --param seconds=3 --output long.csv`; questions and their queries: docs/sql.md"
)
# So many rows of an answer are printed; a column narrower than this is hard to read.
_MOST_ROWS, _NARROW = 10_000, 12


def sql(
    query: Annotated[str | None, typer.Argument(help="a DuckDB query; every table is a view of its name")] = None,
    file: Annotated[Path | None, typer.Option(help="read the query from a file")] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=value, which stands in the query as $name")] = None,
    format: Annotated[str | None, typer.Option("--format", help="table, csv, json (a line each) or parquet")] = None,
    output: Annotated[Path | None, typer.Option(help="write to this file; its suffix tells the format")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="list tables, views and macros, and end")] = False,
    schema: Annotated[str | None, typer.Option(help="list the columns of this table or view, and end")] = None,
) -> None:
    """Ask the tables anything: DuckDB's SQL, over every table, view and macro of the store."""
    from rushes import answers
    from rushes.store.database import connect

    if [query is not None, file is not None, tables, schema is not None].count(True) != 1:
        raise SettingsError("give one of: a query, --file with one in it, --tables, --schema NAME")
    form = answers.format_of(output, format)
    if tables or schema is not None:
        _put(_described(schema), form, output)
        return
    text = query if query is not None else text_of(file)  # type: ignore[arg-type]
    if not text.strip():
        raise SettingsError("the query is empty; for example: SELECT class_name, count(*) FROM tracks GROUP BY 1")
    given = answers.parameters(param or [])
    with connect(this_store()) as connection, answers.answered(connection, text, given) as rows:
        _put(rows, form, output)


def _described(name: str | None) -> pa.RecordBatchReader:
    """Return what there is to ask, or the columns of one of them, as rows."""
    import pyarrow as pa

    from rushes.store.database import connect
    from rushes.store.described import described, one_described

    with connect(this_store()) as connection:
        if name is None:
            lines = [{"name": one.call, "kind": one.kind, "meaning": one.meaning} for one in described(connection)]
        elif (one := one_described(connection, name)).fields:
            lines = [{"column": f.name, "type": f.type, "meaning": f.meaning} for f in one.fields]
        else:
            lines = [{"macro": one.call, "meaning": one.meaning, "example": one.example}]
    return pa.Table.from_pylist(lines).to_reader()


def _put(rows: pa.RecordBatchReader, format: str, output: Path | None) -> None:
    from rushes import answers

    if output is not None:
        out.print(f"{answers.write_file(rows, format, output)} rows in {output}", soft_wrap=True, markup=False)
    elif format == "table":
        _print(rows)
    else:
        sys.stdout.flush()
        answers.write(rows, format, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _print(rows: pa.RecordBatchReader) -> None:
    """Print rows below each other, or each as a table of its own where they are too wide for the terminal."""
    names = rows.schema.names
    cells: list[list[str]] = []
    count = 0
    for batch in rows:
        shown = batch.slice(0, max(_MOST_ROWS - count, 0))
        columns = [[cell(value) for value in column.to_pylist()] for column in shown.columns]
        cells += map(list, zip(*columns, strict=True))
        count += len(batch)
    widest = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    # Beside each column stand a line and two blanks.
    if sum(min(width, _NARROW) + 3 for width in widest) < out.width:
        together = table_of(*map(escape, names))
        for row in cells:
            together.add_row(*row)
        out.print(together)
    else:
        for number, row in enumerate(cells, 1):
            alone = table_of("", "", title=f"row {number}", header=False)
            for name, value in zip(names, row, strict=True):
                alone.add_row(escape(name), value)
            out.print(alone)
    more = f", of which the first {len(cells)} are shown; all of them: --output FILE" if count > len(cells) else ""
    out.print(f"{count} rows{more}", soft_wrap=True)
