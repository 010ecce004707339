"""What is made from the command line for people: ``docs/commands.md``, every command with its options.

Run as ``python -m rushes.cli.page`` from the repository's root (``make docs``); a test holds the page up to date.
Here: the page's text, of typer's own making. Not here: what a command says of itself (``app``, the modules beside it).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from rushes.cli.app import add_commands_from_beside, app

_ABOUT = "This page is made from the commands themselves by `make docs`; `--help` after any of them says the same.\n"


def commands_page() -> str:
    """Return the text of ``docs/commands.md``."""
    if "build" not in {command.name for command in app.registered_commands}:
        add_commands_from_beside()
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="rushes")
    with context:
        text = get_docs_for_click(obj=command, ctx=context, name="rushes", title="Commands")
    text = text.replace("# Commands\n", f"# Commands\n\n{_ABOUT}", 1)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text))


def main() -> None:
    """Write the page."""
    os.environ.pop("RUSHES_STORE", None)
    Path("docs/commands.md").write_text(commands_page())


if __name__ == "__main__":
    main()
