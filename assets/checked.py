"""A partition's rows held against their table's rules, as Dagster is told of it.

Here: the check's name and result, and the note that keeps what comes after from reading unsound rows. Not here: the
rules (``rushes.store.schemas``), which checks there are (``orchestration.checks``).
"""

import dagster as dg

from rushes.store.failures import write_failure
from rushes.store.manifests import read_record
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.store.tables import read_partition
from rushes.store.validation import problems

SHOWN = 20


def name_of(table: str) -> str:
    """Return the name of the check of a table."""
    return f"{table}_keep_their_schema"


def check_rows(objects: Objects, asset: str, table: str, partition: str) -> dg.AssetCheckResult:
    """Hold a partition's rows of a table against its rules; a failure is noted in the store as well."""
    keys = {key: asset if key == "asset" else partition for key in TABLES[table].keys}
    rows = read_partition(objects, TABLES[table], keys)
    found = problems(table, rows)
    if found:
        note_failed(objects, asset, partition, f"check of {table}: {found[0]}")
    return dg.AssetCheckResult(
        passed=not found, metadata={"rows": len(rows), "problems": dg.MetadataValue.json(found[:SHOWN])}
    )


def note_failed(objects: Objects, asset: str, partition: str, message: str) -> None:
    """Note that what was built of a partition did not pass a check: a build in vain, however it ended."""
    record = read_record(objects, asset, partition)
    write_failure(objects, asset, partition, message, record.identity if record else "")
