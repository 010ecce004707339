"""``rushes status`` and ``rushes retry``: counts where there is much, failures by name, and trying again."""

import socket
from typing import Any

import pytest

from rushes.errors import SettingsError
from rushes.standing.status import batch_statuses
from rushes.store.failures import noting_failure, read_note
from rushes.store.manifests import Batch, Entry, seal_batch
from rushes.store.objects import Objects


@pytest.fixture
def many(shell: Any) -> Objects:
    """A store of forty batches of one video each."""
    store = Objects(shell.store)
    for number in range(40):
        entry = Entry(f"v{number}", f"v{number}", f"/nowhere/{number}.mp4")
        seal_batch(store, Batch(f"c{number:02d}-0000", f"c{number:02d}", (entry,)))
    return store


def fail(store: Objects, batch: str, times: int) -> None:
    shape = batch_statuses(store, batch)[0].identity
    for _ in range(times):
        with pytest.raises(SettingsError), noting_failure(store, "raw_videos", batch, shape):
            raise SettingsError("no [disk] left")


def line(said: str, *words: str) -> str:
    """Return the only line that has all these words."""
    (found,) = [line for line in said.splitlines() if all(word in line for word in words)]
    return found


def test_many_batches_are_counted_and_few_are_lines(shell: Any, many: Objects) -> None:
    said = shell.ok("status")
    assert len(said.splitlines()) < 20
    cells = [cell.strip() for cell in line(said, "raw_videos").split("│")]
    assert cells[1:8] == ["raw_videos", "", "40", "", "", "", ""], "built, missing, stale, …"
    assert "not up to date: 40 batches or recipes; next: rushes build" in said
    assert "c07-0000" in shell.ok("status", "--batches")


def test_standing_failures_are_listed_with_all_that_is_known(shell: Any, many: Objects) -> None:
    fail(many, "c07-0000", 3)
    fail(many, "c08-0000", 1)
    said = shell.ok("status")
    identity = batch_statuses(many, "c07-0000")[0].identity[:12]
    for words in (("c07-0000", "raw_videos", " 3 ", "left alone"), ("c08-0000", "raw_videos", " 1 ", "tried again")):
        assert "no [disk] left" in line(said, *words)
    assert identity in line(said, "c07-0000")
    assert "1 left alone after too many attempts; next: rushes retry" in said
    counted = line(said, "raw_videos", "38")
    assert " 2 " in counted, "those that failed are counted as such"

    states = shell.states()
    assert states["c07-0000", "raw_videos"]["attempts"] == 3
    assert states["c07-0000", "raw_videos"]["failure"] == "no [disk] left"


def test_a_build_that_is_under_way_and_one_that_was_killed_are_told(shell: Any, many: Objects) -> None:
    shape = batch_statuses(many, "c01-0000")[0].identity
    many.write("failures/raw_videos/c02-0000.json", b'{"attempts": 1, "process": "another-host:7", "shape": "s"}')
    with noting_failure(many, "raw_videos", "c01-0000", shape):
        said = shell.ok("status")
        process = read_note(many, "raw_videos", "c01-0000")
        assert process is not None
        assert f"raw_videos of c01-0000 by {process.process}" in said
        assert "raw_videos of c02-0000 by another-host:7" in said
    gone = f"{socket.gethostname()}:999999999"
    many.write("failures/raw_videos/c03-0000.json", f'{{"attempts": 1, "process": "{gone}", "shape": "s"}}'.encode())
    assert "killed without a word" in line(shell.ok("status"), "c03-0000")


def test_what_was_given_up_is_tried_again_when_somebody_says_so(shell: Any, many: Objects) -> None:
    fail(many, "c07-0000", 3)
    fail(many, "c08-0000", 3)
    assert shell.refused("retry").endswith("or say --all; what stands is listed by: rushes status")
    assert "nothing was tried in vain of 'nosuch'" in shell.refused("retry", "nosuch")
    said = shell.ok("retry", "c07-0000")
    assert said.splitlines() == ["raw_videos of c07-0000 is tried again", "next: rushes backfill, or rushes build"]
    assert "1 left alone" in shell.ok("status")
    shell.ok("retry", "--all")
    assert "left alone" not in shell.ok("status")
    assert shell.states()["c08-0000", "raw_videos"]["attempts"] == 0
