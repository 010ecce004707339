"""Real clips, a store of them that nothing disturbed, and how long to try: ``make test-faults`` tries for long."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_builds import ASSETS, LONG, Builds, clips_in, outcome, registered

from rushes.store.objects import Objects
from rushes.store.schemas import TABLES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what takes minutes to ``make test-faults``."""
    for item in items:
        if item.get_closest_marker("long_faults") and not LONG:
            item.add_marker(pytest.mark.skip(reason="takes minutes: make test-faults"))


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The videos' files."""
    return clips_in(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def undisturbed(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """A store that was built in one go; only to be read, and copied."""
    folder = tmp_path_factory.mktemp("undisturbed")
    builds = Builds(registered(folder / "store", clips), folder / "home")
    builds.ok()
    return builds


@pytest.fixture(scope="session")
def wanted(undisturbed: Builds) -> dict[str, bytes]:
    """What every store is to hold in the end."""
    return outcome(undisturbed.objects)


@pytest.fixture
def fresh(clips: list[Path], tmp_path: Path) -> Builds:
    """A store in which nothing is built yet."""
    return Builds(registered(tmp_path / "store", clips), tmp_path / "home")


@pytest.fixture
def before(undisturbed: Builds, tmp_path: Path) -> Callable[[str, str], Builds]:
    """Make copies of the undisturbed store as it was before an asset was built."""

    def make(asset: str, name: str) -> Builds:
        root = tmp_path / name / "store"
        shutil.copytree(undisturbed.objects.root, root)
        objects = Objects(root)
        take_back(objects, asset)
        return Builds(objects, tmp_path / name / "home")

    return make


def take_back(objects: Objects, asset: str) -> None:
    """Remove what an asset made, and all that follows from it."""
    for later in ASSETS[ASSETS.index(asset) :]:
        folders = [f"parts/{later}", f"records/{later}", f"tables/rejects/asset={later}", f"turns/{later}"]
        folders += [f"tables/{table.name}" for table in TABLES.values() if table.asset == later]
        folders += {"raw_videos": ["media", "contents"], "filtered_clips": ["parts/filtered_clips.measured"]}.get(
            later, []
        )
        folders += {"selected_sequences": ["reports"], "packaged_datasets": ["datasets"]}.get(later, [])
        for folder in folders:
            shutil.rmtree(objects.path(folder), ignore_errors=True)
