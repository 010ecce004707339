"""The ``rushes`` command in a process of its own, with a store, a Dagster home and a working folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from real_clips import cut

PROJECT = Path(__file__).parents[2]

# Short clips stay in, and no time goes into pictures that nobody looks at.
SETTINGS = "filters: {min_duration_s: 0.2}\nbuild: {contact_sheets: false}\n"
RECIPE = "name: street\nunit: sequence\nsequence_length: 8\nfps: 8\nn_sequences: 3\nformats: [native]\n"


class Shell:
    """Runs ``rushes`` as a person would, in an otherwise empty folder that is not the project's."""

    def __init__(self, root: Path) -> None:
        self.store = root / "store"
        self.home = root / "home"
        self.folder = root / "elsewhere"
        self.home.mkdir(parents=True)
        self.folder.mkdir()
        shutil.copy(PROJECT / "dagster.yaml", self.home)

    def start(self, *words: str | Path, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a command and return at once."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER", "PYTHON"))}
        own |= {"RUSHES_STORE": str(self.store), "DAGSTER_HOME": str(self.home), "COLUMNS": "200", "TERM": "dumb"}
        return subprocess.Popen(
            [sys.executable, "-m", "rushes.cli", *map(str, words)],
            env=own | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, whatever that is."""
        process = self.start(*words, **environment)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, stdout.decode(), stderr.decode())

    def ok(self, *words: str | Path, **environment: str) -> str:
        """Run a command that is to succeed; return what it printed."""
        done = self(*words, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str | Path, **environment: str) -> str:
        """Run a command that is to end with one line on stderr and nothing else; return that line."""
        done = self(*words, **environment)
        assert done.returncode == 1, done.stdout + done.stderr
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("rushes: ")
        return lines[0]

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the tables."""
        return [json.loads(line) for line in self.ok("sql", query, "--format", "json").splitlines()]

    def states(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what ``rushes status`` says, by partition and asset."""
        told = [json.loads(line) for line in self.ok("status", "--json").splitlines()]
        return {(one["partition"], one["asset"]): one for one in told}

    def set(self, folder: Path, text: str = SETTINGS) -> None:
        """Put settings into the store."""
        file = folder / "settings.yaml"
        file.write_text(text)
        self.ok("settings", "set", file)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A command line over an empty store."""
    return Shell(tmp_path / "shell")


@pytest.fixture(scope="session")
def new_shell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Shell]:
    """Make command lines over empty stores of their own."""
    return lambda: Shell(tmp_path_factory.mktemp("shell"))


@pytest.fixture(scope="session")
def built(new_shell: Callable[[], Shell], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A store in which a face and a street were added and everything is built; only to be read."""
    folder = tmp_path_factory.mktemp("videos")
    shell = new_shell()
    face = cut("carphone", folder / "face.mp4", 0, 60)
    street = cut("bikes", folder / "crossing.mp4", 137, 187)
    shell.ok("add", face, street, "--collection", "city")
    shell.set(folder)
    (folder / "street.yaml").write_text(RECIPE)
    shell.ok("recipe", "add", folder / "street.yaml")
    shell.ok("build")
    yield shell
    assert list(shell.folder.iterdir()) == [], "commands left files in the folder they were given in"
