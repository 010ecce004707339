"""A folder of numbered pictures is one video.

Here: that it is one, and its name. Not here: which picture is which frame (``rushes.video.images``), pictures with
annotations beside them (``mot``, ``lasot``, ``coco_vid``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rushes.errors import SettingsError
from rushes.sources.formats.tree import found
from rushes.sources.ids import folder_id_of
from rushes.sources.source import Format, Given, Misfit, Source
from rushes.video.images import picture_folder


def _recognises(path: Path) -> bool:
    """Pictures and no folders; a video beside them is more than a picture."""
    return path.is_dir() and picture_folder(path) == path and next(found(path), None) is None


def _sources(given: Given) -> Iterator[Source | Misfit]:
    if not given.path.is_dir() or picture_folder(given.path) is None:
        raise SettingsError(f"{given.name}: no folder of pictures: name one that holds pictures and no other folders")
    path = os.path.abspath(given.path)
    yield Source(path, folder_id_of(os.path.basename(path)))


FORMAT = Format("frames", "a folder of numbered pictures, which are one video", _recognises, _sources)
