"""What all commands share: the store that the command line names, where they print, and tables.

Here: words on the screen. Not here: the commands (``app``, ``recipes``, ``sql``, …).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from rushes.errors import StoreError
from rushes.store.objects import Objects

# Into a file or another program, tables are as wide as they need to be: nothing is cut off.
out = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)
err = Console(stderr=True, highlight=False)


def this_store() -> Objects:
    """Return the store that the command line names."""
    return Objects(os.environ["RUSHES_STORE"])


def text_of(file: Path) -> str:
    """Return what is written in a file. Raises ``StoreError`` when it is not there or no text."""
    if not file.is_file():
        raise StoreError(f"{file}: no such file")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StoreError(f"{file}: is no text in UTF-8") from None


def table_of(*columns: str, title: str | None = None, header: bool = True) -> Table:
    """Return a table that breaks what is too long: an id cut short is of no use."""
    folded = (Column(name, overflow="fold") for name in columns)
    return Table(*folded, title=title, title_justify="left", show_header=header)


def cell(value: Any) -> str:
    """Return a value as it stands in a table."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.0f}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return "" if value is None else escape(str(value))
