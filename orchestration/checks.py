"""Blocking checks of every table a partition holds, made from the schemas by one factory.

A partition whose check failed stops what comes after it in the same run, and is noted in the store as failed, so that
whatever fills gaps builds it again. Here: rows against their table's rules, the rules between tables, and what
data sets show. Not here: the rules of single tables (``rushes.store.schemas``).
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.checked import SHOWN, check_rows, name_of, note_failed
from assets.partitions import batches, recipes
from resources.store import StoreResource
from rushes import settings
from rushes.selection.recipes import recipe as recipe_files
from rushes.shots.cover import out_of_place
from rushes.steps import STEPS
from rushes.store.schemas import ANNOTATION_SEGMENTS, BATCH, CLIPS, REJECTS, VIDEOS
from rushes.store.tables import read_partition

if TYPE_CHECKING:
    from rushes.packaging.exposed import Exposed

_Check = Callable[..., dg.AssetCheckResult]


def _blocking_check(
    asset: str, name: str, description: str, partitions: dg.PartitionsDefinition
) -> Callable[[_Check], dg.AssetChecksDefinition]:
    """Return the decorator of a blocking check of an asset's partitions."""

    def define(check: _Check) -> dg.AssetChecksDefinition:
        with warnings.catch_warnings():
            # Dagster warns that partitioned checks may yet change; its version is bound, and nobody here can act on it.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.asset_check(
                asset=asset,
                name=name,
                description=description,
                blocking=True,
                partitions_def=partitions,
            )(check)

    return define


def table_check(asset: str, table: str, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """Return the check that a partition's rows of a table keep its rules."""

    @_blocking_check(asset, name_of(table), f"Types, nulls, ranges, choices and uniqueness of {table}.", partitions)
    def _check(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
        return check_rows(store.objects, asset, table, context.partition_key)

    return _check


@_blocking_check(
    "scene_clips",
    "clips_cover_their_videos",
    "Clips cover each video, or all spans marked in it, without gaps, and overlap only where spans do.",
    batches,
)
def clips_cover_their_videos(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
    """Each frame that is to be in a clip is, and in no more than it should be."""
    batch = context.partition_key
    clips = _ranges(read_partition(store.objects, CLIPS, {BATCH: batch}, ["video_id", "start_frame", "end_frame"]))
    marked = read_partition(store.objects, ANNOTATION_SEGMENTS, {BATCH: batch})
    spans = _ranges(marked.filter(pc.equal(marked["kind"], "span")))
    rejects = read_partition(store.objects, REJECTS, {"asset": "scene_clips", "partition": batch})
    rejected = set(rejects.filter(pc.equal(rejects["item_kind"], "video"))["item_id"].to_pylist())
    broken = [
        [video["video_id"], *stretch]
        for video in read_partition(store.objects, VIDEOS, {BATCH: batch}, ["video_id", "n_frames"]).to_pylist()
        if video["video_id"] not in rejected
        for stretch in out_of_place(
            clips.get(video["video_id"], []), spans.get(video["video_id"], [(0, video["n_frames"])])
        )
    ]
    if broken:
        video, start, end = broken[0]
        message = f"check of clips: {len(broken)} gaps or overlaps, the first in {video} at frames {start} to {end - 1}"
        note_failed(store.objects, "scene_clips", batch, message)
    return dg.AssetCheckResult(passed=not broken, metadata={"out of place": dg.MetadataValue.json(broken[:SHOWN])})


def _ranges(rows: pa.Table) -> dict[str, list[tuple[int, int]]]:
    """Return frame ranges by video."""
    ranges: dict[str, list[tuple[int, int]]] = {}
    for row in rows.select(["video_id", "start_frame", "end_frame"]).to_pylist():
        ranges.setdefault(row["video_id"], []).append((row["start_frame"], row["end_frame"]))
    return ranges


@_blocking_check(
    "packaged_datasets",
    "nothing_hidden_is_shown",
    "Searched again, pictures of the data set show no face; plates are a warning; privacy: none is not searched.",
    recipes,
)
def nothing_hidden_is_shown(context: dg.AssetCheckExecutionContext, store: StoreResource) -> dg.AssetCheckResult:
    """The detectors find no face in what was packaged, and the files are those that were written.

    Plates are told and fail nothing: their network takes brake lights for plates as well.
    """
    from rushes.packaging.exposed import inspect  # heavy, and every process of Dagster's loads this module

    recipe = recipe_files.load(store.objects, context.partition_key)
    found = inspect(store.objects, recipe, settings.load(store.objects).build.check_frames)
    faces = [one for one in found.exposed if one.kind == "face"]
    message = _said(faces or found.exposed, found.changed)
    fails = bool(faces or found.changed)
    if fails:
        note_failed(store.objects, "packaged_datasets", context.partition_key, f"check of pictures: {message}")
    return dg.AssetCheckResult(
        passed=not message,
        severity=dg.AssetCheckSeverity.ERROR if fails else dg.AssetCheckSeverity.WARN,
        description=message or None,
        metadata={
            "pictures searched": found.pictures,
            "looked for": " and ".join(found.looked_for) or "nothing",
            "shown": dg.MetadataValue.json([asdict(one) for one in found.exposed[:SHOWN]]),
        },
    )


def _said(shown: "Sequence[Exposed]", changed: Sequence[str]) -> str:
    if shown:
        first = shown[0]
        return (
            f"{len(shown)} regions are not hidden, the first a {first.kind} in picture {first.picture} of "
            f"{first.path}: raise privacy.sample_fps and build filtered_clips again, "
            "or let the recipe say redaction: solid"
        )
    return f"{changed[0]} is not what was written: delete the data set and package it again" if changed else ""


CHECKS: list[dg.AssetChecksDefinition] = [
    *(table_check(asset, table, batches) for asset, step in STEPS.items() for table in (*step.tables, REJECTS.name)),
    *(table_check("selected_sequences", table, recipes) for table in ("selections", REJECTS.name)),
    *(table_check("packaged_datasets", table, recipes) for table in ("datasets", REJECTS.name)),
    clips_cover_their_videos,
    nothing_hidden_is_shown,
]
