"""The list of what columns are made of speaks of columns that there are, and of assets that come before."""

import pytest

from rushes.packaging.state import ASSET as PACKAGED
from rushes.selection.state import ASSET as SELECTED
from rushes.steps import STEPS
from rushes.store.lineage import SOURCES, sources
from rushes.store.schemas import REJECTS, TABLES

COLUMNS = {name: {column.name for column in table.columns} for name, table in TABLES.items()}
NAMED = [(table, column, source) for table, of in SOURCES.items() for column, all_ in of.items() for source in all_]
ORDER = [*STEPS, SELECTED, PACKAGED]


@pytest.mark.parametrize(("table", "column", "source"), NAMED)
def test_each_source_is_a_column_that_the_asset_can_read(table: str, column: str, source: str) -> None:
    assert column in COLUMNS[table]
    of, _, name = source.partition(".")
    assert name in COLUMNS[of]
    at, before = ORDER.index(TABLES[table].asset), ORDER.index(TABLES[of].asset)
    assert before <= at
    if before < at and TABLES[table].asset in STEPS:
        assert of in STEPS[TABLES[table].asset].uses


@pytest.mark.parametrize("key", ["video_id", "clip_id", "track_id"])
def test_each_key_says_where_it_comes_from_beyond_its_first_table(key: str) -> None:
    first = {"video_id": "videos", "clip_id": "", "track_id": ""}[key]
    for name, columns in COLUMNS.items():
        if key in columns and name not in (first, REJECTS.name):
            assert sources(name, key), f"{name}.{key}"


def test_what_comes_from_pixels_names_no_column() -> None:
    assert sources("filtered_clips", "sharpness") == ()
