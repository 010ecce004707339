"""What the command line says of itself, and how it refuses."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from rushes.cli.app import app


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words
        return
    for name, of in inner.items():
        yield from _commands(of, (*words, name))


# ``build`` comes from the Dagster project, through an entry point.
COMMANDS = sorted({*_commands(typer.main.get_command(app)), ("build",)})


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_of_every_command_has_an_example(new_shell: Callable[[], Any], words: tuple[str, ...]) -> None:
    said = new_shell().ok(*words, "--help")
    assert f"rushes {' '.join(words)}" in said.replace("\n", " ")


def test_help_lists_every_command(shell: Any) -> None:
    said = shell.ok("--help")
    for word in sorted({words[0] for words in COMMANDS}):
        assert f" {word} " in said


@pytest.mark.parametrize("words", ["frobnicate", "add", "status --nosuch", "add a.mp4 --batch-size 0"])
def test_words_that_are_not_understood_exit_with_2(shell: Any, words: str) -> None:
    done = shell(*words.split())
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_where_an_error_comes_from(shell: Any) -> None:
    done = shell("--debug", "why", "nowhere")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "nothing is known of 'nowhere'" in done.stderr.splitlines()[-1]
