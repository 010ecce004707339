"""Video files: one, or all in a tree of folders.

In such a tree, MOT's and LaSOT's sequences are found as well, and come with their annotations. Here: which files are
videos, and the names they get. Not here: how a tree is walked (``tree``), whether a file can be read (``ingest``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.sources.formats import lasot, mot
from rushes.sources.formats.tree import VIDEO_SUFFIXES, Kind, found, is_video
from rushes.sources.ids import video_id_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

__all__ = ["FOLDER", "VIDEO", "VIDEO_SUFFIXES"]


def _is_video(path: Path) -> bool:
    return is_video(path.name) and not path.is_dir()


def _video(given: Given) -> Iterator[Source | Misfit]:
    yield Source(os.path.abspath(given.path), video_id_of(given.path.name))


def _is_tree(path: Path) -> bool:
    """Some video file is in it, or sequences of both kinds."""
    if not path.is_dir():
        return False
    kinds = set()
    for kind, _ in found(path):
        kinds.add(kind)
        if kind is Kind.VIDEO or len(kinds) > 1:
            return True
    return False


def _tree(given: Given) -> Iterator[Source | Misfit]:
    top = Path(os.path.abspath(given.path))
    if not top.is_dir():
        raise SettingsError(f"{given.name}: no folder: a single video is added with --format video")
    nothing = True
    for kind, path in found(top):
        nothing = False
        if not _is_text(path):
            yield Misfit(ascii(str(path)), Reason.BAD_ID, "a name that is not UTF-8: rename it")
        elif kind is Kind.VIDEO:
            yield Source(str(path), video_id_of(path.relative_to(top).as_posix()))
        else:
            yield from (mot.sequence if kind is Kind.MOT else lasot.sequence)(path, top)
    if nothing:
        raise SettingsError(f"{given.name}: no video files in that folder ({', '.join(sorted(VIDEO_SUFFIXES))})")


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    form = lasot.FORMAT if lines.annotation == lasot.ANNOTATION else mot.FORMAT
    assert form.annotations is not None
    return form.annotations(lines, footage)


VIDEO = Format("video", "a video file", _is_video, _video)
FOLDER = Format("folder", "a folder with video files in it, and in the folders below it", _is_tree, _tree, _annotations)
