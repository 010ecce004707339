"""What a tree of folders holds: video files, and the folders that are a video with annotations.

Here: telling them apart, in an order that is always the same. Not here: reading any of them (``videos``, ``mot``,
``lasot``), folders of nothing but pictures (``frames``), which are videos only when they are named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from rushes.errors import SettingsError
from rushes.sources.source import Given

VIDEO_SUFFIXES = frozenset(
    {
        ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv",
        ".ogv", ".3gp",
    }
)  # fmt: skip


class Kind(Enum):
    """What was found: a file, or the folder of a sequence."""

    VIDEO = "video"
    MOT = "mot"
    LASOT = "lasot"


def is_video(name: str) -> bool:
    """Tell a video file by its name."""
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES


def sequence_kind(folder: Path) -> Kind | None:
    """Tell whether a folder is one video, by the files that MOT and LaSOT have beside its pictures."""
    if (folder / "img1").is_dir():
        beside = ("seqinfo.ini", "gt/gt.txt", "det/det.txt")
        return Kind.MOT if any((folder / name).is_file() for name in beside) else None
    if (folder / "seqinfo.ini").is_file():
        return Kind.MOT  # its pictures are missing: that will be said of it
    if (folder / "groundtruth.txt").is_file() and (folder / "img").is_dir():
        return Kind.LASOT
    return None


def found(top: Path) -> Iterator[tuple[Kind, Path]]:
    """Yield the videos and sequences below a folder, or the sequence that it is; by name, files before folders.

    Hidden files and folders are passed over; a folder is looked at once, by whatever links it is reached. Raises
    ``SettingsError`` for a folder that cannot be listed.
    """
    seen: set[tuple[int, int]] = set()
    for name, subfolders, files in os.walk(top, onerror=_refuse, followlinks=True):
        folder = Path(name)
        about = os.stat(folder)
        identity = (about.st_dev, about.st_ino)
        kind = sequence_kind(folder)
        if identity in seen or kind:
            subfolders.clear()
        if identity in seen:
            continue
        seen.add(identity)
        if kind:
            yield kind, folder
            continue
        subfolders[:] = sorted(sub for sub in subfolders if not sub.startswith("."))
        for file in sorted(files):
            if is_video(file) and not file.startswith("."):
                yield Kind.VIDEO, folder / file


def sequences(given: Given, kind: Kind, what: str) -> Iterator[tuple[Path, Path]]:
    """Yield each sequence of one kind below what was given, and the folder that was given.

    Raises ``SettingsError`` where there is none; ``what`` says in words what one is.
    """
    top = Path(os.path.abspath(given.path))
    nothing = True
    for one, folder in found(top) if top.is_dir() else ():
        if one is kind:
            nothing = False
            yield folder, top
    if nothing:
        raise SettingsError(f"{given.name}: no {what}")


def holds_only(top: Path, kind: Kind) -> bool:
    """Tell whether there are sequences of one kind below a folder, and nothing else that is a video."""
    if not top.is_dir():
        return False
    among = False
    for one, _ in found(top):
        if one is not kind:
            return False
        among = True
    return among


def _refuse(error: OSError) -> None:
    raise SettingsError(f"{error.filename}: this folder cannot be listed ({error.strerror}): allow it, or leave it out")
