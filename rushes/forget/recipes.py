"""What recipes made of the videos that are to go: selections, reports, data sets.

A selection loses the rows, in order, and is marked; it is stale anyhow, since the batches that it was chosen from have
changed. A data set that held one of its frames goes whole, every version that did, and can be packaged anew at once
from what the selection has left. Reports and pictures show candidates too, so those of a recipe that read one of the
batches go. Here: that. Not here: recipes themselves, and data sets made by hand, which are people's (``left``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rushes.errors import RushesError
from rushes.forget.batches import forget_pictures, without_rejects
from rushes.forget.changes import Changes
from rushes.forget.targets import Targets
from rushes.packaging.package import package
from rushes.packaging.state import ASSET as PACKAGED
from rushes.packaging.state import package_state
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import ASSET as SELECTED
from rushes.selection.state import batches_of
from rushes.store.failures import clear_failure, write_failure
from rushes.store.manifests import Record, read_record, record_path, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import DATASETS, RECIPE, REJECTS, SELECTIONS
from rushes.store.tables import as_written, partition_path, read_partition
from rushes.work.plan import digest

_FOLDERS = ("tables/selections", "tables/datasets", "reports", "datasets")
_ABOUT = "dataset.json"
_VERSION = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True)
class Lost:
    """What a recipe's selection, or its data set, lost: so many rows of so many, or all that was packaged."""

    recipe: str
    rows: int
    of: int
    data_set: bool

    @property
    def words(self) -> str:
        """What a person should know of it."""
        return f"{self.rows} of {self.of} sequences were forgotten: 'rushes build --recipe {self.recipe}' chooses anew"


def forget_made(changes: Changes, targets: Targets) -> list[Lost]:
    """Take videos out of all that recipes made; return what each recipe lost."""
    return [lost for name in recipes(changes.objects) if (lost := _Made(changes, targets, name).forget())]


def rewrite(objects: Objects, lost: Lost, workers: int | None) -> str | None:
    """Package anew what a selection has left; return why that could not be done, or None.

    It is marked as what it is. Where it cannot be done, the data set stays away, and its mark says so.
    """
    try:
        record = package(objects, recipe_files.load(objects, lost.recipe), workers)
    except Exception as error:  # whatever it is: what had to go is gone
        why = " ".join(str(error).split())
        write_failure(objects, PACKAGED, lost.recipe, f"{_removed(lost.recipe)}; packaging what is left failed: {why}")
        return why
    write_record(objects, replace(record, note=lost.words))
    clear_failure(objects, PACKAGED, lost.recipe)
    return None


def _removed(recipe: str) -> str:
    return f"the data set held what was forgotten and was removed: rushes build --recipe {recipe}"


def recipes(objects: Objects) -> list[str]:
    """Return the recipes that there are, those of which something is left, and whatever is a data set."""
    found = set(recipe_files.names(objects))
    for folder in _FOLDERS:
        first = (name.removeprefix(f"{folder}/").partition("/")[0] for name in objects.list(folder))
        found |= {name.removeprefix(f"{RECIPE}=") for name in first}
    return sorted(found)


def about_of(objects: Objects, folder: str) -> dict[str, Any] | None:
    """Return what a data set, or a version of one, says of itself; None where nothing does."""
    try:
        about: dict[str, Any] = json.loads(objects.read(f"{folder}/{_ABOUT}"))
    except FileNotFoundError:
        return None
    return about


def is_by_hand(about: dict[str, Any] | None) -> bool:
    """Tell whether a data set was made by hand, and not packaged."""
    return about is not None and "recipe" not in about


