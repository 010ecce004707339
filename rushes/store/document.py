"""What is made from the schemas for people: ``docs/tables.md`` and the tables' files in ``sql/views``.

Run as ``python -m rushes.store.document`` from the repository's root (``make docs``); a test holds both up to date.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rushes.store.database import connect, sql_type
from rushes.store.described import Described, described
from rushes.store.lineage import sources
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES, Column, Table

_HEAD = """# The tables

Every table is Hive-partitioned Parquet under `tables/<table>/` of the store, one object a partition, and a view of the
same name in `rushes sql`. *Made of* names the columns that a column is computed from; one that names none comes from
pixels, the source or the settings. This page is made from `rushes/store/schemas.py` and `lineage.py` by `make docs`.

| table | one row is | written by | partitioned by |
|---|---|---|---|
"""

_VIEWS = """
## Views and macros

What is made from the tables, by the files of `sql/views`. `docs/sql.md` asks them questions.
"""


def tables_page() -> str:
    """Return the text of ``docs/tables.md``."""
    index = "".join(
        f"| [{t.name}](#{t.name}) | {t.row} | `{t.asset}` | {', '.join(f'`{k}`' for k in t.keys)} |\n"
        for t in TABLES.values()
    )
    with TemporaryDirectory() as nothing, connect(Objects(nothing)) as connection:
        views = [one for one in described(connection) if one.kind != "table"]
    sections = [_section(table) for table in TABLES.values()]
    return _HEAD + index + "".join(sections) + _VIEWS + "".join(_view_section(view) for view in views)


def view_statement(table: Table) -> str:
    """Return the text of the table's file in ``sql/views``."""
    columns = "".join(f"    {c.name},  -- {c.meaning}\n" for c in table.columns)
    keys = ",\n".join(f"    {key}" for key in table.keys)
    return (
        f"-- {table.name}: one row is {table.row}. Written by {table.asset}.\n"
        f"-- Made from rushes/store/schemas.py by 'make docs'.\n"
        f"CREATE OR REPLACE VIEW {table.name} AS\nSELECT\n{columns}{keys}\nFROM stored.{table.name};\n"
    )


def _section(table: Table) -> str:
    rows = "".join(
        f"| `{c.name}` | {sql_type(c.type)} | {c.meaning}{_rules(c)} | {_made_of(table, c)} |\n" for c in table.columns
    )
    keys = "".join(f"| `{key}` | VARCHAR | partition key | |\n" for key in table.keys)
    unique, order = ", ".join(f"`{u}`" for u in table.unique), ", ".join(f"`{o}`" for o in table.order)
    return (
        f"\n## {table.name}\n\nOne row is {table.row}. Unique by {unique}; sorted by {order}.\n\n"
        f"| column | type | meaning | made of |\n|---|---|---|---|\n{rows}{keys}"
    )


def _made_of(table: Table, column: Column) -> str:
    return ", ".join(f"`{source}`" for source in sources(table.name, column.name))


def _view_section(view: Described) -> str:
    rows = "".join(f"| `{f.name}` | {f.type} | {f.meaning} |\n" for f in view.fields)
    columns = f"\n| column | type | meaning |\n|---|---|---|\n{rows}" if rows else ""
    example = f"\n```sql\n{view.example}\n```\n" if view.example else ""
    return f"\n### {view.name}\n\n`{view.call}`: {view.meaning}\n{example}{columns}"


def _rules(column: Column) -> str:
    rules = []
    if column.choices:
        rules.append("one of " + ", ".join(f"`{c}`" for c in column.choices))
    if column.low is not None:
        rules.append(f"≥ {column.low:g}")
    if column.high is not None:
        rules.append(f"≤ {column.high:g}")
    if column.nullable:
        rules.append("may be null")
    return f" ({'; '.join(rules)})" if rules else ""


def main() -> None:
    """Write all files."""
    Path("docs/tables.md").write_text(tables_page())
    for table in TABLES.values():
        Path(f"sql/views/{table.name}.sql").write_text(view_statement(table))


if __name__ == "__main__":
    main()
