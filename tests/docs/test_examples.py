"""The examples in README and docs are ones that work: recipes parse, commands and their options exist."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

from orchestration.backfill_command import backfill
from orchestration.build import build
from rushes import settings
from rushes.cli.app import app
from rushes.selection.recipes import recipe

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DEMO = sorted((ROOT / "docs" / "demo").glob("*.yaml"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


RECIPES = [block for page in PAGES for block in blocks(page, "yaml") if "strategies" in block]


@pytest.mark.parametrize("text", RECIPES)
def test_every_recipe_in_the_docs_is_accepted(text: str) -> None:
    """Also those that show some fields alone."""
    assert recipe.parse(text if "name:" in text else f"name: shown\nsequence_length: 5\n{text}").name


@pytest.mark.parametrize("file", DEMO, ids=lambda f: f.stem)
def test_the_demonstration_s_files_are_accepted(file: Path) -> None:
    if file.stem == "settings":
        assert settings.parse(file.read_text())
    else:
        assert recipe.parse(file.read_text()).name == file.stem


def commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "") for line in block.splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.startswith("rushes ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_in_the_docs_is_one_that_the_command_line_takes(line: str) -> None:
    for name, beside in (("build", build), ("backfill", backfill)):
        if name not in [c.name for c in app.registered_commands]:
            app.command(name)(beside)
    command = typer.main.get_command(app)
    words = shlex.split(line.split(">")[0])[1:]
    with click.Context(command, info_name="rushes") as context:
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
        command.make_parser(context).parse_args(words)


def test_the_readme_links_to_files_that_are_there() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
