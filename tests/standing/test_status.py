"""A whole store is told as its batches and recipes are one by one, whatever state they are in and whatever changes."""

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rushes import settings
from rushes.errors import ModelError
from rushes.packaging.state import ASSET as PACKAGED
from rushes.packaging.state import package_state
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import ASSET as SELECTED
from rushes.selection.state import selection_state
from rushes.standing.status import PartitionStatus, batch_statuses, every_batch, every_recipe, recipe_statuses, statuses
from rushes.steps import STEPS
from rushes.store.annotations import Lines, attach, write_lines
from rushes.store.failures import clear_failure, failure_path, read_note, write_failure
from rushes.store.links import write_seen
from rushes.store.manifests import (
    Batch,
    Built,
    Entry,
    Record,
    batch_names,
    read_batch,
    read_record,
    record_path,
    replace_batch,
    seal_batch,
    write_record,
)
from rushes.store.objects import Objects
from rushes.work.plan import State, plan

COLLECTIONS = ("day", "night")


def told_one_by_one(objects: Objects, batch: str) -> list[PartitionStatus]:
    """Tell a batch's assets, each from its own plan, record and note."""
    manifest = read_batch(objects, batch)
    raw = read_record(objects, "raw_videos", batch)
    told = []
    for asset, step in STEPS.items():
        planned = plan(objects, step, manifest, settings.load(objects, manifest.collection))
        record, note = read_record(objects, asset, batch), read_note(objects, asset, batch)
        told.append(
            PartitionStatus(
                asset,
                batch,
                planned.state,
                rows=record.rows[step.tables[0]] if record else 0,
                rejects=sum(record.rejects.values()) if record else 0,
                failure=note.message if note else None,
                note=record.note if record else None,
                weight=raw.rows["packets"] if raw else len(manifest.entries),
                identity=planned.identity,
                attempts=note.attempts if note and note.shape == planned.identity else 0,
                process=note.process if note else None,
            )
        )
    return told


def states_one_by_one(objects: Objects, name: str) -> list[State]:
    recipe = recipe_files.load(objects, name)
    return [selection_state(objects, recipe)[0], package_state(objects, recipe)[0]]


def assert_told_alike(objects: Objects) -> list[list[PartitionStatus]]:
    """Hold what is told of the whole store against each partition by itself; return the batches."""
    batches, recipes = list(every_batch(objects)), list(every_recipe(objects))
    assert batches == [told_one_by_one(objects, name) for name in batch_names(objects)]
    assert batches == [batch_statuses(objects, name) for name in batch_names(objects)]
    assert recipes == [recipe_statuses(objects, name) for name in recipe_files.names(objects)]
    assert [[one.state for one in told] for told in recipes] == [
        states_one_by_one(objects, name) for name in recipe_files.names(objects)
    ]
    assert list(statuses(objects)) == [*batches, *recipes]
    return batches


