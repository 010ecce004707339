"""Carrying out a recipe: from the store's tables to its partition of ``selections``.

Here: that order of things. Not here: what a recipe reads, and whether its selection is what it would choose today
(``state``), candidates (``consider``), the order of choice (``choose``), pictures (``report``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from rushes.errors import SettingsError, StoreError
from rushes.selection.candidates.consider import Considered, consider
from rushes.selection.choice import Candidates, Choice
from rushes.selection.recipes.pools import check_no_circle
from rushes.selection.recipes.recipe import Recipe, names
from rushes.selection.recipes.split import splits
from rushes.selection.state import ASSET, VERSION, batches_of, identity_of, not_selected, selection_inputs
from rushes.selection.until_sound import Choosing
from rushes.store.database import connect
from rushes.store.forgotten import Forgotten, take_back
from rushes.store.manifests import Record, record_path, write_record
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import RECIPE, REJECTS, SELECTIONS
from rushes.store.tables import partition_path, write_partition
from rushes.work.turn import turn

_STAYS = "chosen before: "

_Row = dict[str, Any]
_Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Selection:
    """What a recipe chose, in order of choice. ``funnel`` tells how many were left at each step."""

    record: Record
    candidates: Candidates
    choices: list[Choice]
    funnel: list[tuple[str, int]]

    @property
    def note(self) -> str | None:
        """What was asked for and not reached."""
        return self.record.note


def select(
    objects: Objects,
    recipe: Recipe,
    workers: int | None = 0,
    progress: _Progress = lambda done, total: None,
    report: Callable[[Selection], object] = lambda selection: None,
) -> Selection:
    """Choose sequences by a recipe and write them. Fewer than asked, or none, is said in ``note``; it is no error.

    ``report`` is written before the selection counts as built.

    Raises ``SettingsError`` for a recipe that this store cannot carry out, ``StoreError`` when the store changed
    meanwhile.
    """
    check_no_circle(objects, recipe)
    inputs = selection_inputs(objects, recipe)
    for other in not_selected(recipe, inputs):
        known = ", ".join(names(objects))
        raise SettingsError(f"recipe {recipe.name}: datapool: nothing is selected by {other!r}; recipes: {known}")
    with connect(objects, confined=True) as connection:
        pool = pool_of(connection, recipe)
        considered = consider(connection, recipe, batches_of(inputs), pool)
        candidates = considered.candidates
        own = _own_places(candidates, [row for row in pool if row[RECIPE] == recipe.name])
        asked = recipe.count(dict(considered.funnel)["sequences"])
        own = dict(list(own.items())[:asked])
        chosen = Choosing(objects, connection, recipe, candidates, workers, progress)
        choices, rejects = chosen.choices(None if asked is None else asked - len(own))
    if selection_inputs(objects, recipe) != inputs:
        raise StoreError(f"recipe {recipe.name}: batches were built while it was choosing: build it again")
    choices = [*_kept(candidates, own), *choices]
    return _write(objects, recipe, inputs, considered, choices, rejects, asked, report)


def pool_of(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> list[_Row]:
    """Return what the recipe's data pool chose, the recipe's own first, each in order of rank.

    Its own choice of a video that it excludes by now is none any more.
    """
    if not recipe.datapool:
        return []
    query = "SELECT * FROM selections WHERE list_contains(?, recipe) ORDER BY recipe <> ?, recipe, rank"
    rows = connection.execute(query, [list(recipe.datapool), recipe.name]).to_arrow_table().to_pylist()
    split = recipe.split
    return [row for row in rows if row[RECIPE] != recipe.name or split is None or not split.excludes(row["video_id"])]


def _own_places(candidates: Candidates, own: Sequence[_Row]) -> dict[int, _Row]:
    """Return the recipe's own earlier rows by place, in order of rank; those that are gone from the store are not."""
    if not own:
        return {}
    ids = candidates.rows.column("sequence_id").to_pylist()
    places = {ids[at]: int(at) for at in np.flatnonzero(candidates.pooled)}
    return {places[row["sequence_id"]]: row for row in own if row["sequence_id"] in places}


