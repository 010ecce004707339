"""Whether a recipe's data set is what would be packaged today, under which version, and where that lies.

Here: telling that, from records alone. Not here: packaging (``package``).
"""

from __future__ import annotations

from rushes.selection.recipes.recipe import Recipe
from rushes.selection.state import ASSET as SELECTION
from rushes.store.manifests import Record, read_record
from rushes.store.objects import Objects
from rushes.work.plan import State, digest

ASSET = "packaged_datasets"
VERSION = "5"


def package_state(objects: Objects, recipe: Recipe) -> tuple[State, str]:
    """Tell how the recipe's data set stands, and the identity it would have if packaged now."""
    return package_state_of(
        recipe, read_record(objects, SELECTION, recipe.name), read_record(objects, ASSET, recipe.name)
    )


def package_state_of(recipe: Recipe, selection: Record | None, record: Record | None) -> tuple[State, str]:
    """Tell the same of records that were read."""
    if selection is None or not selection.identity:
        return State.WAITING, ""
    identity = digest({"version": VERSION, "recipe": recipe.packaging(), "selection": selection.identity})
    if record is None:
        return State.MISSING, identity
    return (State.BUILT if record.identity == identity else State.STALE), identity


def dataset_root(recipe: str, version: str) -> str:
    """Return the folder of one version of a data set."""
    return f"datasets/{recipe}/{version}"
