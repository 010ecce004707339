"""Names that people give: of collections, videos and recipes.

Here: the one rule that makes a name fit for paths, SQL and other people's formats. Not here: ids that are made up.
"""

from __future__ import annotations

import re

from rushes.errors import SettingsError


def check_name(name: str, what: str) -> None:
    """Raise ``SettingsError`` unless a name can stand in paths, SQL and other people's formats."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name):
        raise SettingsError(f"{what} {name!r}: use letters, digits, '.', '_' and '-', beginning with a letter or digit")
