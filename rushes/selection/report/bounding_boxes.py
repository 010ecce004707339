"""``bounding_boxes.json``: the tracks' boxes in the saved frames, under the frames' names.

Here: gathering and writing them. Not here: boxes between two that were found (``rushes.tracking.interpolate``), and
the formats that trainers read (``rushes.packaging``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

import duckdb
import numpy as np

from rushes.tracking.interpolate import TrackPath

BOXES = "bounding_boxes.json"

_Box = dict[str, Any]


class BoxWriter:
    """Writes one list: ``{"filename": …, "boxes": [{"x", "y", "w", "h", "score", "class", "track", "interpolated"}]}``.

    Boxes are in pixels of the source frame, from its top left corner, in order of their tracks; only kept tracks
    count. A frame without boxes is in it too.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, handle: TextIO) -> None:
        self._connection, self._handle = connection, handle
        self._started = False
        handle.write("[")

    def write(self, video: str, frames: np.ndarray, names: list[str], times_s: np.ndarray) -> None:
        """Write a video's frames, int64 (n,); ``times_s`` are those of all its frames."""
        tracks = list(self._tracks(video))
        for frame, name in zip(frames.tolist(), names, strict=True):
            boxes = [box for track in tracks if (box := _box(track, frame, float(times_s[frame]))) is not None]
            fields = json.dumps({"filename": name, "boxes": boxes}, ensure_ascii=False)
            self._handle.write(f"{',' if self._started else ''}\n {fields}")
            self._started = True

    def close(self) -> None:
        """End the list."""
        self._handle.write("\n]\n")

    def _tracks(self, video: str) -> Iterator[tuple[str, str, TrackPath]]:
        """Yield (id, class, path) of a video's kept tracks."""
        rows = self._connection.execute(
            "SELECT t.track_id, t.class_name, t.complete, "
            "list((b.frame, b.t_s, b.x, b.y, b.w, b.h, b.score) ORDER BY b.frame) "
            "FROM tracks AS t JOIN track_boxes AS b USING (track_id) "
            "WHERE t.video_id = ? AND b.video_id = ? AND coalesce(t.kept, true) GROUP BY ALL ORDER BY t.track_id",
            [video, video],
        ).fetchall()
        for track, name, complete, path in rows:
            yield track, name, TrackPath.of(path, complete)


def _box(track: tuple[str, str, TrackPath], frame: int, time_s: float) -> _Box | None:
    name, class_name, path = track
    found = path.at(frame, time_s)
    if found is None:
        return None
    box, score, interpolated = found
    sides = {side: round(float(value), 3) for side, value in zip("xywh", box, strict=True)}
    told = {"score": round(score, 4), "class": class_name, "track": name, "interpolated": interpolated}
    return {**sides, **told}
