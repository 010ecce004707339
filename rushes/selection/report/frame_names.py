"""What Lightly calls a frame: ``{file's stem}-{number padded to as many digits as the count of frames}-{ext}.png``.

Here: those names, and that no two frames share one. Not here: the files that list them (``lists``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import duckdb

# What would break a line of a list, or leave the folder.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\\/]")


@dataclass(frozen=True)
class _Named:
    file: str
    stem: str
    ext: str
    digits: int


class FrameNames:
    """The names of videos' frames. Where two files have one name, or one cannot be used, the video's id stands in its
    place; a folder of pictures has no ext. ``videos``: (id, address, whether it is a folder, number of frames)."""

    def __init__(self, videos: Iterable[tuple[str, str, bool, int]]) -> None:
        named = {video: _named(uri, is_folder, count) for video, uri, is_folder, count in videos}
        files = Counter((one.stem, one.ext) for one in named.values())
        stems = {v: one.stem if one.stem and files[one.stem, one.ext] == 1 else v for v, one in named.items()}
        if len({(stem, named[video].ext) for video, stem in stems.items()}) < len(stems):
            stems = {video: video for video in stems}  # a file is called as another one's video is
        self._named = {v: replace(one, stem=stems[v], file=one.file or v) for v, one in named.items()}

    def file(self, video_id: str) -> str:
        """Return the name of the video's file."""
        return self._named[video_id].file

    def of(self, video_id: str, frames: Sequence[int]) -> list[str]:
        """Return the names of a video's frames."""
        one = self._named[video_id]
        end = f"-{one.ext}.png" if one.ext else ".png"
        return [f"{one.stem}-{frame:0{one.digits}d}{end}" for frame in frames]


def frame_names(connection: duckdb.DuckDBPyConnection, video_ids: Iterable[str]) -> FrameNames:
    """Return the names of these videos' frames."""
    query = "SELECT video_id, source_uri, kind = 'frames', n_frames FROM videos WHERE list_contains(?, video_id)"
    return FrameNames(connection.execute(f"{query} ORDER BY 1", [sorted(set(video_ids))]).fetchall())


def _named(uri: str, is_folder: bool, n_frames: int) -> _Named:
    path = urlsplit(uri).path if "://" in uri else uri
    file = PurePosixPath(path.rstrip("/")).name
    if _UNFIT.search(file) or file in ("", ".", ".."):
        file = ""
    name = PurePosixPath(file)
    stem, ext = (file, "") if is_folder else (name.stem, name.suffix[1:])
    return _Named(file, stem, ext, len(str(n_frames)))
