"""Whether a partition is up to date is told from what shaped it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from fake_steps import MARK, READ, sealed
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ModelError, StoreError
from rushes.settings import Settings
from rushes.store.manifests import read_batch
from rushes.store.objects import Objects
from rushes.work.build import build
from rushes.work.plan import Shape, State, digest, plan, require
from rushes.work.step import Step

DEFAULT = Settings()


def state(store: Objects, step: Step = READ, settings: Settings = DEFAULT) -> State:
    return plan(store, step, read_batch(store, "b-0000"), settings).state


@pytest.fixture
def sources(store: Objects, tmp_path: Path) -> dict[str, Path]:
    return sealed(store, tmp_path / "sources", {"a": "1", "b": "2"})


def test_before_the_first_build_it_is_missing_and_what_follows_waits(store: Objects, sources: dict[str, Path]) -> None:
    assert state(store) is State.MISSING
    assert state(store, MARK) is State.WAITING
    with pytest.raises(StoreError, match="marking of b-0000 needs reading: build that first"):
        require(store, MARK, read_batch(store, "b-0000"), DEFAULT)


def test_once_built_it_stays_built_while_nothing_changes(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    assert state(store) is State.BUILT
    assert state(store, MARK) is State.MISSING
    build(store, MARK, "b-0000", DEFAULT, workers=0)
    assert state(store, MARK) is State.BUILT


def test_a_setting_it_does_not_use_changes_nothing(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    assert state(store, settings=Settings.model_validate({"tracking": {"fps": 2}})) is State.BUILT


def test_a_setting_it_uses_makes_it_stale(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    assert state(store, settings=Settings.model_validate({"shots": {"min_content": 3}})) is State.STALE


def test_a_new_version_of_its_code_makes_it_stale(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    assert state(store, replace(READ, version="2")) is State.STALE


def test_other_bytes_in_its_model_make_it_stale(store: Objects, sources: dict[str, Path], tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights")
    settings = Settings.model_validate({"filters": {"cartoon_model": str(model)}})
    build(store, READ, "b-0000", settings, workers=0)
    assert state(store, settings=settings) is State.BUILT
    model.write_bytes(b"other weights")
    assert state(store, settings=settings) is State.STALE


def test_a_model_that_nobody_knows_cannot_be_planned_with(store: Objects, sources: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="nobody"):
        state(store, settings=Settings.model_validate({"filters": {"cartoon_model": "nobody"}}))


def test_another_size_or_time_of_a_source_makes_it_stale(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    status = sources["a"].stat()
    os.utime(sources["a"], ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert state(store) is State.STALE
    os.utime(sources["a"], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert state(store) is State.BUILT
    sources["a"].write_text("12")
    assert state(store) is State.STALE


def test_a_source_that_is_gone_since_stays_built(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    sources["a"].unlink()
    assert state(store) is State.BUILT


def test_new_rows_upstream_make_it_stale_and_equal_ones_do_not(store: Objects, sources: dict[str, Path]) -> None:
    build(store, READ, "b-0000", DEFAULT, workers=0)
    build(store, MARK, "b-0000", DEFAULT, workers=0)
    build(store, replace(READ, version="2"), "b-0000", DEFAULT, workers=0)
    assert state(store, MARK) is State.BUILT
    sources["a"].write_text("3")
    build(store, READ, "b-0000", DEFAULT, workers=0)
    assert state(store, MARK) is State.STALE


@given(st.lists(st.text()), st.text(), st.text())
def test_a_key_is_the_digest_of_the_shape_and_the_inputs(inputs: list[str], version: str, name: str) -> None:
    for step in (replace(READ, version=version, asset=name), replace(MARK, version=version, asset=name)):
        shape = Shape(step, DEFAULT)
        assert shape.key(inputs) == digest({**shape.by, "inputs": inputs})


def test_a_source_is_told_by_whatever_is_known_of_it() -> None:
    shape = Shape(READ, DEFAULT)
    inputs = ["ü", None, True, 2**62, 1.5, [["a", "b"]]]
    assert shape.key(inputs) == digest({**shape.by, "inputs": inputs})
