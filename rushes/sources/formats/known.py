"""Every format by its name, and telling which one something is.

Here: the list, in the order in which they are asked: those that look for the most come first. Not here: the formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from rushes.sources.formats import (
    ava,
    charades,
    coco_vid,
    frames,
    hdvila,
    kinetics,
    lasot,
    mediasequence,
    mot,
    table,
    trackverse_clips,
    trackverse_tracks,
    videos,
    youtube,
)
from rushes.sources.source import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format.name: format
        for format in (
            videos.VIDEO,
            mot.FORMAT,
            lasot.FORMAT,
            trackverse_tracks.FORMAT,
            trackverse_clips.FORMAT,
            hdvila.FORMAT,
            coco_vid.FORMAT,
            mediasequence.FORMAT,
            charades.FORMAT,
            kinetics.FORMAT,
            ava.FORMAT,
            table.FORMAT,
            youtube.FORMAT,
            frames.FORMAT,
            videos.FOLDER,
        )
    }
)


def recognise(path: Path) -> Format | None:
    """Return the format of a file or folder that is there; None when no format knows it."""
    return next((format for format in FORMATS.values() if format.recognises(path)), None)
