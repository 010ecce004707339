"""``dataset.json``: what is in a data set, and all that it was made from. ``docs/formats/dataset.md`` tells its keys.

Here: putting that together from the store's tables and records. Not here: writing it (``package``).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

import rushes
from rushes.models.registry import MODELS
from rushes.packaging.chosen import Chosen
from rushes.packaging.parts import FileRow
from rushes.ranges.address import is_elsewhere
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.state import ASSET as SELECTION
from rushes.selection.state import PICTURE
from rushes.sources.download import find
from rushes.store.database import connect
from rushes.store.manifests import Entry, Record, read_record
from rushes.store.objects import Objects

_ASSETS = ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings")
# What tables of videos call the terms of use, and those to be named for them.
_TERMS = re.compile(r"licen[cs]e|credits?|copyright|attribution|is_cc|rights", re.IGNORECASE)
_PIXELS = "Frames keep the rights of the videos they come from: see 'sources'."
_LABELS = (
    "Boxes and vectors were made by the models named here; whether a model's licence reaches what it makes is for you "
    "to judge. Annotations keep the terms of their source."
)

_Facts = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """What packaging wrote: ``boxes`` by split and class, of each format its files, and what it had to leave out."""

    files: Sequence[FileRow]
    boxes: Mapping[str, Mapping[str, int]]
    dropped: Mapping[str, Mapping[str, int]]


def about(
    objects: Objects, recipe: Recipe, version: str, code_version: str, chosen: Sequence[Chosen], written: Written
) -> _Facts:
    """Return what ``dataset.json`` says."""
    selection = read_record(objects, SELECTION, recipe.name)
    used = sorted({one.video_id for one in chosen})
    with connect(objects) as connection:
        sources = _sources(objects, connection, used)
        classes = _sequences_by_class(connection, recipe.name)
        batches = [batch for (batch,) in connection.execute(
            "SELECT DISTINCT batch FROM videos WHERE list_contains(?, video_id) ORDER BY batch", [used]
        ).fetchall()]  # fmt: skip
    records = [read_record(objects, asset, batch) for batch in batches for asset in _ASSETS]
    built = [record for record in records if record is not None]
    models = _models(built)
    return {
        "name": recipe.name,
        "version": version,
        "recipe": recipe.model_dump(mode="json"),
        "counts": _counts(chosen, classes, written),
        "dropped": written.dropped,
        "files": [asdict(file) for file in written.files],
        "sources": sources,
        "selection": _selection(selection),
        "code": {"rushes": rushes.__version__, "packaged_datasets": code_version, **_versions(selection, built)},
        "lineage": {f"{r.asset}/{r.partition}": {"identity": r.identity, **r.shaped_by} for r in built},
        "models": models,
        "licences": {
            "pixels": _PIXELS,
            "labels": _LABELS,
            "models": {name: facts["licence"] for name, facts in models.items()},
        },
    }


def _counts(chosen: Sequence[Chosen], classes: Mapping[str, int], written: Written) -> _Facts:
    boxes: Counter[str] = Counter()
    for of_split in written.boxes.values():
        boxes.update(of_split)
    return {
        **_totals(chosen, boxes),
        "splits": {
            split: _totals([c for c in chosen if c.split == split], written.boxes.get(split, {}))
            for split in sorted({c.split for c in chosen})
        },
        "classes": {
            name: {"sequences": classes.get(name, 0), "boxes": boxes[name]} for name in sorted({*classes, *boxes})
        },
        "formats": _formats(written.files),
    }


def _totals(chosen: Sequence[Chosen], boxes: Mapping[str, int]) -> dict[str, int]:
    return {
        "sequences": len(chosen),
        "frames": sum(len(one.frames) for one in chosen),
        "boxes": sum(boxes.values()),
        "videos": len({one.video_id for one in chosen}),
    }


def _formats(files: Iterable[FileRow]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"files": 0, "bytes": 0})
    for file in files:
        counts[file.format]["files"] += 1
        counts[file.format]["bytes"] += file.size
    return dict(counts)


def _sequences_by_class(connection: duckdb.DuckDBPyConnection, recipe: str) -> dict[str, int]:
    query = "SELECT class_name, count(*) FROM selections WHERE recipe = ? AND class_name IS NOT NULL GROUP BY ALL"
    return dict(connection.execute(query, [recipe]).fetchall())


def _sources(objects: Objects, connection: duckdb.DuckDBPyConnection, used: Sequence[str]) -> list[_Facts]:
    """Return the videos, each with what was said of its terms where it came from; None where nothing was."""
    told = _told(connection, used)
    rows = connection.execute(
        "SELECT video_id, collection, sha256, source_uri FROM videos WHERE list_contains(?, video_id) "
        "ORDER BY video_id",
        [used],
    ).fetchall()
    keys = ("video_id", "collection", "sha256", "source_uri")
    sources = [dict(zip(keys, row, strict=True)) for row in rows]
    return [{**one, "licence": _terms([*told.get(one["video_id"], []), _of_site(objects, one)])} for one in sources]


def _terms(told: Iterable[_Facts]) -> dict[str, list[str]] | None:
    """Return what was told under names such as ``license`` and ``credits``; None where nothing was."""
    found: dict[str, set[str]] = defaultdict(set)
    for facts in told:
        for key, value in facts.items():
            if _TERMS.search(key) and value not in (None, ""):
                found[key].add(str(value))
    return {key: sorted(values) for key, values in sorted(found.items())} or None


def _of_site(objects: Objects, source: _Facts) -> _Facts:
    """Return what the site told of a video that was fetched from one."""
    uri = source["source_uri"]
    fetched = find(objects, Entry(source["video_id"], source["video_id"], uri)) if is_elsewhere(uri) else None
    return fetched.about if fetched else {}


def _told(connection: duckdb.DuckDBPyConnection, used: Sequence[str]) -> dict[str, list[_Facts]]:
    """Return by video what its annotations say of it, as far as that may be about its terms."""
    rows = connection.execute(
        "SELECT DISTINCT video_id, attributes FROM annotation_segments "
        "WHERE list_contains(?, video_id) AND regexp_matches(attributes, ?) ORDER BY ALL",
        [used, f"(?i){_TERMS.pattern}"],
    ).fetchall()
    told: dict[str, list[_Facts]] = defaultdict(list)
    for video_id, attributes in rows:
        given = json.loads(attributes)
        if isinstance(given, dict):
            told[video_id].append(given)
    return told


def _selection(record: Record | None) -> _Facts | None:
    """Return what chose the sequences: its identity, what it read beside batches, and how many each step left."""
    if record is None:
        return None
    beside = {key: value for key, value in record.inputs.items() if key.partition("/")[0] in (PICTURE, SELECTION)}
    steps = [{"step": step, "left": left} for step, left in record.funnel]
    return {"identity": record.identity, "funnel": steps, "note": record.note, "inputs": beside}


def _versions(selection: Record | None, built: Iterable[Record]) -> dict[str, str]:
    """Return the version of each asset's code; of several, all."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in (*built, *([] if selection is None else [selection])):
        found[record.asset].add(record.code_version)
    return {asset: ", ".join(sorted(versions)) for asset, versions in found.items()}


def _models(built: Iterable[Record]) -> dict[str, _Facts]:
    """Return the models that had a part in it, by name: their hashes, licence, and what was made with each."""
    hashes: dict[str, set[str]] = defaultdict(set)
    assets: dict[str, set[str]] = defaultdict(set)
    for record in built:
        for name, sha256 in record.shaped_by.get("models", {}).items():
            hashes[name].add(sha256)
            assets[name].add(record.asset)
    return {
        name: {"sha256": sorted(hashes[name]), "licence": _licence(name, hashes[name]), "used_by": sorted(assets[name])}
        for name in sorted(hashes)
    }


def _licence(name: str, hashes: set[str]) -> str:
    known = MODELS.get(name)
    if known is None or hashes != {known.sha256}:
        return "not known: a file that was given"
    return f"{known.licence} ({known.note})" if known.note else known.licence
