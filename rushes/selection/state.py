"""What a recipe reads, and whether its selection is what it would choose today.

The inputs are pinned: a selection's record names each batch's partitions by identity. Here: telling that, from records
alone. Not here: choosing (``select``).
"""

from __future__ import annotations

from collections.abc import Mapping

from rushes.selection.recipes.pools import check_no_circle
from rushes.selection.recipes.query_pictures import pins
from rushes.selection.recipes.recipe import Recipe, names
from rushes.store.manifests import Identities, Record, batch_names, read_identities, read_record
from rushes.store.objects import Objects
from rushes.work.plan import State, digest

ASSET = "selected_sequences"
VERSION = "2"
PICTURE = "picture"
ASKED = "asked"  # of another collection, and not chosen from
READS = ("raw_videos", "filtered_clips", "tracks", "embeddings")


def selection_inputs(objects: Objects, recipe: Recipe, built: Identities | None = None) -> dict[str, str]:
    """Return the identity of each partition that the recipe reads: all batches whose embeddings are built.

    So are the batches of other collections that its queries may ask, the pictures that it asks for likeness to, and
    earlier selections that it builds upon; its own earlier one is not, or it would never be up to date. ``built`` are
    the identities of what the store has of ``READS``, for who has read them already.
    """
    if built is None:
        read = [name for name in batch_names(objects) if _is_own(recipe, name) or recipe.asks_all_batches]
        built = read_identities(objects, READS, read)
    inputs: dict[str, str] = {}
    for batch, identities in built.items():
        is_own = _is_own(recipe, batch)
        if (is_own or recipe.asks_all_batches) and all(asset in identities for asset in READS):
            place = "" if is_own else f"{ASKED}/"
            inputs |= {f"{place}{asset}/{batch}": identities[asset] for asset in READS}
    inputs |= {f"{PICTURE}/{uri}": sha256 for uri, sha256 in pins(objects, recipe).items()}
    for other in _others(recipe):
        if (record := read_record(objects, ASSET, other)) is not None and record.content:
            inputs[f"{ASSET}/{other}"] = record.content
    return inputs


def batches_of(inputs: Mapping[str, str]) -> list[str]:
    """Return the batches among a selection's inputs, sorted."""
    return sorted({batch for asset, _, batch in (key.partition("/") for key in inputs) if asset in READS})


def _is_own(recipe: Recipe, batch: str) -> bool:
    return not recipe.collections or batch.rpartition("-")[0] in recipe.collections


def selection_state(objects: Objects, recipe: Recipe) -> tuple[State, str]:
    """Tell how the recipe's selection stands, and the identity it would have if made now.

    Raises ``SettingsError`` for a data pool that leads back to the recipe.
    """
    return selection_state_of(objects, recipe, read_record(objects, ASSET, recipe.name))


def selection_state_of(
    objects: Objects, recipe: Recipe, record: Record | None, built: Identities | None = None
) -> tuple[State, str]:
    """Tell the same of a record that was read, and of batches as ``selection_inputs`` is given them."""
    check_no_circle(objects, recipe)
    inputs = selection_inputs(objects, recipe, built)
    identity = identity_of(recipe, inputs)
    if not batches_of(inputs) or any(other in names(objects) for other in not_selected(recipe, inputs)):
        return State.WAITING, identity
    if record is None:
        return State.MISSING, identity
    return (State.BUILT if record.identity == identity else State.STALE), identity


def identity_of(recipe: Recipe, inputs: Mapping[str, str]) -> str:
    """Return what tells a selection by this recipe, of these inputs, from any other."""
    return digest({"version": VERSION, "recipe": recipe.selecting(), "inputs": inputs})


def _others(recipe: Recipe) -> list[str]:
    return [name for name in recipe.datapool if name != recipe.name]


def not_selected(recipe: Recipe, inputs: Mapping[str, str]) -> list[str]:
    """Return the other recipes of its data pool that chose nothing yet."""
    return [other for other in _others(recipe) if f"{ASSET}/{other}" not in inputs]
