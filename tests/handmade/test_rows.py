"""Rows are there whole or not at all, whoever appends, and their files stay few."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.errors import StoreError
from rushes.handmade.rows import Rows
from rushes.store.objects import Objects


@pytest.fixture
def rows(store: Objects) -> Rows:
    return Rows(store, "rows/a")


def append(rows: Rows, **values: int) -> None:
    rows.append({name: pa.array([value]) for name, value in values.items()})


def held(rows: Rows, column: str) -> list[int]:
    return [rows.value(column, number).as_py() for number in range(rows.count(column))]


def files(store: Objects) -> list[str]:
    return list(store.list("rows/a"))


def test_columns_have_lengths_of_their_own(rows: Rows, store: Objects) -> None:
    append(rows, a=1, b=2)
    append(rows, a=3)
    append(rows, b=4, c=5)
    for one in (rows, Rows(store, "rows/a")):
        assert [held(one, name) for name in "abcd"] == [[1, 3], [2, 4], [5], []]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=60, max_size=140))
def test_samples_are_found_however_rows_were_merged(
    tmp_path_factory: pytest.TempPathFactory, plan: list[set[str]]
) -> None:
    store = Objects(tmp_path_factory.mktemp("rows"))
    rows = Rows(store, "rows/a")
    for number, names in enumerate(plan):
        append(rows, **dict.fromkeys(names, number))
    for one in (rows, Rows(store, "rows/a")):
        for name in "abc":
            assert held(one, name) == [number for number, names in enumerate(plan) if name in names]


def test_there_are_few_files_and_a_reader_who_came_before_they_were_merged_goes_on(rows: Rows, store: Objects) -> None:
    for number in range(63):
        append(rows, a=number)
    early = Rows(store, "rows/a")
    assert early.count("a") == 63
    for number in range(63, 200):
        append(rows, a=number)
    assert len(files(store)) == 3 + 200 - 3 * 64
    assert held(early, "a")[:63] == list(range(63))


def test_a_merge_that_was_cut_short_changes_nothing(rows: Rows, store: Objects) -> None:
    before = {}
    for number in range(64):
        before |= {name: store.read(name) for name in files(store)}
        append(rows, a=number)
    for name, data in before.items():
        store.write(name, data)  # as if nobody had come to delete them
    again = Rows(store, "rows/a")
    assert held(again, "a") == list(range(64))
    append(again, a=64)
    assert held(Rows(store, "rows/a"), "a") == list(range(65))


def test_a_writer_who_slept_while_others_wrote_and_merged_loses_nothing(rows: Rows, store: Objects) -> None:
    append(rows, a=0)
    sleeper = Rows(store, "rows/a")
    assert sleeper.count("a") == 1
    for number in range(1, 130):
        append(rows, a=number)
    append(sleeper, a=130)
    assert held(Rows(store, "rows/a"), "a") == list(range(131))


def _append_all(folder: str, numbers: Iterable[int]) -> None:
    rows = Rows(Objects(folder), "rows/a")
    for number in numbers:
        append(rows, a=number)


def test_several_processes_may_append_at_once(store: Objects) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_all, args=(store.root, range(w * 40, w * 40 + 40))) for w in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = held(Rows(store, "rows/a"), "a")
    assert sorted(found) == list(range(120))
    for w in range(3):
        own = [number for number in found if number // 40 == w]
        assert own == sorted(own)


def test_a_killed_writer_leaves_whole_rows(store: Objects) -> None:
    context = multiprocessing.get_context("fork")
    for moment in (0.15, 0.3):
        before = Rows(store, "rows/a").count("a")
        worker = context.Process(target=_append_all, args=(store.root, range(before, 10_000)))
        worker.start()
        time.sleep(moment)
        os.kill(worker.pid or 0, signal.SIGKILL)
        worker.join()
        found = held(Rows(store, "rows/a"), "a")
        assert found == list(range(len(found)))


def test_lost_files_are_an_error(rows: Rows, store: Objects, tmp_path: Path) -> None:
    for number in range(3):
        append(rows, a=number)
    store.delete(files(store)[1])
    with pytest.raises(StoreError, match="some of its rows are missing"):
        Rows(store, "rows/a").count("a")
