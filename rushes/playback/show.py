"""A video made ready for a browser: what the page is told of it, and its bytes as a file or in pieces.

Here: joining a video, the ways it may be shown and what is drawn over it. Not here: HTTP (``server``), choosing the way
(``ways``), making pieces (``segments``).
"""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

from rushes.playback.overlay import Hidden, Overlay, Track
from rushes.playback.segments import Pieces, Remuxed, Transcoded, clean_keyframes, cuts_between_packets
from rushes.playback.ways import FALLBACK, Kind, Way, way_to_show
from rushes.privacy.look import CELLS
from rushes.ranges import Ranges
from rushes.video.packets import ReadBy
from rushes.video.video import Video

# A file says what it is within so many bytes.
_HEAD = 64


class Show:
    """One video and the ways to show it, of which the page takes the first that its browser can play."""

    def __init__(self, video: Video, overlay: Overlay) -> None:
        self._video, self._overlay = video, overlay
        self._lock = threading.Lock()
        self._pieces: dict[Kind, Pieces] = {}
        by_packets = video.row["read_by"] != ReadBy.START
        self._cuts = cuts_between_packets(video.index) if by_packets else None
        way = self._way()
        self._ways = [way] if way.kind is Kind.TRANSCODED else [way, FALLBACK]

    @property
    def file(self) -> Ranges | None:
        """The video's bytes, where browsers may have them as they are."""
        return self._video.source() if self._ways[0].kind is Kind.FILE else None

    @property
    def mime(self) -> str:
        """The file's MIME type."""
        return self._ways[0].mime

    @property
    def note(self) -> str:
        """Why browsers are not given the file as it is; empty if they are."""
        return self._ways[0].note

    def about(self) -> dict[str, Any]:
        """Return all that the page is told of the video, for JSON. Boxes are in pixels of the upright picture."""
        row, overlay = self._video.row, self._overlay
        return {
            "name": row["video_id"],
            "codec": row["codec"],
            "width": row["width"],
            "height": row["height"],
            "fps": row["fps"],
            "duration_s": row["duration_s"],
            "times": self._video.timestamps.tolist(),
            "ways": [asdict(way) for way in self._ways],
            "clips": [asdict(clip) for clip in overlay.clips],
            "tracks": None if overlay.tracks is None else [_track(track) for track in overlay.tracks],
            "hidden": None if overlay.hidden is None else _hidden(overlay.hidden),
        }

    def pieces(self, kind: str) -> Pieces | None:
        """Return the video in pieces, by the name of one of its ways; None if that is none."""
        way = next((way for way in self._ways if way.kind == kind and way.kind is not Kind.FILE), None)
        if way is None:
            return None
        with self._lock:
            if way.kind not in self._pieces:
                remuxed = way.kind is Kind.REMUXED and self._cuts is not None
                self._pieces[way.kind] = Remuxed(self._video, self._cuts or []) if remuxed else Transcoded(self._video)
            return self._pieces[way.kind]

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            for pieces in self._pieces.values():
                pieces.close()

    def _way(self) -> Way:
        row = self._video.row
        if row["kind"] == "frames":
            return Way(Kind.TRANSCODED, "", "transcoded: this is a sequence of pictures, not a video file")
        head = self._video.source().read([(0, min(_HEAD, row["size_bytes"]))])[0]
        closed = len(clean_keyframes(self._video.index)) == int(self._video.index.keyframe.sum())
        return way_to_show(
            row["codec"], row["pixel_format"], row["container"], head, closed=closed, cut=self._cuts is not None
        )


def _track(track: Track) -> dict[str, Any]:
    return {**asdict(track), "score": round(track.score, 3), "boxes": _rounded(track.boxes)}


def _hidden(hidden: Hidden) -> dict[str, Any]:
    cells = [CELLS[kind] for kind in hidden.kinds]
    return {"frames": hidden.frames, "boxes": _rounded(hidden.boxes), "cells": cells, "searched": hidden.searched}


def _rounded(boxes: list[tuple[float, float, float, float]]) -> list[list[float]]:
    """Boxes to a tenth of a pixel: the page's size is mostly theirs."""
    return [[round(value, 1) for value in box] for box in boxes]
