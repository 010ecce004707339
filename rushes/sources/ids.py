"""The ids that videos get from the names of their files, and how a video is named in a manifest.

Here: making a name fit. Not here: what a fit name is (``rushes.store.names``), and who has it already (``register``).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_LONGEST_NAME = 128


def video_id_of(name: str) -> str:
    """Make a video's id of a path: its suffix taken off, folders and odd characters turned into dashes.

    Of a path that is too long its end stays, and a hash that tells it from others.
    """
    return _fit(name[: -len(Path(name).suffix)] if Path(name).suffix else name, name)


def folder_id_of(name: str) -> str:
    """Make a video's id of the path of a folder of pictures: the same, but that nothing in it is a suffix."""
    return _fit(name, name)


def _fit(stem: str, name: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-._") or "video"
    if len(clean) <= _LONGEST_NAME:
        return clean
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{clean[len(mark) + 1 - _LONGEST_NAME :].lstrip('-._')}-{mark}"
