"""What the tests of several rooms share: an empty store, and the real clip of the demo."""

from pathlib import Path

import hypothesis
import pytest

from rushes.models.registry import models_folder
from rushes.sources import demo_clips
from rushes.store.objects import Objects

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def store(tmp_path: Path) -> Objects:
    """A store with nothing in it."""
    return Objects(tmp_path / "store")


@pytest.fixture(scope="session")
def bikes() -> Path:
    """A real clip of six shots: 640x272, 25 fps, 250 frames."""
    return demo_clips.fetch(models_folder() / "clips")[0]
