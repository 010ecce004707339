"""A build does what is missing and nothing else, and no video's trouble is another's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_steps import MARK, READ, calls, read, sealed

from rushes.errors import ModelError, StoreError
from rushes.settings import Settings
from rushes.store.failures import read_failure
from rushes.store.manifests import Batch, read_batch, read_record, seal_batch
from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS, REDACTIONS, REJECTS
from rushes.store.tables import partition_path, read_partition
from rushes.work.build import Report, build
from rushes.work.plan import State, plan
from rushes.work.step import Compute, Outcome, Step, Task

DEFAULT = Settings()
BATCH = "b-0000"


def built(store: Objects, step: Step = READ, workers: int = 0, settings: Settings = DEFAULT) -> Report:
    return build(store, step, BATCH, settings, workers)


def clip_ids(store: Objects) -> list[str]:
    return read_partition(store, CLIPS, {"batch": BATCH}).column("clip_id").to_pylist()


def rejects(store: Objects, step: Step = READ) -> list[tuple[str, str, str, str]]:
    rows = read_partition(store, REJECTS, {"asset": step.asset, "partition": BATCH}).to_pylist()
    return [(r["item_kind"], r["item_id"], r["reason"], r["detail"]) for r in rows]


def state(store: Objects, step: Step = READ) -> State:
    return plan(store, step, read_batch(store, BATCH), DEFAULT).state


def tables(store: Objects) -> dict[str, bytes]:
    return {name: store.read(name) for name in store.list("tables")}


def test_rows_of_all_videos_come_into_one_sorted_partition(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"b": "2", "a": "3", "c": "4"})
    report = built(store)
    assert clip_ids(store) == ["a.0", "a.1", "a.2", "b.0", "b.1", "c.0", "c.1", "c.2", "c.3"]
    assert rejects(store) == [("clip", "c.4", "still", "one too many")]
    assert (report.made, report.reused) == (3, 0)
    record = read_record(store, "reading", BATCH)
    assert record == report.record
    assert record is not None
    assert (record.rows, record.rejects, record.unfinished) == ({"clips": 9, "rejects": 1}, {"still": 1}, ())
    assert record.bytes["clips"] == store.size(partition_path(CLIPS, {"batch": BATCH}))
    assert set(record.items) == {"a", "b", "c"}


def test_the_next_step_is_given_each_videos_rows(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"b": "2", "a": "1"})
    built(store)
    built(store, MARK)
    assert read_partition(store, REDACTIONS, {"batch": BATCH}).column("clip_id").to_pylist() == ["a.0", "b.0", "b.1"]


def test_a_batch_without_videos_gives_empty_tables(store: Objects) -> None:
    assert seal_batch(store, Batch(BATCH, "b", ()))
    built(store)
    built(store, MARK)
    assert clip_ids(store) == []
    assert state(store, MARK) is State.BUILT


def test_a_second_build_does_nothing(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "reject"})
    first = built(store)
    before = {name: store.read(name) for name in store.list("")}
    second = built(store)
    assert (second.made, second.reused, second.record) == (0, 2, first.record)
    assert {name: store.read(name) for name in store.list("")} == before
    assert [calls(path) for path in paths.values()] == [1, 1]


def test_a_changed_source_is_redone_alone(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "2", "c": "3"})
    built(store)
    built(store, MARK)
    paths["b"].write_text("03")
    assert built(store).made == 1
    assert built(store, MARK).made == 1
    assert {video: calls(path) for video, path in paths.items()} == {"a": 1, "b": 2, "c": 1}
    assert clip_ids(store) == ["a.0", "b.0", "b.1", "b.2", "c.0", "c.1", "c.2"]
    assert len(read_partition(store, REDACTIONS, {"batch": BATCH})) == 7


@pytest.mark.parametrize(
    ("step", "settings"),
    [
        (replace(READ, version="2"), DEFAULT),
        (READ, Settings.model_validate({"shots": {"min_shot_frames": 3}})),
    ],
    ids=["version", "params"],
)
def test_what_shapes_all_rows_has_all_redone_and_a_way_back_costs_nothing(
    store: Objects, tmp_path: Path, step: Step, settings: Settings
) -> None:
    sealed(store, tmp_path / "s", {"a": "1", "b": "2"})
    built(store)
    assert built(store, step, settings=settings).made == 2
    assert built(store).made == 0
    assert state(store) is State.BUILT


def test_a_video_that_cannot_be_used_is_a_reject_and_the_others_go_on(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "1", "b": "reject", "c": "1"})
    report = built(store)
    assert clip_ids(store) == ["a.0", "c.0"]
    assert rejects(store) == [("video", "b", "empty_file", "nothing in it")]
    assert set(report.record.items) == {"a", "c"}
    assert state(store) is State.BUILT
    assert built(store, MARK).made == 2


def test_an_unexpected_error_is_noted_and_tried_again_at_the_next_build(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "boom", "c": "1"})
    report = built(store)
    assert clip_ids(store) == ["a.0", "c.0"]
    assert rejects(store) == [("video", "b", "failed", "ZeroDivisionError: of two lines")]
    assert set(report.record.items) == {"a", "c"}
    assert report.record.unfinished == ("b",)
    assert state(store) is State.UNFINISHED
    built(store, MARK)

    paths["b"].with_suffix(".mended").touch()
    assert built(store).made == 1
    assert {video: calls(path) for video, path in paths.items()} == {"a": 1, "b": 2, "c": 1}
    assert clip_ids(store) == ["a.0", "b.0", "c.0"]
    assert rejects(store) == []
    assert state(store) is State.BUILT
    assert built(store, MARK).made == 1


def test_a_fault_that_is_no_videos_stops_the_batch_until_it_is_mended(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "model", "c": "1"})
    with pytest.raises(ModelError):
        built(store)
    assert read_record(store, "reading", BATCH) is None
    assert read_failure(store, "reading", BATCH) == "no such model"
    assert calls(paths["c"]) == 0
    paths["b"].write_text("1")
    built(store)
    assert read_failure(store, "reading", BATCH) is None
    assert {video: calls(path) for video, path in paths.items()} == {"a": 1, "b": 2, "c": 1}


def test_too_many_rejects_fail_the_batch_each_time_it_is_built(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "1", "b": "reject", "c": "reject", "d": "1"})
    strict = Settings.model_validate({"build": {"max_reject_share": 0.49}})
    for _ in range(2):
        with pytest.raises(StoreError, match="2 of 4 videos rejected"):
            built(store, settings=strict)
        assert "2 of 4" in str(read_failure(store, "reading", BATCH))
    assert len(rejects(store)) == 2
    assert built(store, settings=Settings.model_validate({"build": {"max_reject_share": 0.5}})).made == 0
    assert read_failure(store, "reading", BATCH) is None


def test_an_interrupted_build_goes_on_where_it_stopped(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "1", "c": "1", "d": "1"})
    interrupted = False

    def interrupt(settings: Settings) -> Compute:
        def compute(task: Task) -> Outcome:
            nonlocal interrupted
            if task.entry.video_id == "c" and not interrupted:
                interrupted = True
                raise KeyboardInterrupt
            return read(task)

        return compute

    step = replace(READ, compute=interrupt)
    with pytest.raises(KeyboardInterrupt):
        built(store, step)
    assert read_record(store, "reading", BATCH) is None
    assert list(store.list("tables")) == []
    report = built(store, step)
    assert (report.made, report.reused) == (2, 2)
    assert {video: calls(path) for video, path in paths.items()} == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert clip_ids(store) == ["a.0", "b.0", "c.0", "d.0"]


def test_a_batch_whose_videos_were_all_rejected_goes_through_all_steps(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "reject", "b": "reject"})
    built(store)
    built(store, MARK)
    assert clip_ids(store) == []
    assert read_partition(store, REDACTIONS, {"batch": BATCH}).schema == REDACTIONS.arrow
    assert state(store, MARK) is State.BUILT


def test_progress_counts_from_what_is_there_to_all(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "1", "c": "1"})
    built(store)
    paths["b"].write_text("02")
    seen: list[tuple[int, int]] = []
    build(store, READ, BATCH, DEFAULT, 0, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 3), (3, 3)]


def test_what_was_not_built_upstream_is_named(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "1"})
    with pytest.raises(StoreError, match="marking of b-0000 needs reading: build that first"):
        built(store, MARK)
    with pytest.raises(StoreError, match="no batch named 'b-0001'"):
        build(store, READ, "b-0001", DEFAULT, 0)


def test_rows_that_miss_a_column_fail_their_video(store: Objects, tmp_path: Path) -> None:
    sealed(store, tmp_path / "s", {"a": "1"})

    def careless(settings: Settings) -> Compute:
        def compute(task: Task) -> Outcome:
            rows: list[dict[str, Any]] = [{"clip_id": "x"}]
            return Outcome({"clips": rows})

        return compute

    built(store, replace(READ, compute=careless))
    assert [reason for _, _, reason, _ in rejects(store)] == ["failed"]


def test_the_tables_do_not_tell_how_many_processes_made_them_nor_in_which_order(tmp_path: Path) -> None:
    contents = {"d": "3", "a": "4", "c": "reject", "b": "2", "e": "5"}
    results = []
    for at, (workers, order) in enumerate([(0, sorted(contents)), (0, list(contents)), (2, list(contents))]):
        store = Objects(tmp_path / f"store{at}")
        sealed(store, tmp_path / "s", {video: contents[video] for video in order})
        built(store, READ, workers)
        built(store, MARK, 0)
        results.append(tables(store))
    assert len(results[0]) == 4
    assert results[0] == results[1] == results[2]


def test_a_process_that_dies_is_blamed_on_its_own_video(store: Objects, tmp_path: Path) -> None:
    paths = sealed(store, tmp_path / "s", {"a": "1", "b": "kill", "c": "1"})
    report = built(store, READ, workers=2)
    assert rejects(store) == [("video", "b", "crashed", "WorkerDiedError: the worker process died")]
    assert clip_ids(store) == ["a.0", "c.0"]
    assert report.record.unfinished == ("b",)
    paths["b"].write_text("2")
    assert built(store).made == 1
    assert clip_ids(store) == ["a.0", "b.0", "b.1", "c.0"]
