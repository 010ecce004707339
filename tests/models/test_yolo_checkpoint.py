"""Ultralytics' checkpoints read by a restricted unpickler are what an ordinary one makes of them, and nothing runs."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from rushes.errors import ModelError
from rushes.models.registry import locate
from rushes.models.yolo_checkpoint import read_network


class Call:
    """Unpickling this calls a function or a class."""

    def __init__(self, what: Any, *arguments: Any) -> None:
        self.call = (what, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("name", ["yolov8n", "yolov8s", "plates"])
def test_a_network_is_the_one_that_was_saved(name: str) -> None:
    path = locate(name).path
    expected = torch.load(path, map_location="cpu", weights_only=False)["model"].float()
    found = read_network(path)
    assert type(found) is type(expected)
    assert [type(module) for module in found.modules()] == [type(module) for module in expected.modules()]
    assert found.names == expected.names
    assert not found.training
    weights = expected.state_dict()
    assert list(found.state_dict()) == list(weights)
    assert all(torch.equal(tensor, weights[key]) for key, tensor in found.state_dict().items())


def test_averaged_weights_come_first(tmp_path: Path) -> None:
    last, averaged = (torch.load(locate("yolov8n").path, weights_only=False)["model"] for _ in range(2))
    averaged.names = {0: "averaged"}
    torch.save({"model": last, "ema": averaged}, tmp_path / "net.pt")
    assert read_network(tmp_path / "net.pt").names == {0: "averaged"}


def test_a_function_in_a_checkpoint_is_refused_and_not_called(tmp_path: Path) -> None:
    torch.save({"model": Call(os.mkdir, str(tmp_path / "sprung"))}, tmp_path / "net.pt")
    with pytest.raises(ModelError, match="mkdir"):
        read_network(tmp_path / "net.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_layer_is_never_called_for_its_arguments_may_hold_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ultralytics.nn.modules import Conv
    from ultralytics.nn.tasks import DetectionModel

    code = f"__import__('os').mkdir({str(tmp_path / 'sprung')!r})"
    layout = {"activation": code, "nc": 1, "scales": {}, "backbone": [[-1, 1, "Conv", [8, 3, 2]]], "head": []}
    torch.save({"model": Call(DetectionModel, layout)}, tmp_path / "net.pt")
    with pytest.raises(ModelError, match="wants to call DetectionModel"):
        read_network(tmp_path / "net.pt")
    assert not (tmp_path / "sprung").exists()
    monkeypatch.setattr(Conv, "default_act", Conv.default_act)  # which it overwrites
    DetectionModel(layout, verbose=False)  # an ordinary unpickler's call
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["ultralytics.nn.autobackend.AutoBackend", "ultralytics.nn.tasks.load_checkpoint"])
def test_what_could_load_other_files_is_no_layer(tmp_path: Path, name: str) -> None:
    module, _, what = name.rpartition(".")
    torch.save({"model": Call(getattr(__import__(module, fromlist=[what]), what), "other.pt")}, tmp_path / "net.pt")
    with pytest.raises(ModelError, match=what):
        read_network(tmp_path / "net.pt")


def test_a_bare_pickle_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(pickle.dumps(Call(os.mkdir, str(tmp_path / "sprung"))))
    with pytest.raises(ModelError, match=r"net\.pt"):
        read_network(tmp_path / "net.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    content = locate("yolov8n").path.read_bytes()
    (tmp_path / "net.pt").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"net\.pt"):
        read_network(tmp_path / "net.pt")


@pytest.mark.parametrize("content", [{"model": {"weight": torch.ones(2)}}, [torch.ones(2)], {"model": None}, {}])
def test_what_is_no_detector_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(ModelError, match="no Ultralytics detector"):
        read_network(tmp_path / "net.pt")
