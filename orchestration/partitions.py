"""Which partition keys there are: those of the store's batches and recipes."""

from __future__ import annotations

import dagster as dg

from assets.partitions import batches, recipes
from rushes.selection.recipes import recipe as recipe_files
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
