"""Keeping up with the store: its partition keys, its inbox, and what has become ready to be built.

Here: looking now and then. Not here: what becomes of a file that is dropped (``rushes.sources.inbox``), what is to be
built (``gaps``, ``backfills``), telling of failures (``alarms``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from assets.partitions import batches, recipes
from orchestration.backfills import GROUP_TAG, fit, subset_of
from orchestration.gaps import Gap, open_gaps
from orchestration.in_flight import in_flight
from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
from orchestration.partitions import missing_keys
from resources.store import StoreResource
from rushes import settings
from rushes.sources.inbox import Inbox
from rushes.store.objects import Objects


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes partitions of the batches and recipes that were added to the store.",
)
def new_partitions(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Ask for the partition keys that Dagster lacks."""
    fresh = missing_keys(context.instance, store.objects)
    if not fresh:
        return dg.SkipReason("no new batches or recipes")
    definitions = {batches.name: batches, recipes.name: recipes}
    return dg.SensorResult(
        dynamic_partitions_requests=[definitions[name].build_add_request(keys) for name, keys in fresh.items()]
    )


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers what was dropped into inbox/ of the store, as 'rushes add' would, once it is whole.",
)
def inbox(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Register what lies in the inbox as it did at the last look."""
    looked = Inbox(store.objects, context.cursor)
    taken = looked.take()
    for wrong in taken.refused:
        context.log.error(wrong)
    context.update_cursor(looked.cursor)
    fresh = missing_keys(context.instance, store.objects).get(str(batches.name), []) if taken.batches else []
    if not fresh:
        return dg.SkipReason(taken.words)
    context.log.info(taken.words)
    return dg.SensorResult(dynamic_partitions_requests=[batches.build_add_request(fresh)])


@dg.sensor(
    asset_selection=dg.AssetSelection.assets(*BATCH_ASSETS, *RECIPE_ASSETS),
    minimum_interval_seconds=30,
    description="Backfills what was never tried as it now is, once what it reads is built and has passed its checks.",
)
def build_what_is_ready(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Ask for a backfill of each asset group, once the store, or what runs, has changed."""
    busy = in_flight(context.instance)
    state, seen = _state(store.objects, busy), json.loads(context.cursor or "{}")
    if state == seen.get("state"):
        return dg.SkipReason("nothing has changed")
    if missing_keys(context.instance, store.objects):
        return dg.SkipReason("the partitions of new batches or recipes are still to come: new_partitions brings them")
    gaps = open_gaps(store.objects, busy, only_new=True)
    asked = _still_open(seen.get("asked", {}), gaps, busy)
    fresh = {
        group: [gap for gap in found if asked[group].get(gap.partition) != gap.shape] for group, found in gaps.items()
    }
    wanted = fit(store.objects, fresh, busy)
    for one in wanted:
        asked[one.group] |= {gap.partition: gap.shape for gap in one.gaps}
    context.update_cursor(json.dumps({"state": state, "asked": asked}))
    if not wanted:
        return dg.SkipReason("nothing is ready that was not tried before")
    graph = context.repository_def.asset_graph  # type: ignore[union-attr]
    requests = [
        dg.RunRequest(asset_graph_subset=subset_of(one.gaps, graph), tags={GROUP_TAG: one.group}) for one in wanted
    ]
    context.log.info("; ".join(one.words for one in wanted))
    return dg.SensorResult(run_requests=requests)


def _still_open(
    asked: Mapping[str, Mapping[str, str]],
    gaps: Mapping[str, Sequence[Gap]],
    busy: Collection[tuple[str, str]],
) -> dict[str, dict[str, str]]:
    """Return what was asked for, as group → partition → shape, without what was built since.

    What no run has even begun, because it could not start or was cancelled, leaves no attempt in the store. It is not
    asked for again and again, but left to the nightly schedule.
    """
    at_work = {partition for _, partition in busy}
    still: dict[str, dict[str, str]] = {}
    for group, found in gaps.items():
        open_now = {gap.partition for gap in found} | at_work
        still[group] = {name: shape for name, shape in asked.get(group, {}).items() if name in open_now}
    return still


def _state(objects: Objects, busy: Collection[tuple[str, str]]) -> str:
    """Return what changes when something may have become ready."""
    folders = ("batches", "records", "failures", "recipes")
    seen = [mark for folder in folders for mark in objects.marks(folder)]
    chosen = objects.read(settings.PATH) if objects.exists(settings.PATH) else b""
    return hashlib.sha256(repr((seen, chosen, sorted(busy))).encode()).hexdigest()
