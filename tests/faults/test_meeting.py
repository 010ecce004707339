"""Builds that are cut off or meet others: tables, record and parts always are of one build."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cut_off import CutOff
from fake_steps import MARK, clip, mark, read, sealed

from rushes.errors import RushesError, VideoError
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.state import READS, selection_inputs
from rushes.settings import Settings
from rushes.store.manifests import Batch, Record, read_batch, read_record, seal_batch, write_record
from rushes.store.objects import Objects
from rushes.store.parts import existing_parts, part_path
from rushes.store.rejects import Reason
from rushes.store.schemas import REDACTIONS
from rushes.store.tables import read_partition
from rushes.work import turn as turns
from rushes.work.build import Report, build
from rushes.work.plan import State, plan
from rushes.work.step import Compute, Outcome, Step, Task

BATCH = "b-0000"


def of(count: int) -> Settings:
    """Settings under which each video has so many clips."""
    return Settings.model_validate({"shots": {"min_shot_frames": count}})


def counting(settings: Settings) -> Compute:
    def compute(task: Task) -> Outcome:
        read(task)
        return Outcome({"clips": [clip(task.entry.video_id, at) for at in range(settings.shots.min_shot_frames)]})

    return compute


COUNT = Step("reading", "1", (), (), ("clips",), lambda s: s.shots.model_dump(), lambda s: (), counting)
# Its own settings shape nothing: what it makes follows from what it reads alone.
FOLLOW = replace(MARK, params=lambda settings: {}, models=lambda settings: ())


def built(store: Objects, settings: Settings, step: Step = COUNT) -> Report:
    return build(store, step, BATCH, settings, workers=0)


def state(store: Objects, settings: Settings, step: Step = COUNT) -> State:
    return plan(store, step, read_batch(store, BATCH), settings).state


def tables(store: Objects) -> dict[str, bytes]:
    return {name: store.read(name) for name in store.list("tables")}


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[int, dict[str, bytes]]:
    """The tables of builds of two, three and four clips a video."""
    found = {}
    for count in (2, 3, 4):
        store = Objects(tmp_path / f"undisturbed-{count}")
        sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
        built(store, of(count))
        built(store, of(count), FOLLOW)
        found[count] = tables(store)
    return found


def test_a_way_back_from_a_build_that_was_cut_off_ends_where_it_began(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    moment = 0
    while True:
        store = Objects(tmp_path / f"store-{moment}")
        sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
        built(store, of(2))
        built(store, of(2), FOLLOW)
        try:
            built(CutOff(store.root, moment), of(3))
            break
        except KeyboardInterrupt:
            pass
        if state(store, of(2)) is State.BUILT:
            assert tables(store) == undisturbed[2], f"cut off at change {moment}: in pieces, and called built"
        built(store, of(2))
        built(store, of(2), FOLLOW)
        assert tables(store) == undisturbed[2], moment
        moment += 1
    assert moment > 5


class Slow(Objects):
    """A store in which what is put takes a while, another each time."""

    def write(self, name: str, data: bytes) -> None:
        if name.startswith(("tables/", "records/")):
            time.sleep(random.random() * 0.02)
        super().write(name, data)


def at_once(*things: Callable[[], Any]) -> list[Exception]:
    """Do things in threads of their own; return what they raised."""
    raised: list[Exception] = []

    def one(thing: Callable[[], Any]) -> None:
        try:
            thing()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(thing,)) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_builds_under_other_settings_at_once_leave_what_one_of_them_gives(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    winners = set()
    for number in range(12):
        store = Slow(tmp_path / f"store-{number}")
        sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
        raised = at_once(*(partial(built, store, of(count)) for count in (2, 3, 4)))
        assert raised == []
        record = read_record(store, "reading", BATCH)
        assert record is not None
        count = record.shaped_by["params"]["min_shot_frames"]
        assert tables(store).items() <= undisturbed[count].items(), number
        assert {built.key for built in record.items.values()} <= existing_parts(store, "reading", BATCH)
        winners.add(count)
    assert len(winners) > 1, "nobody met anybody"


def test_the_same_build_twice_at_once_is_put_together_once(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    written: list[str] = []

    class Noting(Slow):
        def write(self, name: str, data: bytes) -> None:
            super().write(name, data)
            written.append(name)

    store = Noting(tmp_path / "store")
    sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
    assert at_once(*[lambda: built(store, of(2))] * 3) == []
    assert tables(store).items() <= undisturbed[2].items()
    assert sorted(name for name in written if name.startswith("tables/")) == sorted(tables(store))


def test_a_part_is_of_what_its_key_names_though_upstream_is_built_anew_meanwhile(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    store = Objects(tmp_path / "store")
    sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
    built(store, of(2))

    def overtaken(settings: Settings) -> Compute:
        built(store, of(3))
        return mark

    built(store, of(2), replace(FOLLOW, compute=overtaken))
    assert state(store, of(2), FOLLOW) is State.STALE
    built(store, of(2))
    built(store, of(2), FOLLOW)
    assert tables(store) == undisturbed[2]
    built(store, of(3))
    built(store, of(3), FOLLOW)
    assert tables(store) == undisturbed[3]


@pytest.mark.parametrize("comes_back", [False, True], ids=["stays away", "comes back as it was"])
def test_a_source_that_vanishes_while_it_is_read_is_tried_again(tmp_path: Path, comes_back: bool) -> None:
    store = Objects(tmp_path / "store")
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "1"})

    def vanishing(settings: Settings) -> Compute:
        def compute(task: Task) -> Outcome:
            if task.entry.video_id == "b":
                paths["b"].rename(tmp_path / "aside")
                raise VideoError(Reason.MISSING_FILE, "no such file")
            return counting(settings)(task)

        return compute

    report = built(store, of(2), replace(COUNT, compute=vanishing))
    assert report.record.unfinished == ("b",)
    assert set(report.record.items) == {"a"}
    if comes_back:
        (tmp_path / "aside").rename(paths["b"])
        assert set(built(store, of(2)).record.items) == {"a", "b"}


def test_a_source_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    store = Objects(tmp_path / "store")
    paths = sealed(store, tmp_path / "s", {"a": "1"})

    def changing(settings: Settings) -> Compute:
        def compute(task: Task) -> Outcome:
            paths["a"].write_text("0001")
            return counting(settings)(task)

        return compute

    report = built(store, of(2), replace(COUNT, compute=changing))
    assert report.record.unfinished == ("a",)
    assert existing_parts(store, "reading", BATCH) == set()
    assert set(built(store, of(2)).record.items) == {"a"}


class Vanishing(Objects):
    """A store in which a part is removed right before or after it is read for the first time."""

    after = False
    done = False

    def read(self, name: str) -> bytes:
        if not name.startswith("parts/reading/") or self.done:
            return super().read(name)
        self.done = True
        data = super().read(name) if self.after else b""
        self.delete(name)
        return data if self.after else super().read(name)


@pytest.mark.parametrize("after", [False, True], ids=["before it is put together", "before the record names it"])
def test_an_old_part_that_is_tidied_away_under_a_build_is_made_again(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]], after: bool
) -> None:
    store = Objects(tmp_path / "store")
    sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
    for count in (2, 3):
        built(store, of(count))
    vanishing = Vanishing(store.root)
    vanishing.after = after
    assert built(vanishing, of(2)).made == 1
    assert vanishing.done
    built(store, of(2), FOLLOW)
    assert tables(store) == undisturbed[2]


def test_a_part_that_is_gone_from_a_built_batch_is_told_and_made_by_the_next_build(
    tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]
) -> None:
    store = Objects(tmp_path / "store")
    sealed(store, tmp_path / "s", {"a": "1", "b": "1"})
    record = built(store, of(2)).record
    store.delete(part_path("reading", BATCH, record.items["b"].key))
    with pytest.raises(RushesError, match="reading of b-0000: the part of b is gone: build again"):
        built(store, of(2), FOLLOW)
    assert built(store, of(2)).made == 1
    built(store, of(2), FOLLOW)
    assert tables(store) == undisturbed[2]


def test_a_turn_of_a_process_that_died_is_nobodys(tmp_path: Path) -> None:
    store = Objects(tmp_path / "store")
    with turns.turn(store, "reading", BATCH):
        (held,) = store.list(turns.FOLDER)
        assert not turns.abandoned(store, held)
        of_the_dead = store.read(held).replace(b'"started": "', b'"started": "1')
    store.write(f"{turns.FOLDER}/reading/{BATCH}/of-the-dead", of_the_dead)
    with turns.turn(store, "reading", BATCH):
        assert len(list(store.list(turns.FOLDER))) == 1
    assert list(store.list(turns.FOLDER)) == []


def test_a_turn_of_another_machine_is_waited_for_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Objects(tmp_path / "store")
    monkeypatch.setattr(turns, "_PATIENCE_S", 0.5)
    monkeypatch.setattr(turns, "_machine", lambda: "elsewhere")
    with turns.turn(store, "reading", BATCH) as other:
        monkeypatch.setattr(turns, "_machine", lambda: "here")
        turns._OURS.clear()
        began = time.monotonic()
        with turns.turn(store, "reading", BATCH) as own:
            assert time.monotonic() - began >= 0.5
            own.check()
            with pytest.raises(RushesError, match="held up for so long that another build went on"):
                other.check()


def test_a_selection_is_of_the_batches_as_they_are_and_of_none_that_is_in_pieces(store: Objects) -> None:
    recipe_files.save(store, "name: r\nunit: sequence\nsequence_length: 2\nfps: 1\nformats: [native]\n")
    recipe = recipe_files.load(store, "r")
    seal_batch(store, Batch(BATCH, "b", ()))
    for asset in READS:
        write_record(store, Record(asset, BATCH, "1", "some identity"))
    whole = selection_inputs(store, recipe)
    write_record(store, Record("embeddings", BATCH, "1", "some identity", unfinished=("a",)))
    assert selection_inputs(store, recipe).keys() == whole.keys()
    assert selection_inputs(store, recipe) != whole, "a video that is tried again brings rows under the same identity"
    write_record(store, Record("embeddings", BATCH, "1", ""))
    assert selection_inputs(store, recipe) == {}


def test_redactions_are_those_of_the_clips(tmp_path: Path, undisturbed: dict[int, dict[str, bytes]]) -> None:
    """What the others are compared to differs in every table."""
    store = Objects(tmp_path / "undisturbed-3")
    assert len(read_partition(store, REDACTIONS, {"batch": BATCH})) == 6
    names = [name for name in undisturbed[2] if "rejects" not in name]
    assert len(names) == 2
    assert all(undisturbed[2][name] != undisturbed[3][name] for name in names)
