"""Small pictures of sequences, as they may be shown, for a page that loads nothing.

Here: which frames, the box of the track that a sequence follows, JPEG as data URIs. Not here: hiding
(``rushes.privacy.delivery``).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from rushes.errors import RushesError, VideoError
from rushes.privacy.delivery import Delivery
from rushes.selection.choice import Candidates
from rushes.store.objects import Objects
from rushes.tracking.interpolate import TrackPath
from rushes.video.pictures import Label, draw, encode
from rushes.video.sampling import evenly

WIDTH = 208
_QUALITY = 74


@dataclass(frozen=True)
class Picture:
    """A frame of a sequence: ``pixels`` uint8 (h, w, 3) RGB; None and ``why`` when it could not be read."""

    frame: int
    pixels: np.ndarray | None
    why: str = ""

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        assert self.pixels is not None
        return "data:image/jpeg;base64," + base64.b64encode(encode(self.pixels, _QUALITY)).decode()


def pictures(
    objects: Objects, connection: duckdb.DuckDBPyConnection, candidates: Candidates, wanted: Mapping[int, int]
) -> dict[int, list[Picture]]:
    """Return a few frames of candidates by place; ``wanted`` says how many of each. A video is decoded in one pass."""
    rows = {at: candidates.row(at) for at in sorted(wanted)}
    frames = {at: evenly(np.unique(candidates.frames(at)), count).tolist() for at, count in wanted.items()}
    paths = _paths(connection, {str(row["track_id"]) for row in rows.values() if row["track_id"] is not None})
    found: dict[int, list[Picture]] = {}
    for video in sorted({str(row["video_id"]) for row in rows.values()}):
        own = [at for at, row in rows.items() if row["video_id"] == video]
        asked = {at: (frames[at], rows[at], paths) for at in own}
        try:
            with Delivery(objects, connection, video) as delivery:
                found |= _readable(delivery, asked)
        except (RushesError, OSError) as error:
            found |= {at: _unread(frames[at], error) for at in own}
    return found


_Asked = tuple[list[int], dict[str, object], dict[str, TrackPath]]


def _readable(delivery: Delivery, asked: Mapping[int, _Asked]) -> dict[int, list[Picture]]:
    """Read all in one pass, and only when that fails, sequence by sequence to see which it is."""
    try:
        return _of_video(delivery, asked)
    except (VideoError, IndexError) as error:  # damaged, or a frame that its index has no longer
        if len(asked) == 1:
            return {at: _unread(frames, error) for at, (frames, _, _) in asked.items()}
        return {at: found for one in asked for at, found in _readable(delivery, {one: asked[one]}).items()}


def _unread(frames: list[int], error: Exception) -> list[Picture]:
    return [Picture(frame, None, str(error)) for frame in frames]


def _of_video(delivery: Delivery, asked: Mapping[int, _Asked]) -> dict[int, list[Picture]]:
    scale = WIDTH / delivery.video["width"]
    size = (WIDTH, max(1, round(delivery.video["height"] * scale)))
    wanted = {frame for frames, _, _ in asked.values() for frame in frames}
    pixels = dict(delivery.frames(sorted(wanted), size))
    return {
        at: [
            Picture(frame, draw(pixels[frame], list(_labels(row, paths, frame, delivery.times_s, scale))))
            for frame in frames
        ]
        for at, (frames, row, paths) in asked.items()
    }


def _labels(
    row: Mapping[str, object], paths: Mapping[str, TrackPath], frame: int, times_s: np.ndarray, scale: float
) -> Iterable[Label]:
    path = paths.get(str(row["track_id"]))
    if path is not None and (found := path.at(frame, float(times_s[frame]))) is not None:
        yield Label((found[0] * scale).tolist(), "", 2)


def _paths(connection: duckdb.DuckDBPyConnection, tracks: set[str]) -> dict[str, TrackPath]:
    if not tracks:
        return {}
    rows = connection.execute(
        "SELECT b.track_id, t.complete, list((b.frame, b.t_s, b.x, b.y, b.w, b.h, b.score) ORDER BY b.frame) "
        "FROM track_boxes AS b JOIN tracks AS t USING (track_id) WHERE list_contains(?, b.track_id) "
        "GROUP BY ALL ORDER BY ALL",
        [sorted(tracks)],
    ).fetchall()
    return {track: TrackPath.of(path, complete) for track, complete, path in rows}
