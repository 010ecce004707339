"""A built store of two real clips, to be copied and forgotten from."""

import shutil
from pathlib import Path

import pytest
from forgettable import build_whole, cut_clips

from rushes.store.objects import Objects


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The videos' files: zebrafinch.mp4 and quokka.mp4."""
    return cut_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def whole(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store, to be copied."""
    objects = Objects(tmp_path_factory.mktemp("whole") / "store")
    build_whole(objects, clips)
    return Path(objects.root)


@pytest.fixture
def built(whole: Path, tmp_path: Path) -> Objects:
    """A copy of the store."""
    shutil.copytree(whole, tmp_path / "store")
    return Objects(tmp_path / "store")
