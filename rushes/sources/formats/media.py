"""A folder that holds the videos of a manifest, which names them without saying where they lie.

Here: from a video's name to its file. Not here: what a manifest may name, and addresses (``named``).
"""

from __future__ import annotations

import os

from rushes.errors import SettingsError
from rushes.ranges.address import is_elsewhere
from rushes.sources.formats.tree import is_video


class Media:
    """A local folder, looked through once. ``within`` is its path; None for an address, where nobody can look.

    Hidden files, and folders that are only linked, are passed over.
    """

    def __init__(self, media: str) -> None:
        """Look through the folder. Raises ``SettingsError`` when there is none."""
        self.within = None if is_elsewhere(media) else os.path.abspath(os.path.expanduser(media))
        self._files = _files_below(self.within) if self.within else {}

    def find(self, name: str) -> str | None:
        """Return the video of a name, with its suffix or without; None when the folder, or those in it, has none."""
        return self._files.get(name)


def _files_below(folder: str) -> dict[str, str]:
    """Return the videos by name and by stem; of two the one that is less deep, then the first."""
    if not os.path.isdir(folder):
        raise SettingsError(f"{folder}: no such folder; --media must name the one that holds the videos")
    paths = [
        os.path.join(here, name)
        for here, _, names in os.walk(folder)
        for name in names
        if is_video(name) and not name.startswith(".")
    ]
    found: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: (path.count(os.sep), path)):
        name = os.path.basename(path)
        found.setdefault(name, path)
        found.setdefault(os.path.splitext(name)[0], path)
    return found
