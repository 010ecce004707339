"""Carrying out a recipe: from the store's tables to its partition of ``selections``.

The inputs are pinned: the record names each batch's partitions by identity, so that it can be told whether the
selection is what the recipe would choose today. Here: that order of things. Not here: candidates, strategies, pictures.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from rushes.selection.candidates import Candidate, consider
from rushes.selection.recipe import Recipe, Split
from rushes.selection.strategies import Choice, order
from rushes.store.database import connect
from rushes.store.manifests import Record, batch_names, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import RECIPE, REJECTS, SELECTIONS
from rushes.store.tables import write_partition
from rushes.work.plan import State, digest

ASSET = "selected_sequences"
VERSION = "1"
READS = ("raw_videos", "filtered_clips", "tracks", "embeddings")


@dataclass(frozen=True)
class Selection:
    """What a recipe chose. ``funnel`` tells how many were left at each step."""

    record: Record
    candidates: list[Candidate]
    choices: list[Choice]
    funnel: list[tuple[str, int]]

    @property
    def note(self) -> str | None:
        """What was asked for and not reached."""
        return self.record.note


def selection_inputs(objects: Objects, recipe: Recipe) -> dict[str, str]:
    """Return the identity of each partition that the recipe reads: all batches whose embeddings are built."""
    inputs: dict[str, str] = {}
    for batch in batch_names(objects):
        if recipe.collections and batch.rpartition("-")[0] not in recipe.collections:
            continue
        records = [read_record(objects, asset, batch) for asset in READS]
        if all(records):
            inputs |= {f"{r.asset}/{batch}": r.identity for r in records if r is not None}
    return inputs


def selection_state(objects: Objects, recipe: Recipe) -> tuple[State, str]:
    """Tell how the recipe's selection stands, and the identity it would have if made now."""
    inputs = selection_inputs(objects, recipe)
    identity = digest({"version": VERSION, "recipe": recipe.selecting(), "inputs": inputs})
    if not inputs:
        return State.WAITING, identity
    record = read_record(objects, ASSET, recipe.name)
    if record is None:
        return State.MISSING, identity
    return (State.BUILT if record.identity == identity else State.STALE), identity


def select(objects: Objects, recipe: Recipe) -> Selection:
    """Choose sequences by a recipe and write them. Fewer than asked, or none, is said in ``note``; it is no error."""
    inputs = selection_inputs(objects, recipe)
    with connect(objects) as connection:
        considered = consider(connection, recipe, sorted({key.partition("/")[2] for key in inputs}))
    candidates = considered.candidates
    choices = order(recipe, candidates)
    rows = [
        {
            "rank": rank,
            "sequence_id": (c := candidates[choice.at]).sequence_id,
            "video_id": c.video_id,
            "clip_id": c.clip_id,
            "track_id": c.track_id,
            "frames": c.frames.tolist(),
            "split": split_of(c.video_id, recipe.split, recipe.seed),
            "score": choice.score,
            "why": choice.why,
        }
        for rank, choice in enumerate(choices)
    ]
    rejects = [reject.row() for reject in considered.rejects]
    tables = {
        SELECTIONS: ({RECIPE: recipe.name}, SELECTIONS.from_rows(rows)),
        REJECTS: ({"asset": ASSET, "partition": recipe.name}, REJECTS.from_rows(rejects)),
    }
    sizes = {t.name: len(write_partition(objects, t, keys, rows)) for t, (keys, rows) in tables.items()}
    funnel = [*considered.funnel, ("chosen", len(choices))]
    record = Record(
        ASSET,
        recipe.name,
        VERSION,
        digest({"version": VERSION, "recipe": recipe.selecting(), "inputs": inputs}),
        rows={table.name: len(rows) for table, (_, rows) in tables.items()},
        bytes=sizes,
        rejects=dict(sorted(Counter(r["reason"] for r in rejects).items())),
        inputs=inputs,
        note=_shortfall(recipe, funnel),
    )
    write_record(objects, record)
    return Selection(record, candidates, choices, funnel)


def split_of(video_id: str, split: Split | None, seed: int) -> str:
    """Return a video's split: its hash falls into one of the shares, so that new videos move no old one."""
    if split is None:
        return "all"
    at = int(hashlib.md5(f"{seed}:{video_id}".encode()).hexdigest()[:8], 16) / 2**32
    at *= split.train + split.val + split.test
    if at < split.train:
        return "train"
    return "val" if at < split.train + split.val else "test"


def _shortfall(recipe: Recipe, funnel: list[tuple[str, int]]) -> str | None:
    chosen = funnel[-1][1]
    if chosen and (recipe.limit is None or chosen >= recipe.limit):
        return None
    steps = " → ".join(f"{count} {step}" for step, count in funnel)
    asked = f"{chosen} of {recipe.limit} sequences" if recipe.limit else "nothing"
    return f"recipe {recipe.name} chose {asked}: {steps}"
