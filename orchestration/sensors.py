"""Keeping Dagster's partitions in step with the store, and the store with its inbox.

Here: which partition keys there are, and looking into the inbox now and then. Not here: building what is new
(``schedules``, or people), what becomes of a file that is dropped (``rushes.sources.inbox``).
"""

from __future__ import annotations

import dagster as dg

from assets.partitions import batches, recipes
from resources.store import StoreResource
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.inbox import Inbox
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects


def missing_keys(instance: dg.DagsterInstance, objects: Objects) -> dict[str, list[str]]:
    """Return by partitions definition the keys that the store has and Dagster lacks."""
    there = {str(batches.name): batch_names(objects), str(recipes.name): recipe_files.names(objects)}
    return {
        name: fresh
        for name, keys in there.items()
        if (fresh := sorted(set(keys) - set(instance.get_dynamic_partitions(name))))
    }


def add_missing_keys(instance: dg.DagsterInstance, objects: Objects) -> None:
    """Give Dagster the keys that it lacks."""
    for name, keys in missing_keys(instance, objects).items():
        instance.add_dynamic_partitions(name, keys)


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
