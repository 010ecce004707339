"""Builds that did not end well are counted and remembered until one does."""

import json
import os
import signal
import subprocess
import sys

import pytest

from rushes.errors import ModelError, StoppedError
from rushes.store.failures import (
    Note,
    allow_again,
    clear_failure,
    failure_path,
    noting_failure,
    read_failure,
    read_note,
    read_notes,
    write_failure,
)
from rushes.store.objects import Objects


def fail(store: Objects, shape: str = "s", error: BaseException | None = None) -> None:
    """Try to build in vain."""
    error = error or ModelError("no weights")
    with pytest.raises(type(error)), noting_failure(store, "tracks", "b", shape):
        raise error


def attempts(store: Objects) -> int | None:
    note = read_note(store, "tracks", "b")
    return note.attempts if note else None


def test_a_failure_is_remembered_until_it_is_cleared(store: Objects) -> None:
    assert read_failure(store, "tracks", "b") is None
    write_failure(store, "tracks", "b", "ü went wrong")
    assert read_failure(store, "tracks", "b") == "ü went wrong"
    assert read_failure(store, "clips", "b") is None
    clear_failure(store, "tracks", "b")
    clear_failure(store, "tracks", "b")
    assert read_failure(store, "tracks", "b") is None


def test_what_is_raised_is_noted_and_success_forgets_it(store: Objects) -> None:
    fail(store)
    assert read_failure(store, "tracks", "b") == "no weights"
    with noting_failure(store, "tracks", "b", "other"):
        assert read_failure(store, "tracks", "b") == "no weights", "it stays known until the next build has ended"
    assert read_note(store, "tracks", "b") is None


def test_what_nobody_expected_is_noted_with_its_kind_in_one_line(store: Objects) -> None:
    fail(store, error=OSError(28, "No space\nleft"))
    assert read_failure(store, "tracks", "b") == "OSError: [Errno 28] No space left"


def test_attempts_are_counted_for_what_was_to_be_built_and_for_nothing_else(store: Objects) -> None:
    for count in (1, 2, 3):
        fail(store)
        assert attempts(store) == count
    note = read_note(store, "tracks", "b")
    assert note is not None
    assert note.given_up("s", 3)
    assert not note.given_up("s", 4)
    assert not note.given_up("changed", 3)
    fail(store, "changed")
    assert attempts(store) == 1


def test_somebody_may_have_them_counted_anew(store: Objects) -> None:
    fail(store)
    fail(store)
    allow_again(store, "tracks", "b")
    assert attempts(store) == 0
    assert read_failure(store, "tracks", "b") == "no weights"
    fail(store)
    assert attempts(store) == 1
    allow_again(store, "tracks", "nosuch")
    assert read_note(store, "tracks", "nosuch") is None


def test_a_build_that_a_person_stopped_is_no_attempt(store: Objects) -> None:
    for error in (StoppedError("Ctrl-C"), KeyboardInterrupt()):
        fail(store, error=error)
        assert read_note(store, "tracks", "b") is None
    fail(store)
    before = store.read(failure_path("tracks", "b"))
    fail(store, error=StoppedError("Ctrl-C"))
    assert store.read(failure_path("tracks", "b")) == before


def test_a_build_that_was_killed_is_an_attempt(store: Objects) -> None:
    script = (
        "import os, signal, sys\n"
        "from rushes.store.failures import noting_failure\n"
        "from rushes.store.objects import Objects\n"
        "with noting_failure(Objects(sys.argv[1]), 'tracks', 'b', 's'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for count in (1, 2):
        done = subprocess.run([sys.executable, "-c", script, store.uri], cwd=os.getcwd())
        assert done.returncode == -signal.SIGKILL
        note = read_note(store, "tracks", "b")
        assert note is not None
        assert (note.attempts, note.message, note.is_dead) == (count, None, True)


def test_a_build_that_is_under_way_is_not_dead(store: Objects) -> None:
    with noting_failure(store, "tracks", "b", "s"):
        note = read_note(store, "tracks", "b")
        assert note is not None
        assert not note.is_dead
        assert note.process == f"{os.uname().nodename}:{os.getpid()}"
    assert not Note(process="another-host:1").is_dead, "of other machines nothing is known"


def test_a_check_that_fails_after_each_build_counts_them(store: Objects) -> None:
    for count in (1, 2, 3):
        with noting_failure(store, "tracks", "b", "s"):
            pass
        write_failure(store, "tracks", "b", "check of tracks: a null", "s")
        write_failure(store, "tracks", "b", "check of track_boxes: a null", "s")
        assert (attempts(store), read_failure(store, "tracks", "b")) == (count, "check of track_boxes: a null")


def test_a_build_with_something_left_unfinished_is_an_attempt_without_a_failure(store: Objects) -> None:
    for count in (1, 2):
        with noting_failure(store, "tracks", "b", "s") as attempt:
            attempt.unfinished = True
        assert (attempts(store), read_failure(store, "tracks", "b")) == (count, None)


def test_all_notes_are_read_at_once(store: Objects) -> None:
    assert read_notes(store) == {}
    fail(store)
    write_failure(store, "clips", "a.b-0000", "gone")
    assert read_notes(store) == {
        ("clips", "a.b-0000"): Note(1, "gone"),
        ("tracks", "b"): Note(1, "no weights", "s"),
    }


@pytest.mark.parametrize(
    ("written", "note"),
    [(b'{"message": "as it was once"}', Note(1, "as it was once")), (b'{"mess', Note(1, "its last build was cut off"))],
)
def test_a_note_of_an_earlier_version_and_one_cut_short_are_understood(
    store: Objects, written: bytes, note: Note
) -> None:
    store.write(failure_path("tracks", "b"), written)
    assert read_note(store, "tracks", "b") == note


def test_notes_are_for_people_too(store: Objects) -> None:
    fail(store)
    assert json.loads(store.read("failures/tracks/b.json")) == {"attempts": 1, "message": "no weights", "shape": "s"}
