"""What Dagster is told of an asset's tables: their columns, what each means, and which others it is made of.

Here: turning the schemas into Dagster's. Not here: the schemas and the lineage (``rushes.store``), what a partition
holds (``materialise``).
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from rushes.store.database import sql_type
from rushes.store.lineage import sources
from rushes.store.schemas import TABLES, Column, Table


def table_metadata(tables: Sequence[str]) -> dict[str, Any]:
    """Return the asset's definition metadata: the columns of each of its tables."""
    schemas = {name: _schema(TABLES[name]) for name in tables}
    first = {"dagster/column_schema": schemas[tables[0]], "dagster/table_name": tables[0]}
    return first | {f"columns of {name}": schema for name, schema in schemas.items() if name != tables[0]}


def column_lineage(asset: str) -> dg.TableColumnLineage:
    """Return what the columns of an asset's own table are made of, as far as it can be said."""
    table = own_table(asset)
    return dg.TableColumnLineage({c.name: deps for c in table.columns if (deps := _deps(table, c))})


def own_table(asset: str) -> Table:
    """Return the first of an asset's tables: the one that stands for it."""
    return next(table for table in TABLES.values() if table.asset == asset)


def _deps(table: Table, column: Column) -> list[dg.TableColumnDep]:
    """Return the columns of other assets that a column is made of; of a further table of theirs, with its name."""
    deps = []
    for source in sources(table.name, column.name):
        of, _, name = source.partition(".")
        asset = TABLES[of].asset
        if asset != table.asset:
            named = name if own_table(asset).name == of else source
            deps.append(dg.TableColumnDep(dg.AssetKey(asset), named))
    return deps


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(columns=[_column(table, column) for column in table.columns])


def _column(table: Table, column: Column) -> dg.TableColumn:
    made_of = ", ".join(sources(table.name, column.name))
    return dg.TableColumn(
        column.name,
        sql_type(column.type),
        f"{column.meaning}. Made of {made_of}" if made_of else column.meaning,
        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.unique == (column.name,)),
    )
