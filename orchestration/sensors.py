"""Keeping Dagster's partitions in step with the store: batches that were registered, recipes that were added.

Here: which partition keys there are. Not here: building them (``schedules``, or people).
"""

import dagster as dg

from assets.partitions import batches, recipes
from resources.store import StoreResource
from rushes.selection import recipe as recipe_files
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
