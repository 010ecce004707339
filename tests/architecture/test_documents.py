"""What is made from the schemas for people is up to date: make docs."""

from pathlib import Path

import pytest

from rushes.store.document import tables_page, view_statement
from rushes.store.schemas import TABLES, Table

ROOT = Path(__file__).parents[2]


def test_the_page_of_tables_is_made_from_the_schemas() -> None:
    assert (ROOT / "docs" / "tables.md").read_text() == tables_page()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_each_tables_view_is_made_from_its_schema(table: Table) -> None:
    assert (ROOT / "sql" / "views" / f"{table.name}.sql").read_text() == view_statement(table)
