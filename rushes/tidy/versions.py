"""Versions of packaged data sets that do not count: what killed runs left of one, and earlier ones that are whole.

A version that is whole may be in somebody's hands: it goes only when that is asked for. Data sets made by hand have no
versions. Here: which versions those are. Not here: removing (``tidy``).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rushes.errors import RushesError
from rushes.packaging.state import ASSET, package_state
from rushes.selection.recipes import recipe as recipe_files
from rushes.store.manifests import read_record
from rushes.store.objects import Objects
from rushes.tidy.leftover import Leftover, Lying
from rushes.work.turn import turn

UNFINISHED, EARLIER = "files of unfinished data sets", "files of earlier data sets"
_ABOUT = "dataset.json"
_VERSION = re.compile(r"[0-9a-f]{12}")


def old_versions(lying: Lying, earlier: bool) -> Iterator[tuple[str, str, list[Leftover]]]:
    """Yield by recipe and version the files of those that do not count; of whole ones only if ``earlier`` are wanted.

    A version counts as old when its newest file is.
    """
    found: dict[tuple[str, str], list[tuple[str, int, float]]] = defaultdict(list)
    for name, size, put in lying.objects.lying("datasets"):
        _, recipe, version, *rest = [*name.split("/"), "", ""]
        if rest[0] and _VERSION.fullmatch(version):
            found[recipe, version].append((name, size, put))
    for (recipe, version), files in sorted(found.items()):
        is_whole = any(name == f"datasets/{recipe}/{version}/{_ABOUT}" for name, _, _ in files)
        is_old = max(put for _, _, put in files) < lying.limit
        if is_old and (earlier or not is_whole) and version not in counting(lying.objects, recipe):
            what = EARLIER if is_whole else UNFINISHED
            yield recipe, version, [Leftover(what, name, size) for name, size, _ in sorted(files, key=_order)]


def counting(objects: Objects, recipe: str) -> Sequence[str]:
    """Return the versions of a data set that count: the one that is read, the record's, what would be packaged now.

    Where that cannot be told, of a data set made by hand for one, each of them counts.
    """
    counts = _Every()
    try:
        about = json.loads(objects.read(f"datasets/{recipe}/{_ABOUT}"))
        if "recipe" not in about:
            return counts
        versions = [about["version"]]
    except FileNotFoundError:
        versions = []
    except (ValueError, KeyError):
        return counts
    if (record := read_record(objects, ASSET, recipe)) is not None:
        versions.append(record.identity[:12])
    if recipe in recipe_files.names(objects):
        try:
            versions.append(package_state(objects, recipe_files.load(objects, recipe))[1][:12])
        except RushesError:
            return counts
    return versions


def in_their_turn(objects: Objects, recipe: str, version: str, files: list[Leftover]) -> Iterator[Leftover]:
    """Yield, in the data set's turn, the files of a version that still does not count."""
    with turn(objects, ASSET, recipe):
        if version not in counting(objects, recipe):
            yield from files


class _Every(list[str]):
    """Versions of which each is one."""

    def __contains__(self, version: object) -> bool:
        return True


def _order(file: tuple[str, int, float]) -> tuple[int, str]:
    """Return a file's place: first what says that a version is whole, then what says so of parts, then the parts."""
    name = file[0]
    of_part = name.split("/")[3] in ("shards", "videos") and name.endswith(".json")
    return (0 if name.count("/") == 3 else 1 if of_part else 2), name
