"""A known native data set on disk: seven sequences in three shards, one of them shorter than a clip of four."""

from pathlib import Path

import pytest
from native_set import native_files

import rushes
from rushes.packaging.reader import Dataset

LENGTHS = (5, 9, 12, 7, 3, 20, 8)


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    write(folder, native_files(LENGTHS))
    return folder


@pytest.fixture
def ds(known: Path) -> Dataset:
    return rushes.open_dataset(known)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
