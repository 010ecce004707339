"""The pictures that a recipe asks for likeness to: kept in the store when it is registered.

So every machine that carries the recipe out finds them, and another picture at the same address changes nothing until
the recipe is registered again. Here: keeping their bytes, and finding them. Not here: what is made of them
(``queries``).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from rushes.errors import SettingsError, VideoError
from rushes.ranges import open_ranges
from rushes.ranges.address import check_address, shown
from rushes.selection.recipes.options import Similarity
from rushes.selection.recipes.recipe import Recipe
from rushes.store.objects import Objects

_MOST_BYTES = 100_000_000


def keep(objects: Objects, recipe: Recipe, folder: Path | None = None) -> None:
    """Copy a recipe's query pictures into the store; paths are seen from ``folder``, where the recipe's file lies.

    Raises ``SettingsError`` for one that cannot be read.
    """
    pins: dict[str, str] = {}
    for uri in _uris(recipe):
        data = read(str(folder / uri) if folder is not None and "://" not in uri else uri)
        pins[uri] = hashlib.sha256(data).hexdigest()
        if not objects.exists(_kept(pins[uri])):
            objects.write(_kept(pins[uri]), data)
    if pins:
        objects.write(_listed(recipe.name), json.dumps(pins, indent=1, sort_keys=True).encode())
    elif objects.exists(_listed(recipe.name)):
        objects.delete(_listed(recipe.name))


def pins(objects: Objects, recipe: Recipe) -> dict[str, str]:
    """Return the SHA-256 of each query picture that was kept, by its address in the recipe."""
    if not (uris := _uris(recipe)) or not objects.exists(_listed(recipe.name)):
        return {}
    listed = json.loads(objects.read(_listed(recipe.name)))
    return {uri: listed[uri] for uri in uris if uri in listed}


def picture(objects: Objects, recipe: Recipe, uri: str) -> bytes:
    """Return a query picture's bytes as they were kept, or as they are now when the recipe was never registered."""
    sha256 = pins(objects, recipe).get(uri)
    return read(uri) if sha256 is None else objects.read(_kept(sha256))


def read(uri: str) -> bytes:
    """Return the bytes of a picture at a path or address."""
    check_address(uri)
    try:
        ranges = open_ranges(uri, trust="given")
        size = ranges.fingerprint().size
        if size > _MOST_BYTES:
            raise SettingsError(f"similarity.images: {shown(uri)}: {size} bytes; at most {_MOST_BYTES} are read")
        [data] = ranges.read([(0, size)]) if size else [b""]
    except VideoError as error:
        raise SettingsError(f"similarity.images: {error}") from None
    return data


def _uris(recipe: Recipe) -> list[str]:
    return sorted(
        {uri for strategy in recipe.strategies if isinstance(strategy, Similarity) for uri in strategy.images}
    )


def _kept(sha256: str) -> str:
    return f"recipes/pictures/{sha256}"


def _listed(name: str) -> str:
    return f"recipes/pictures/{name}.json"
