"""Downloads that do not wait long."""

from collections.abc import Callable
from typing import Any

import pytest

from rushes.ranges import remote
from rushes.settings import Ingest
from rushes.sources.download import Downloaded, Downloader
from rushes.store.manifests import Entry
from rushes.store.objects import Objects

Download = Callable[..., Downloaded]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hardly at all before another try, and not for long when a server asks for it."""
    monkeypatch.setattr(remote, "_WAIT_S", 0.01)
    monkeypatch.setattr(remote, "_LONGEST_WAIT_S", 0.3)


@pytest.fixture
def download(store: Objects) -> Download:
    """Download an address, as a person's or as ``trust`` says, by the settings given."""

    def run(uri: str, trust: str = "given", again: bool = False, **limits: Any) -> Downloaded:
        told: list[tuple[str, int, int | None]] = limits.pop("told", [])
        progress = Downloader(store, Ingest(**limits), again)
        return progress(
            Entry("v", "v", uri, trust=trust), lambda name, received, total: told.append((name, received, total))
        )

    return run
