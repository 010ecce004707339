"""What the tests of several rooms share: an empty store, and the real clip of the demo."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from rushes.models.registry import models_folder
from rushes.sources import demo_clips
from rushes.store.objects import Objects

# A developer's own history is not written to.
os.environ.pop("RUSHES_POSTGRES", None)

# A shell's background jobs ignore Ctrl-C, and so would all that tests start to interrupt it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _in_its_turn() -> Iterator[None]:
    """Each test waits for its turn like any other process.

    SVT-AV1, run as root, puts whoever encodes with it before everything else on the machine, and all that it starts.
    """
    yield
    if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture
def store(tmp_path: Path) -> Objects:
    """A store with nothing in it."""
    return Objects(tmp_path / "store")


@pytest.fixture(scope="session")
def bikes() -> Path:
    """A real clip of six shots: 640x272, 25 fps, 250 frames."""
    return demo_clips.fetch(models_folder() / "clips")[0]
