"""Training from S3 is training from a disk: workers, however they are started, read what they need themselves."""

import multiprocessing

import pytest
import torch
from native_set import native_files

import rushes
from rushes.store.objects import Objects
from rushes.training import Loader

FILES = native_files([6, 9, 4, 12, 5])


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_workers_read_a_data_set_in_s3_as_one_on_a_disk(remote: Objects, tmp_path, way: str) -> None:
    for name, data in FILES.items():
        remote.write(name, data)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    here, there = (rushes.open_dataset(uri).torch(3, seed=1) for uri in (tmp_path, remote.uri))
    there[0]  # the parent has connections of its own before its workers are made
    expected = list(Loader(here, 4, shuffle=True))
    context = multiprocessing.get_context(way)
    options = {"num_workers": 2 if way == "fork" else 1, "multiprocessing_context": context}
    loaders = [Loader(there.stream(shuffle=True), 4, **options), Loader(there, 4, shuffle=True, **options)]
    for loader in loaders if way == "fork" else loaders[:1]:
        found = list(loader)
        assert len(found) == len(expected)
        for batch, known in zip(found, expected, strict=True):
            assert torch.equal(batch["frames"], known["frames"])
            assert torch.equal(batch["boxes"], known["boxes"])
            assert batch["sequence_id"] == known["sequence_id"]
    assert there[0]["sequence_id"] == "sequence-0"