class _Made:
    """What one recipe made."""

    def __init__(self, changes: Changes, targets: Targets, recipe: str) -> None:
        self._changes, self._objects = changes, changes.objects
        self._targets, self._names, self._recipe = targets, targets.names, recipe
        self._record = read_record(self._objects, SELECTED, recipe)
        read = set(batches_of(self._record.inputs)) if self._record else set()
        self._read = bool(read & targets.entries.keys())

    def forget(self) -> Lost | None:
        """Take everything out, pictures first."""
        gone = self._forget_versions()
        if self._read or self._is_reported():
            self._changes.delete(self._objects.list(f"reports/{self._recipe}"), "files of reports")
            for asset in (SELECTED, PACKAGED):
                forget_pictures(self._changes, asset, self._recipe)
        if gone:
            self._forget_packaged()
        else:
            self._forget_rejects(PACKAGED, read_record(self._objects, PACKAGED, self._recipe))
        rows, of = self._forget_selection()
        return Lost(self._recipe, rows, of, gone) if rows or gone else None

    def _is_reported(self) -> bool:
        """Tell whether the report says so itself, where the record of what it was made from is gone or another."""
        page = f"reports/{self._recipe}/index.html"
        return self._objects.exists(page) and self._names.mentioned(self._objects.read(page).decode())

    def _forget_versions(self) -> bool:
        """Remove each version that has a frame of what goes; tell whether the one that counts was among them."""
        folder = f"datasets/{self._recipe}"
        current = about_of(self._objects, folder)
        if is_by_hand(current):
            return False
        files: dict[str, list[str]] = {}
        for name in self._objects.list(folder):
            version, slash, _ = name.removeprefix(f"{folder}/").partition("/")
            if slash and _VERSION.fullmatch(version):  # whatever else lies there is not packaging's
                files.setdefault(version, []).append(name)
        record = read_record(self._objects, PACKAGED, self._recipe)
        counts = {current["version"] if current else None, record.identity[:12] if record else None}
        gone = current is not None and self._holds(current)
        if gone:
            self._changes.delete([f"{folder}/{_ABOUT}"], "files of data sets")
        for version, names in files.items():
            about_it = about_of(self._objects, f"{folder}/{version}")
            if self._is_scrap(version) if about_it is None else self._holds(about_it):
                # What says that a version is whole goes first: nobody opens half of one.
                about = f"{folder}/{version}/{_ABOUT}"
                self._changes.delete(sorted(names, key=lambda name: name != about), "files of data sets")
                gone |= version in counts
        # Of one that an interrupted forgetting has removed, the record is still there.
        cut_off = (
            self._read
            and record is not None
            and record.identity != ""
            and not self._objects.exists(f"{folder}/{record.identity[:12]}/{_ABOUT}")
        )
        return gone or cut_off

    def _holds(self, about: dict[str, Any]) -> bool:
        """Tell whether a version has a frame of what goes."""
        gone, contents = self._targets.videos, self._targets.contents
        return any(s["video_id"] in gone or s["sha256"] in contents for s in about["sources"])

    def _is_scrap(self, version: str) -> bool:
        """Tell whether a version that was never ended may hold what goes: not, if it is being made of other batches."""
        if self._read or self._record is None:
            return True
        try:
            return package_state(self._objects, recipe_files.load(self._objects, self._recipe))[1][:12] != version
        except RushesError:
            return True  # nobody can end it

    def _forget_packaged(self) -> None:
        """Remove what says that there is a data set, and say instead why there is none."""
        paths = [
            partition_path(DATASETS, {RECIPE: self._recipe}),
            partition_path(REJECTS, {"asset": PACKAGED, "partition": self._recipe}),
            record_path(PACKAGED, self._recipe),
        ]
        self._changes.do(partial(write_failure, self._objects, PACKAGED, self._recipe, _removed(self._recipe)))
        self._changes.delete([path for path in paths if self._objects.exists(path)], "tables and records of data sets")

    def _forget_selection(self) -> tuple[int, int]:
        """Take rows out of the selection; return how many, and how many there were."""
        keys = {RECIPE: self._recipe}
        try:
            rows = read_partition(self._objects, SELECTIONS, keys)
        except FileNotFoundError:
            return 0, 0
        own = as_written(SELECTIONS, rows)
        kept = own.from_rows(self._kept(rows.select(own.arrow.names).to_pylist()))
        if not kept.equals(rows):
            self._changes.partition(SELECTIONS, keys, kept, len(rows) - len(kept))
        record = self._record
        if record is None:
            return len(rows) - len(kept), len(rows)
        lost = record.rows[SELECTIONS.name] - len(kept)  # an interrupted forgetting may have taken them out before
        if lost:
            words = Lost(self._recipe, lost, len(kept) + lost, False).words
            record = replace(
                record,
                identity=digest({"of": record.identity, "without": sorted(self._targets.videos)}),
                rows={**record.rows, SELECTIONS.name: len(kept)},
                note="; ".join(filter(None, [words, record.note])),
            )
        self._forget_rejects(SELECTED, record)
        return lost, len(kept) + lost

    def _kept(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the rows that stay, ranked anew: their order is as it was, and none speaks of what goes."""
        stay = (row for row in rows if row["video_id"] not in self._targets.videos)
        for rank, row in enumerate(stay):
            near = row["nearest"] is not None and self._names.goes(row["nearest"])
            yield {
                **row,
                "rank": rank,
                "nearest": None if near else row["nearest"],
                "distance": None if near else row["distance"],
                "why": self._names.hidden(row["why"]),
            }

    def _forget_rejects(self, asset: str, record: Record | None) -> None:
        """Take rejects out of an asset's table, and write its record when that, or something before, changed it."""
        keys = {"asset": asset, "partition": self._recipe}
        rows = REJECTS.empty()
        with suppress(FileNotFoundError):
            rows = read_partition(self._objects, REJECTS, keys)
        kept = without_rejects(rows, self._names)
        if not kept.equals(rows):
            self._changes.partition(REJECTS, keys, kept, len(rows) - len(kept))
        if record is None:
            return
        reasons: Iterable[str] = kept.column("reason").to_pylist()
        record = replace(
            record,
            rows={**record.rows, REJECTS.name: len(kept)},
            rejects=dict(sorted(Counter(reasons).items())),
        )
        if record != read_record(self._objects, asset, self._recipe):
            self._changes.do(partial(write_record, self._objects, record))
