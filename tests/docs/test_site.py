"""The site: every page is in it, no link leads nowhere, and what is made from the code is up to date."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "rushes.Store" in (tmp_path / "site" / "api.html").read_text()


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    """In a process of its own: what others have imported adds nothing to it."""
    program = "from rushes.cli.page import commands_page; print(commands_page(), end='')"
    environment = {name: value for name, value in os.environ.items() if name != "RUSHES_STORE"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == (ROOT / "docs" / "commands.md").read_text(), done.stderr
