"""Who does the work is said by the environment of a run; without it, it is processes of one machine and no Ray."""

import importlib.util

import pytest

from resources.compute import ComputeResource
from rushes.errors import SettingsError
from rushes.work.ahead import Ready
from rushes.work.pool import Actors, run


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUSHES_RAY", "RUSHES_RAY_WORKERS", "RUSHES_RAY_CPUS", "RUSHES_RAY_GPUS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("said", [None, "", "0"])
def test_by_default_it_is_processes_of_this_machine(said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if said is not None:
        monkeypatch.setenv("RUSHES_RAY", said)
    monkeypatch.setenv("RUSHES_RAY_CPUS", "4")  # means nothing without the first
    assert ComputeResource().pool() is None
    assert ComputeResource(workers=0).pool(has_models=True) == 0


def test_actors_have_gpus_only_where_there_are_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_RAY", "1")
    assert ComputeResource().pool(has_models=True) == Actors(None, 1.0, 0.0)
    for name, value in {"WORKERS": "6", "CPUS": "2", "GPUS": "0.25"}.items():
        monkeypatch.setenv(f"RUSHES_RAY_{name}", value)
    assert ComputeResource().pool(has_models=True) == Actors(6, 2.0, 0.25)
    assert ComputeResource().pool() == Actors(6, 2.0, 0.0)


@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf"])
def test_what_is_no_number_is_refused_in_one_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_RAY", "1")
    monkeypatch.setenv("RUSHES_RAY_GPUS", value)
    with pytest.raises(SettingsError, match=f"RUSHES_RAY_GPUS is '{value}': it is to be a number"):
        ComputeResource().pool(has_models=True)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
def test_without_ray_it_is_said_what_to_install() -> None:
    with pytest.raises(SettingsError, match=r"Ray is not installed: pip install 'rushes\[ray\]'"):
        list(run(abs, Ready([1]), Actors()))
