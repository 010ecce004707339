"""``rushes forget``: what it asks, what it says, and what ``rushes status`` says then."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def copy(built: Any, shell: Any) -> Any:
    """A store in which ``face`` and ``crossing`` were built, to forget from."""
    shutil.copytree(built.store, shell.store)
    return shell


def test_it_tells_what_went_and_the_store_tells_what_lost_it(copy: Any) -> None:
    said = copy.ok("forget", "face", "--yes")
    assert "rows of tracks" in said
    assert "data set street: packaged anew without it" in said
    assert "not the store's own, and left where it is: " in said
    assert copy.rows("SELECT video_id FROM videos") == [{"video_id": "crossing"}]
    states = copy.states()
    assert states["street", "selected_sequences"]["state"] == "stale"
    assert "sequences were forgotten" in states["street", "selected_sequences"]["note"]
    assert "sequences were forgotten" in copy.ok("recipe", "show", "street")
    assert states["city-0000", "embeddings"]["state"] == "built"
    assert copy.refused("why", "face").startswith("rushes: nothing is known of 'face'")


def test_a_list_a_dry_run_and_json(copy: Any, tmp_path: Path) -> None:
    (tmp_path / "withdrawn.txt").write_text("# asked for in May\nface\n\n")
    told = json.loads(copy.ok("forget", "--from", tmp_path / "withdrawn.txt", "--dry-run", "--json"))
    assert [video["entry_id"] for video in told["videos"]] == ["face"]
    assert len(copy.rows("SELECT video_id FROM videos")) == 2
    assert "would be removed" in copy.ok("forget", "face", "--dry-run")
    done = json.loads(copy.ok("forget", "--from", tmp_path / "withdrawn.txt", "--no-repackage", "--json"))
    assert (done["rows"], done["videos"]) == (told["rows"], told["videos"])
    assert "rushes build --recipe street" in copy.ok("recipe", "show", "street")
    assert "nothing of it is left in the store" in copy.ok("forget", "face", "--yes")


def test_it_is_refused_in_one_line(copy: Any) -> None:
    assert copy.refused("forget", "fase") == "rushes: nothing is known of 'fase'; did you mean face?"
    assert "say which" in copy.refused("forget")


@pytest.mark.parametrize(("answer", "left"), [("n", 2), ("y", 1)])
def test_on_a_terminal_it_asks_first(copy: Any, answer: str, left: int) -> None:
    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "rushes.cli", "--store", str(copy.store), "forget", "face", "--no-repackage"]
    process = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=copy.folder)
    os.write(main, f"{answer}\n".encode())
    said, asked = process.communicate()
    assert b"would be removed" in said
    assert b"Forget all this, for good?" in asked
    assert (b"nothing was removed" in asked) == (answer == "n")
    assert len(copy.rows("SELECT video_id FROM videos")) == left
    os.close(main)
    os.close(terminal)


def test_adding_it_again_is_said_to_do_nothing(copy: Any) -> None:
    [source] = copy.rows("SELECT source_uri FROM videos WHERE video_id = 'face'")
    copy.ok("forget", "face", "--yes", "--no-repackage")
    done = copy("add", source["source_uri"], "--collection", "city")
    assert "was forgotten: not registered" in done.stderr
    assert "0 videos registered" in done.stdout
