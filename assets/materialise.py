"""What Dagster is told of a materialisation: counts, speed, rejects, a picture, and the data's version.

Here: turning a build's report into metadata, and a table's columns into Dagster's schema. Not here: building.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.errors import RushesError
from rushes.sheets import draw_sheet
from rushes.steps import STEPS
from rushes.store.database import sql_type
from rushes.store.manifests import Record
from rushes.store.schemas import TABLES
from rushes.store.tables import read_partition
from rushes.work.build import build


def table_metadata(tables: Sequence[str]) -> dict[str, Any]:
    """Return the asset's definition metadata: the columns of each of its tables."""
    schemas = {name: _table_schema(name) for name in tables}
    first = {"dagster/column_schema": schemas[tables[0]], "dagster/table_name": tables[0]}
    return first | {f"columns of {name}": schema for name, schema in schemas.items() if name != tables[0]}


def materialise_batch(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource, asset: str
) -> dg.MaterializeResult:
    """Build a batch's partition of an asset and describe it."""
    batch = context.partition_key
    with failing_plainly(), compute.progress(context, f"{asset} {batch}") as progress:
        settings = store.settings(batch)
        report = build(store.objects, STEPS[asset], batch, settings, compute.workers, progress.videos, progress.bytes)
    extra: dict[str, Any] = {
        "videos worked on": report.made,
        "videos reused": report.reused,
        "seconds": round(report.seconds, 3),
    }
    if report.made and not report.reused:
        extra["video seconds per second"] = round(_video_seconds(store, batch) / report.seconds, 2)
    picture = settings.build.contact_sheets
    return describe(context, store, asset, batch, report.record, extra, picture=picture)


def describe(
    context: dg.AssetExecutionContext,
    store: StoreResource,
    asset: str,
    partition: str,
    record: Record,
    extra: Mapping[str, Any],
    *,
    picture: bool = True,
) -> dg.MaterializeResult:
    """Return what Dagster shows of a partition. A picture that cannot be drawn is logged and left out."""
    metadata: dict[str, Any] = {f"rows of {table}": rows for table, rows in record.rows.items() if table != "rejects"}
    # A record that was read back names its tables in another order: the asset's own comes first among the schemas.
    metadata["dagster/row_count"] = record.rows[next(t.name for t in TABLES.values() if t.asset == asset)]
    metadata["bytes"] = sum(record.bytes.values())
    metadata["rejects"] = sum(record.rejects.values())
    if record.rejects:
        metadata["rejects by reason"] = dg.MetadataValue.json(record.rejects)
    metadata |= extra
    if picture:
        metadata |= _picture(context, store, asset, partition)
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(record.identity))


class failing_plainly:  # noqa: N801 - read as a statement
    """Turns the library's errors, which people can act on, into a failure that shows just their one line."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RushesError):
            raise dg.Failure(description=str(error), allow_retries=False) from error


def _picture(
    context: dg.AssetExecutionContext, store: StoreResource, asset: str, partition: str
) -> dict[str, dg.MetadataValue]:
    try:
        with store.connect() as connection:
            data = draw_sheet(store.objects, connection, asset, partition)
    except Exception as error:  # a picture is never worth a failed partition
        context.log.warning(f"no contact sheet: {type(error).__name__}: {error}")
        return {}
    if data is None:
        return {}
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    name = f"sheets/{asset}/{partition}.{kind.replace('jpeg', 'jpg')}"
    store.objects.write(name, data)
    inline = base64.b64encode(data).decode()
    return {
        "contact sheet": dg.MetadataValue.md(f"![{asset} of {partition}](data:image/{kind};base64,{inline})"),
        "contact sheet file": dg.MetadataValue.path(store.objects.full_uri(name)),
    }


def _video_seconds(store: StoreResource, batch: str) -> float:
    rows = read_partition(store.objects, TABLES["videos"], {"batch": batch}, ["duration_s"])
    return float(sum(rows.column("duration_s").to_pylist()))


def _table_schema(name: str) -> dg.TableSchema:
    table = TABLES[name]
    columns = [
        dg.TableColumn(
            c.name,
            sql_type(c.type),
            c.meaning,
            constraints=dg.TableColumnConstraints(nullable=c.nullable, unique=table.unique == (c.name,)),
        )
        for c in table.columns
    ]
    return dg.TableSchema(columns=columns)
