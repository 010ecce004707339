"""Checkpoints read with numpy are what torch reads, and nothing in them runs."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from rushes.errors import ModelError
from rushes.models.checkpoint import read_state_dict
from rushes.models.registry import locate

LAYOUTS = pytest.mark.parametrize("zipped", [True, False], ids=["archive", "stream"])


def assert_same(path: Path) -> None:
    expected = torch.load(path, map_location="cpu", weights_only=True)
    found = read_state_dict(path)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.detach().numpy().dtype
        np.testing.assert_array_equal(found[name], tensor.detach().numpy(), strict=True)


@LAYOUTS
def test_tensors_of_every_shape_and_kind(tmp_path: Path, zipped: bool) -> None:
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    tensors = OrderedDict(
        whole=base,
        turned=base.permute(2, 0, 1),
        part=base[1:, ::2, 3],
        scalar=torch.tensor(7),
        empty=torch.empty(0, 3),
        half=torch.linspace(-1, 1, 9).half(),
        counts=torch.tensor([2**40, -1]),
        parameter=torch.nn.Parameter(torch.ones(2, 2)),
    )
    torch.save(tensors, tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    assert_same(tmp_path / "net.pth")


@LAYOUTS
def test_state_dict_of_a_module(tmp_path: Path, zipped: bool) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(2, 2))
    torch.save(module.state_dict(), tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    assert_same(tmp_path / "net.pth")


@pytest.mark.parametrize("name", ["efficientnet-lite0", "transnetv2"])
def test_registered_checkpoints(name: str) -> None:
    assert_same(locate(name).path)


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@LAYOUTS
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, zipped: bool) -> None:
    torch.save({"a": Trap(tmp_path / "sprung")}, tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="mkdir"):
        read_state_dict(tmp_path / "net.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_bare_pickle_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(ModelError, match="mkdir"):
        read_state_dict(tmp_path / "net.pth")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"weights", b"PK\x03\x04 and no more"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.pth"):
        read_state_dict(tmp_path / "net.pth")


@LAYOUTS
def test_what_is_no_state_dict_is_refused(tmp_path: Path, zipped: bool) -> None:
    torch.save([torch.ones(3)], tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="state_dict"):
        read_state_dict(tmp_path / "net.pth")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
@LAYOUTS
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    path = tmp_path / "net.pth"
    torch.save({"a": torch.ones(1000), "b": torch.ones(10)}, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError):
        read_state_dict(path)
