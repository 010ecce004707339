"""The queue in which heavier batches come first."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from orchestration.definitions import build_defs
from orchestration.queue import HeaviestFirst
from rushes.store.manifests import Batch, Entry, seal_batch
from rushes.store.objects import Objects

PRIORITY = "dagster/priority"
_CODE = ModuleCodePointer("orchestration.definitions", "defs", None)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    store = Objects(tmp_path / "store")
    monkeypatch.setenv("RUSHES_STORE", store.uri)
    for name, videos in (("light", 1), ("heavy", 40)):
        entries = tuple(Entry(f"{name}-{n}", f"{name}-{n}", f"/nowhere/{n}.mp4") for n in range(videos))
        seal_batch(store, Batch(name, name, entries))
    return store


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    queue = {"module": "orchestration.queue", "class": "HeaviestFirst"}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_coordinator": queue}) as instance:
        yield instance


def submitted(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    """Hand in a run; return it as it waits."""
    location = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="orchestration.definitions"))
    run = instance.create_run_for_job(
        build_defs().resolve_job_def("build_batch"),
        tags=tags,
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), "build_batch"),
        job_code_origin=JobPythonOrigin("build_batch", RepositoryPythonOrigin(sys.executable, _CODE)),
    )
    coordinator = instance.run_coordinator
    assert isinstance(coordinator, HeaviestFirst)
    return coordinator.submit_run(SubmitRunContext(run, None))  # type: ignore[arg-type]


def test_a_heavier_batch_has_a_higher_priority(instance: dg.DagsterInstance, store: Objects) -> None:
    runs = {batch: submitted(instance, {"dagster/partition": batch}) for batch in ("light", "heavy")}
    assert {run.status for run in runs.values()} == {dg.DagsterRunStatus.QUEUED}
    assert int(runs["heavy"].tags[PRIORITY]) > int(runs["light"].tags[PRIORITY])


def test_a_priority_that_somebody_gave_stays(instance: dg.DagsterInstance, store: Objects) -> None:
    run = submitted(instance, {"dagster/partition": "heavy", PRIORITY: "100"})
    assert run.tags[PRIORITY] == "100"


@pytest.mark.parametrize("tags", [{}, {"dagster/partition": "a recipe"}])
def test_what_is_no_batch_has_none(instance: dg.DagsterInstance, store: Objects, tags: dict[str, str]) -> None:
    run = submitted(instance, tags)
    assert run.status is dg.DagsterRunStatus.QUEUED
    assert PRIORITY not in run.tags


def test_a_store_that_cannot_be_read_keeps_no_run_back(instance: dg.DagsterInstance, store: Objects) -> None:
    store.write("records/raw_videos/heavy.json", b'{"asset": 1}')
    run = submitted(instance, {"dagster/partition": "heavy"})
    assert run.status is dg.DagsterRunStatus.QUEUED