def _kept(candidates: Candidates, own: Mapping[int, _Row]) -> Iterator[Choice]:
    """Yield the recipe's own earlier choices as they were, save that what was nearest may be gone."""
    ids = candidates.rows.column("sequence_id")
    places = {ids[at].as_py(): at for at in np.flatnonzero(candidates.pooled).tolist()}
    for at, row in own.items():
        why = row["why"] if row["why"].startswith(_STAYS) else f"{_STAYS}{row['why']}"
        nearest = places.get(row["nearest"])
        distance = None if nearest is None else row["distance"]
        yield Choice(at, row["score"], why, nearest, distance, row["relaxed"] or 0)


def _write(
    objects: Objects,
    recipe: Recipe,
    inputs: dict[str, str],
    considered: Considered,
    choices: list[Choice],
    rejects: list[Reject],
    asked: int | None,
    report: Callable[[Selection], object],
) -> Selection:
    rows = _rows(recipe, considered.candidates, choices)
    rejected = [reject.row() for reject in (*considered.rejects, *rejects)]
    tables = {
        SELECTIONS: ({RECIPE: recipe.name}, SELECTIONS.from_rows(rows)),
        REJECTS: ({"asset": ASSET, "partition": recipe.name}, REJECTS.from_rows(rejected)),
    }
    funnel = [*considered.funnel, *_left_out(considered, rejects), ("chosen", len(choices))]
    with turn(objects, ASSET, recipe.name) as own:
        own.begin()
        sizes = {t.name: len(write_partition(objects, t, keys, written)) for t, (keys, written) in tables.items()}
        record = Record(
            ASSET,
            recipe.name,
            VERSION,
            identity_of(recipe, inputs),
            rows={table.name: len(written) for table, (_, written) in tables.items()},
            bytes=sizes,
            rejects=dict(sorted(Counter(r["reason"] for r in rejected).items())),
            inputs=inputs,
            note=_shortfall(recipe, funnel, asked),
            funnel=tuple(funnel),
        )
        selection = Selection(record, considered.candidates, choices, funnel)
        own.renew()
        report(selection)
        own.check()
        write_record(objects, record)
        forgotten = Forgotten.of(objects)
        if any(forgotten.id(str(row["video_id"])) for row in rows):  # while this was written, perhaps unseen
            names = [partition_path(table, keys) for table, (keys, _) in tables.items()]
            take_back(objects, [*names, record_path(ASSET, recipe.name)], f"recipe {recipe.name}")
    return selection


def _rows(recipe: Recipe, candidates: Candidates, choices: Sequence[Choice]) -> list[_Row]:
    chosen = [candidates.row(choice.at) for choice in choices]
    split_of = splits([str(row["video_id"]) for row in chosen], recipe.split, recipe.seed)
    ids = candidates.rows.column("sequence_id")
    return [
        {
            "rank": rank,
            **{name: row[name] for name in ("sequence_id", "video_id", "clip_id", "track_id", "class_name")},
            "frames": candidates.frames(choice.at).tolist(),
            "n_padded": row["n_padded"],
            "split": split_of[str(row["video_id"])],
            "score": choice.score,
            "nearest": None if choice.nearest is None else ids[choice.nearest].as_py(),
            "distance": choice.distance,
            "relaxed": choice.relaxed,
            "why": choice.why,
        }
        for rank, (choice, row) in enumerate(zip(choices, chosen, strict=True))
    ]


def _left_out(considered: Considered, rejects: Sequence[Reject]) -> Iterator[tuple[str, int]]:
    """Yield the steps that only choosing showed, of what was looked at until there was enough."""
    left = considered.funnel[-1][1]
    for reason, step in ((Reason.DUPLICATE, "without repeats"), (Reason.CORRUPT, "that can be decoded")):
        if count := sum(reject.reason is reason for reject in rejects):
            left -= count
            yield step, left


def _shortfall(recipe: Recipe, funnel: list[tuple[str, int]], asked: int | None) -> str | None:
    chosen = funnel[-1][1]
    if chosen and (asked is None or chosen >= asked):
        return None
    steps = " → ".join(f"{count} {step}" for step, count in funnel)
    found = f"{chosen} of {asked} sequences" if asked else "nothing"
    return f"recipe {recipe.name} chose {found}: {steps}"