class Changes:
    """A store in which something changes by chance: sources, links, lines, records, notes, settings, manifests."""

    def __init__(self, objects: Objects, folder: Path, seed: int) -> None:
        self.objects = objects
        self.folder = folder
        self.chance = random.Random(seed)
        self.model = folder / "cartoon.pt"
        self.count = 0
        folder.mkdir()
        for at, count in enumerate((4, 0, 3, 5)):
            self._seal(f"{COLLECTIONS[at % 2]}-{at // 2:04d}", count)
        recipe_files.save(objects, "name: all\nsequence_length: 4\nn_sequences: 5\n")
        recipe_files.save(objects, "name: night\ncollections: [night]\nsequence_length: 4\nn_sequences: 5\n")
        recipe_files.save(objects, "name: more\ndatapool: [night]\nsequence_length: 4\nn_sequences: 5\n")

    def _seal(self, name: str, count: int) -> None:
        lines = {f"{name}.0": [Lines("set", "table", "a.csv", b"1\tx\n")]} if self.chance.random() < 0.5 else {}
        seal_batch(
            self.objects,
            Batch(
                name,
                name.rpartition("-")[0],
                tuple(self._entry(f"{name}.{at}") for at in range(count)),
                write_lines(self.objects, lines),
            ),
        )

    def _entry(self, entry_id: str) -> Entry:
        path = self.folder / f"{entry_id}.mp4"
        if self.chance.random() < 0.7:
            path.write_text("x")
        other = Entry(entry_id, entry_id, f"https://host.example/{entry_id}.mp4", linked=self.chance.random() < 0.5)
        return self.chance.choice(
            [
                other,
                Entry(entry_id, entry_id, str(path), linked=self.chance.random() < 0.3),
                Entry(entry_id, entry_id, str(path), rival="/x.mp4", deep=True),
                Entry(entry_id, entry_id, f"{path}:3", misfit=("unreadable", "no line")),
            ]
        )

    def change(self) -> None:
        self.count += 1
        options: list[Callable[[], None]] = [self.build, self.build, self.build, self.spoil, self.touch, self.fail]
        options += [self.link, self.annotate, self.set, self.drop, self.select, self.train]
        self.chance.choice(options)()

    def _batch(self) -> Batch:
        return read_batch(self.objects, self.chance.choice(batch_names(self.objects)))

    def build(self) -> None:
        """Write the records that a build would, as far as it comes; some videos are rejected or left unfinished."""
        batch = self._batch()
        for step in list(STEPS.values())[: self.chance.randint(1, 5)]:
            planned = plan(self.objects, step, batch, settings.load(self.objects, batch.collection))
            made = [(entry.entry_id, key) for entry, key in planned.parts if self.chance.random() < 0.9]
            left = tuple(entry for entry, _ in made[:1]) if self.chance.random() < 0.2 else ()
            items = {
                entry: Built(key, {table: f"{table} {self.chance.randint(0, 2)}" for table in step.tables})
                for entry, key in made
                if entry not in left
            }
            rows = {table: len(items) for table in step.tables}
            rejects = {"still": len(planned.parts) - len(items)}
            write_record(
                self.objects,
                Record(step.asset, batch.name, step.version, planned.identity, planned.shaped_by, items, left, rows)
                if self.chance.random() < 0.2
                else Record(
                    step.asset, batch.name, "1", planned.identity, {}, items, left, rows, rejects=rejects, note="ü"
                ),
            )

    def _record(self) -> tuple[str, str]:
        return self.chance.choice(list(STEPS)), self._batch().name

    def spoil(self) -> None:
        """Take a record away, half of it, or its identity; or put a stray file beside it."""
        asset, name = self._record()
        path = record_path(asset, name)
        if not self.objects.exists(path):
            self.objects.write(f"records/{asset}/stray", b"nothing")
            return
        data = self.objects.read(path)
        record = read_record(self.objects, asset, name)
        match self.chance.randint(0, 4):
            case 0:
                self.objects.delete(path)
            case 1:
                self.objects.write(path, data[: len(data) // 2])
            case 2:
                self.objects.write(path, b"")
            case _ if record:
                write_record(self.objects, replace(record, identity=self.chance.choice(["", "other"])))

    def touch(self) -> None:
        """Change a source, without another size, or take it away, or put one there."""
        for entry in self._batch().entries:
            path = Path(entry.source_uri)
            match self.chance.randint(0, 3):
                case 0:
                    path.unlink(missing_ok=True)
                case 1 if path.parent == self.folder:
                    path.write_text(f"{self.chance.randint(0, 9)}")
                    os.utime(path, ns=(self.count, self.count))

    def fail(self) -> None:
        asset, name = self._record()
        match self.chance.randint(0, 2):
            case 0:
                clear_failure(self.objects, asset, name)
            case 1:
                self.objects.write(failure_path(asset, name), b'{"mess')
            case _:
                shape = {one.asset: one.identity for one in batch_statuses(self.objects, name)}[asset]
                write_failure(self.objects, asset, name, "no luck", self.chance.choice([shape, "other"]), 2)

    def link(self) -> None:
        for entry in self._batch().entries:
            write_seen(self.objects, entry.entry_id, f"{self.chance.randint(0, 3)} etag")

    def annotate(self) -> None:
        batch = self._batch()
        for entry in batch.entries[:1]:
            text = f"{self.chance.randint(0, 3)}\tx\n".encode()
            listing = write_lines(self.objects, {entry.entry_id: [Lines("set", "table", "a.csv", text)]})
            assert listing is not None
            attach(self.objects, batch.name, listing)

    def set(self) -> None:
        own = {"collections": {"night": {"shots": {"min_content": self.chance.randint(1, 3)}}}}
        general = {"embedding": {"crops_per_track": self.chance.randint(1, 2)}}
        model = {"filters": {"cartoon_model": str(self.model)}} if self.model.exists() else {}
        settings.save(self.objects, json.dumps(general | model | (own if self.chance.random() < 0.5 else {})))

    def train(self) -> None:
        self.model.write_bytes(bytes([self.chance.randint(0, 3)]))
        os.utime(self.model, ns=(self.count, self.count))

    def drop(self) -> None:
        """Take an entry out of a batch, as forgetting does; or register another batch."""
        batch = self._batch()
        if self.chance.random() < 0.5:
            replace_batch(self.objects, replace(batch, entries=batch.entries[1:]))
        elif len(batch_names(self.objects)) < 8:
            self._seal(f"day-{self.count + 10:04d}", 2)

    def select(self) -> None:
        for name in recipe_files.names(self.objects):
            identity = selection_state(self.objects, recipe_files.load(self.objects, name))[1]
            write_record(self.objects, Record(SELECTED, name, "1", identity, rows={"selections": 3}))
            if self.chance.random() < 0.5:
                write_record(self.objects, Record(PACKAGED, name, "1", identity, rows={"datasets": 1}))


@pytest.mark.parametrize("seed", range(6))
def test_a_store_that_changes_is_told_as_each_of_its_partitions_is(store: Objects, tmp_path: Path, seed: int) -> None:
    changes = Changes(store, tmp_path / "footage", seed)
    assert_told_alike(store)
    for _ in range(25):
        changes.change()
        assert_told_alike(store)


def test_all_states_come_up_in_such_a_store(store: Objects, tmp_path: Path) -> None:
    changes = Changes(store, tmp_path / "footage", 0)
    seen = set()
    for _ in range(60):
        changes.change()
        seen |= {one.state for batch in every_batch(store) for one in batch}
    assert seen == set(State)


def test_looking_writes_nothing(store: Objects, tmp_path: Path) -> None:
    changes = Changes(store, tmp_path / "footage", 1)
    changes.build()
    before = dict(store.marks(""))
    list(statuses(store))
    assert dict(store.marks("")) == before


def test_an_empty_store_has_nothing_to_tell(store: Objects) -> None:
    assert list(statuses(store)) == []


def test_a_batch_weighs_its_frames_and_before_it_is_ingested_its_videos(store: Objects, tmp_path: Path) -> None:
    entries = tuple(Entry(name, name, f"/{name}.mp4") for name in "abc")
    seal_batch(store, Batch("b-0000", "b", entries))
    assert [one.weight for [*told] in every_batch(store) for one in told] == [3] * 5
    rows = {"videos": 3, "packets": 750}
    write_record(store, Record("raw_videos", "b-0000", "4", "any", rows=rows))
    assert [one.weight for [*told] in every_batch(store) for one in told] == [750] * 5


def test_a_recipe_weighs_nothing(store: Objects) -> None:
    recipe_files.save(store, "name: all\nsequence_length: 4\nn_sequences: 5\n")
    [told] = every_recipe(store)
    assert [(one.asset, one.weight) for one in told] == [(SELECTED, 0), (PACKAGED, 0)]


def test_recipes_that_lead_to_each_other_have_failed_and_say_why(store: Objects) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        recipe_files.save(store, f"name: {name}\ndatapool: [{other}]\nsequence_length: 4\nn_sequences: 5\n")
    told = list(every_recipe(store))
    assert told == [recipe_statuses(store, "a"), recipe_statuses(store, "b")]
    assert all("circle" in str(one.failure) and one.state is State.MISSING for pair in told for one in pair)


def test_a_model_that_nobody_knows_is_said(store: Objects) -> None:
    settings.save(store, "filters: {cartoon_model: nobody}")
    assert list(every_batch(store)) == []
    seal_batch(store, Batch("b-0000", "b", ()))
    with pytest.raises(ModelError, match="nobody"):
        list(every_batch(store))
