"""Recipes that build upon what others chose: in which order they are carried out.

Here: the order, and circles in it. Not here: what a data pool does to choosing (``consider``, ``choose``).
"""

from __future__ import annotations

from collections.abc import Mapping

from rushes.errors import RushesError, SettingsError
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.recipes.recipe import Recipe
from rushes.store.objects import Objects

_Pools = Mapping[str, tuple[str, ...]]


def in_order(objects: Objects) -> list[str]:
    """Return the names of all recipes, each after those whose choice it builds upon, else by name."""
    pools = {name: _others(objects, name) for name in recipe_files.names(objects)}
    ordered: dict[str, None] = {}
    for name in sorted(pools):
        _visit(name, pools, ordered, ())
    return list(ordered)


def check_no_circle(objects: Objects, recipe: Recipe) -> None:
    """Raise ``SettingsError`` when a recipe builds upon one that, by whatever way, builds upon it."""
    way = _way_back(objects, recipe.name, recipe.name, recipe.datapool, ())
    if way is not None:
        path = " → ".join((recipe.name, *way))
        raise SettingsError(f"recipe {recipe.name}: datapool goes round in a circle: {path}; take one of them out")


def _visit(name: str, pools: _Pools, ordered: dict[str, None], above: tuple[str, ...]) -> None:
    if name in ordered or name in above or name not in pools:
        return
    for other in pools[name]:
        _visit(other, pools, ordered, (*above, name))
    ordered[name] = None


def _way_back(
    objects: Objects, start: str, name: str, datapool: tuple[str, ...], passed: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return the recipes from one to ``start`` by way of their data pools; None when there is no such way."""
    for other in datapool:
        if other == start and name != start:
            return (*passed, other)
        if other not in (start, name, *passed):
            found = _way_back(objects, start, other, _others(objects, other), (*passed, other))
            if found is not None:
                return found
    return None


def _others(objects: Objects, name: str) -> tuple[str, ...]:
    """Return the data pool of a recipe; none where it cannot be read, which is told elsewhere."""
    try:
        return tuple(other for other in recipe_files.load(objects, name).datapool if other != name)
    except RushesError:
        return ()
