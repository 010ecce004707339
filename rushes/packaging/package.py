"""Packaging a selection: its parts in worker processes, then what speaks of the whole data set.

A killed run takes up at the next part: a part's note is written after its files, the data set's manifest after all
parts. Here: that order and the rows of ``datasets``. Not here: versions (``state``), one part (``parts``), what the
files look like (one module a format), where the pixels come from (``sequences``), what ``dataset.json`` says
(``about``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rushes.errors import StoreError
from rushes.packaging.about import Written, about
from rushes.packaging.chosen import Chosen
from rushes.packaging.classes import classes_of
from rushes.packaging.formats import FORMATS
from rushes.packaging.labels import labels_of
from rushes.packaging.packed import ShardSummary
from rushes.packaging.parts import FileRow, Part, PartWork, parts
from rushes.packaging.state import ASSET, VERSION, dataset_root, package_state
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.state import ASSET as SELECTION
from rushes.selection.state import selection_inputs
from rushes.store.database import connect
from rushes.store.forgotten import Forgotten, take_back
from rushes.store.manifests import Record, read_record, record_path, write_record
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import DATASETS, RECIPE, REJECTS
from rushes.store.tables import partition_path, write_partition
from rushes.work import pool
from rushes.work.ahead import Ready
from rushes.work.plan import State, digest
from rushes.work.turn import turn


def package(
    objects: Objects,
    recipe: Recipe,
    workers: pool.Workers = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Record:
    """Write a recipe's selection in all its formats and return the record.

    Raises ``StoreError`` when nothing was selected yet, faces were never looked for and the recipe hides them, or what
    is packaged was built anew meanwhile.
    """
    inputs = _inputs(objects, recipe)
    state, identity = package_state(objects, recipe)
    if state is State.WAITING:
        raise StoreError(f"recipe {recipe.name} has no selection: build {SELECTION} first")
    chosen = _chosen(objects, recipe)
    version = identity[:12]
    all_parts = parts(objects, recipe, chosen)
    with connect(objects) as connection:
        classes = classes_of(connection, (one.clip_id for one in chosen))
        labels = labels_of(connection, (one.video_id for one in chosen))
    work = PartWork(objects, recipe, version, inputs, classes, labels)
    todo = [part for part in all_parts if work.made(part) is None]
    done = len(all_parts) - len(todo)
    progress(done, len(all_parts))
    with _nothing_forgotten(objects, recipe, version, chosen):
        for _, error in pool.run(work, Ready(todo), workers):
            if isinstance(error, BaseException):
                raise error
            done += 1
            progress(done, len(all_parts))
        if _inputs(objects, recipe) != inputs:
            raise StoreError(f"recipe {recipe.name}: what it takes was built while it was packaged: build it again")
        return _finish(objects, recipe, work, all_parts, chosen, identity)


def _inputs(objects: Objects, recipe: Recipe) -> str:
    """Return what tells all tables that packaging reads, as they are now."""
    selection = read_record(objects, SELECTION, recipe.name)
    return digest([selection.identity if selection else None, selection_inputs(objects, recipe)])


@contextmanager
def _nothing_forgotten(objects: Objects, recipe: Recipe, version: str, chosen: Sequence[Chosen]) -> Iterator[None]:
    """Take back what is written inside when one of the videos is forgotten meanwhile, perhaps unseen."""
    try:
        yield
    finally:
        forgotten = Forgotten.of(objects)
        if any(forgotten.id(one.video_id) for one in chosen):
            names = [
                f"datasets/{recipe.name}/dataset.json",
                *objects.list(dataset_root(recipe.name, version)),
                partition_path(DATASETS, {RECIPE: recipe.name}),
                partition_path(REJECTS, {"asset": ASSET, "partition": recipe.name}),
                record_path(ASSET, recipe.name),
            ]
            take_back(objects, names, f"recipe {recipe.name}")


def _chosen(objects: Objects, recipe: Recipe) -> list[Chosen]:
    """Return the selection in order of rank, having made sure that its redactions are known."""
    with connect(objects) as connection:
        rows = connection.execute(
            "SELECT s.sequence_id, s.video_id, s.clip_id, s.track_id, s.frames, s.split, f.privacy "
            "FROM selections AS s LEFT JOIN filtered_clips AS f USING (clip_id) WHERE s.recipe = ? ORDER BY s.rank",
            [recipe.name],
        ).fetchall()
    unknown = sorted({row[2] for row in rows if row[6] in (None, "none")})
    if unknown and recipe.privacy == "redact":
        raise StoreError(
            f"recipe {recipe.name}: nobody has looked for faces or plates in clip {unknown[0]}"
            + (f" and {len(unknown) - 1} others" if unknown[1:] else "")
            + ": build filtered_clips with privacy.look_for: [faces, plates], or say 'privacy: none' in the recipe"
        )
    return [Chosen(*row[:6]) for row in rows]


def _finish(
    objects: Objects, recipe: Recipe, work: PartWork, all_parts: list[Part], chosen: list[Chosen], identity: str
) -> Record:
    with turn(objects, ASSET, recipe.name) as own:
        all_notes = [note for part in all_parts if (note := work.made(part)) is not None]
        if len(all_notes) < len(all_parts):
            raise StoreError(f"recipe {recipe.name}: parts of the data set were removed meanwhile: build it again")
        notes = [note["formats"] for note in all_notes]
        files = [FileRow(**f) for note in notes for written in note.values() for f in written["files"]]
        dropped: dict[str, dict[str, int]] = {}
        for name in recipe.formats:
            written = [note[name] for note in notes if name in note]
            if name in FORMATS:
                summaries = [ShardSummary.from_json(one["summary"]) for one in written]
                files += [work.put(name, file) for file in FORMATS[name].index_files(summaries, work.classes.names)]
            counts = sum((Counter(one["dropped"]) for one in written), Counter[str]())
            dropped |= {name: dict(sorted(counts.items()))} if counts else {}
        told = about(
            objects, recipe, work.version, VERSION, chosen, Written(files, _boxes(all_parts, all_notes), dropped)
        )
        data = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode()
        objects.write(f"{dataset_root(recipe.name, work.version)}/dataset.json", data)
        rows = DATASETS.from_rows([{"version": work.version, **asdict(f)} for f in files])
        rejects = _left_out(recipe, dropped)
        rejects += [reject for note in notes for written in note.values() for reject in written["rejects"]]
        selection = read_record(objects, SELECTION, recipe.name)
        own.begin()
        size = len(write_partition(objects, DATASETS, {RECIPE: recipe.name}, rows))
        write_partition(objects, REJECTS, {"asset": ASSET, "partition": recipe.name}, REJECTS.from_rows(rejects))
        # What a reader opens by name: replaced last, so that it always names a version that is whole.
        objects.write(f"datasets/{recipe.name}/dataset.json", data)
        record = Record(
            ASSET,
            recipe.name,
            VERSION,
            identity,
            {"packaging": recipe.packaging()},
            rows={DATASETS.name: len(rows), REJECTS.name: len(rejects)},
            bytes={DATASETS.name: size, "files": sum(f.size for f in files)},
            rejects=dict(sorted(Counter(reject["reason"] for reject in rejects).items())),
            inputs={f"{SELECTION}/{recipe.name}": selection.identity if selection else ""},
        )
        own.check()
        write_record(objects, record)
    return record


def _left_out(recipe: Recipe, dropped: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Return the rows of rejects for what formats had no room for: a count for each format and reason."""
    return [
        Reject("box", f"{recipe.name}/{name}", ASSET, Reason.FORMAT_LIMIT, f"{count} left out: {why}").row()
        for name, counts in dropped.items()
        for why, count in counts.items()
    ]


def _boxes(all_parts: Sequence[Part], notes: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Return the boxes on the sequences' frames by split and class; those of whole tracks where only they were
    written."""
    of_videos = all(part.of_videos for part in all_parts)
    boxes: dict[str, Counter[str]] = {}
    for part, note in zip(all_parts, notes, strict=True):
        if part.of_videos == of_videos:
            boxes.setdefault(part.shard.split, Counter()).update(note["boxes"])
    return boxes
