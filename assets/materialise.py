"""What Dagster is told of a materialisation: counts, speed, rejects, a picture, and the data's version.

Here: turning a build's report into metadata. Not here: columns (``columns``), building.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.columns import column_lineage, own_table
from resources.compute import ComputeResource
from resources.store import StoreResource
from rushes.errors import RushesError, StoreError
from rushes.sheets import draw_sheet
from rushes.standing.status import recipe_statuses
from rushes.steps import STEPS
from rushes.store.failures import read_failure
from rushes.store.manifests import Record
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.store.tables import read_partition
from rushes.work.build import build


def materialise_batch(
    context: dg.AssetExecutionContext, store: StoreResource, compute: ComputeResource, asset: str, batch: str
) -> dg.MaterializeResult:
    """Build a batch's partition of an asset and describe it."""
    with failing_plainly(), compute.progress(context, f"{asset} {batch}") as progress:
        refuse_unsound(store.objects, asset, batch, STEPS[asset].reads)
        settings = store.settings(batch)
        step = STEPS[asset]
        workers = compute.pool(has_models=bool(step.models(settings)))
        report = build(store.objects, step, batch, settings, workers, progress.videos, progress.bytes)
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
    metadata["dagster/row_count"] = record.rows[own_table(asset).name]
    metadata["dagster/column_lineage"] = column_lineage(asset)
    metadata["bytes"] = sum(record.bytes.values())
    metadata["rejects"] = sum(record.rejects.values())
    if record.rejects:
        metadata["rejects by reason"] = dg.MetadataValue.json(record.rejects)
    metadata |= extra
    if picture:
        metadata |= _picture(context, store, asset, partition)
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(record.identity))


def refuse_unsound(objects: Objects, asset: str, partition: str, reads: Sequence[str]) -> None:
    """Raise ``StoreError`` when something that is read did not pass its checks, or could not be built.

    Within a run Dagster sees to that; but a backfill goes on in another run once there is a materialisation, whatever
    its checks said.
    """
    for upstream in reads:
        if (why := read_failure(objects, upstream, partition)) is not None:
            raise StoreError(f"{asset} of {partition} reads {upstream}, which is to be built again first: {why}")


def identity_of(objects: Objects, asset: str, recipe: str) -> str:
    """Return what an asset of a recipe would be if built now; nothing where the recipe cannot be carried out."""
    return next(one.identity for one in recipe_statuses(objects, recipe) if one.asset == asset)


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
