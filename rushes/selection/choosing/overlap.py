"""How much one sequence shows again of another of the same video: the overlap of their boxes in space and time.

For each box of the one, the other's box nearest in time (of two, the earlier) at Δt seconds: their intersection over
union, in full up to a buffer ``iou_tbuff`` and times 1 / sqrt(Δt / iou_tbuff) beyond, as TrackVerse pairs and weighs
them. The mean of these is the share of the one that the other shows again; the larger of the two shares is the overlap.
So it is symmetric, and a short piece of a long track overlaps it wholly, whichever of both is chosen first. 0 to 1.

A track's sequence has the track's boxes from its first to its last frame; a clip's has the whole picture in each of its
frames, so that sequences of a clip with common frames overlap. Here: that figure, and what is chosen of each video. Not
here: what is done about it (``constraints``).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from fractions import Fraction

import duckdb
import numpy as np

from rushes.selection.choice import Candidates
from rushes.video.index import seconds

# So many boxes are held at once, of the videos last asked about.
_HELD = 2_000_000


@dataclass(frozen=True)
class Shown:
    """What a sequence shows: ``times``, float64 (m,), seconds, ascending; ``boxes`` float64 (m, 4), left, top, right,
    bottom."""

    times: np.ndarray
    boxes: np.ndarray


def overlap(one: Shown, other: Shown, buffer: float) -> float:
    """Return the overlap of two sequences of one video, 0 to 1; 0 where one has no boxes. ``buffer``: seconds."""
    if not len(one.times) or not len(other.times):
        return 0.0
    return max(_share(one, other, buffer), _share(other, one, buffer))


def _share(one: Shown, other: Shown, buffer: float) -> float:
    """Return the share of ``one`` that ``other`` shows again."""
    after = np.searchsorted(other.times, one.times).clip(max=len(other.times) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(one.times - other.times[before]) <= np.abs(one.times - other.times[after])
    nearest = np.where(earlier, before, after)
    apart = np.abs(one.times - other.times[nearest])
    weight = 1 / np.sqrt(np.maximum(apart / buffer, 1))
    return float((_iou(one.boxes, other.boxes[nearest]) * weight).mean())


def _iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return float64 (m,): the intersection over union of boxes in pairs; 0 where neither has an area."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    common = np.maximum(sides, 0).prod(axis=1)
    areas = (one[:, 2:] - one[:, :2]).prod(axis=1) + (other[:, 2:] - other[:, :2]).prod(axis=1)
    union = areas - common
    return np.divide(common, union, out=np.zeros(len(one)), where=union > 0)


class Overlaps:
    """Overlaps of candidates with what is chosen of their videos. Reads a video's boxes when they are first needed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, candidates: Candidates, buffer: float) -> None:
        self._candidates, self._buffer = candidates, buffer
        self._boxes = _Boxes(connection)
        column = candidates.rows.column
        self._videos, self._tracks = column("video_id").combine_chunks(), column("track_id").combine_chunks()
        self._first, self._last = np.asarray(column("first_frame")), np.asarray(column("last_frame"))
        self._chosen: dict[str, list[int]] = defaultdict(list)
        self._hulls: dict[str, np.ndarray] = {}
        self._known: dict[int, tuple[int, float]] = {}
        for at in np.flatnonzero(candidates.pooled).tolist():
            self.add(at)

    def add(self, at: int) -> None:
        """Count a row as chosen."""
        self._chosen[self._video(at)].append(at)

    def at_most(self, at: int, most: float) -> bool:
        """Tell whether a row's overlap with each that is chosen is at most so much.

        What was found out is kept: ``most`` may grow from one call to the next, and never shrinks.
        """
        video = self._video(at)
        seen, largest = self._known.get(at, (0, 0.0))
        if largest <= most and seen < len(self._chosen.get(video, ())):
            own, hulls = self._shown(at), self._hulls_of(video)
            near = seen + np.flatnonzero(self._bounds(_hull(own), hulls[seen:]) > most)
            seen = len(hulls)
            for place in near.tolist():
                largest = max(largest, overlap(own, self._shown(self._chosen[video][place]), self._buffer))
                if largest > most:
                    seen = place + 1
                    break
            self._known[at] = seen, largest
        return largest <= most

    def _hulls_of(self, video: str) -> np.ndarray:
        """Return float64 (c, 6): what each chosen one of a video keeps within, first and last time included."""
        chosen, hulls = self._chosen[video], self._hulls.get(video, np.empty((0, 6)))
        if len(hulls) < len(chosen):
            hulls = np.concatenate([hulls, [_hull(self._shown(at)) for at in chosen[len(hulls) :]]])
            self._hulls[video] = hulls
        return hulls

    def _bounds(self, own: np.ndarray, hulls: np.ndarray) -> np.ndarray:
        """Return float64 (c,): what the overlap with each hull is at most."""
        gap = np.maximum(hulls[:, 0] - own[1], own[0] - hulls[:, 1])
        meets = (np.minimum(hulls[:, 4:], own[4:]) > np.maximum(hulls[:, 2:4], own[2:4])).all(axis=1)
        return np.where(meets, 1 / np.sqrt(np.maximum(gap / self._buffer, 1)), 0.0)

    def _video(self, at: int) -> str:
        return str(self._videos[at].as_py())

    def _shown(self, at: int) -> Shown:
        track = self._tracks[at].as_py()
        if track is None:
            return self._boxes.of_frames(self._video(at), np.unique(self._candidates.frames(at)))
        return self._boxes.of_track(self._video(at), track, int(self._first[at]), int(self._last[at]))


def _hull(shown: Shown) -> np.ndarray:
    """Return float64 (6,): the first and last time, and the box around all boxes; one that meets nothing for none."""
    if not len(shown.times):
        return np.array([np.inf, -np.inf, np.inf, np.inf, -np.inf, -np.inf])
    least, most = shown.boxes[:, :2].min(axis=0), shown.boxes[:, 2:].max(axis=0)
    return np.concatenate([shown.times[[0, -1]], least, most])


class _Boxes:
    """Boxes and times of the videos last asked about; ``_HELD`` of them, and always those of the last video."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._batches: dict[str, list[str]] | None = None
        self._held: OrderedDict[tuple[str, str], dict[str, tuple[np.ndarray, Shown]]] = OrderedDict()
        self._size = 0

    def of_track(self, video: str, track: str, first: int, last: int) -> Shown:
        """Return a track's boxes from one frame to another, both included."""
        frames, shown = self._get("tracks", video).get(track, _NOTHING)
        part = slice(*np.searchsorted(frames, [first, last + 1]))
        return Shown(shown.times[part], shown.boxes[part])

    def of_frames(self, video: str, frames: np.ndarray) -> Shown:
        """Return the whole picture at the times of some frames."""
        known, shown = self._get("frames", video).get("", _NOTHING)
        at = np.flatnonzero(np.isin(known, frames, assume_unique=True))
        return Shown(shown.times[at], shown.boxes[at])

    def _get(self, kind: str, video: str) -> dict[str, tuple[np.ndarray, Shown]]:
        if (kind, video) not in self._held:
            loaded = self._load_tracks(video) if kind == "tracks" else self._load_frames(video)
            self._held[kind, video] = loaded
            self._size += _boxes_in(loaded)
            while self._size > _HELD and len(self._held) > 1:
                self._size -= _boxes_in(self._held.popitem(last=False)[1])
        self._held.move_to_end((kind, video))
        return self._held[kind, video]

    def _load_tracks(self, video: str) -> dict[str, tuple[np.ndarray, Shown]]:
        rows = self._connection.execute(
            "SELECT track_id, frame, t_s, x, y, x + w AS r, y + h AS b FROM track_boxes "
            "WHERE list_contains(?, batch) AND video_id = ? ORDER BY track_id, frame",
            [self._of_batch(video), video],
        ).fetchnumpy()
        tracks, starts = np.unique(rows["track_id"].astype(str), return_index=True)
        boxes = np.stack([rows[name].astype(np.float64) for name in ("x", "y", "r", "b")], axis=1)
        parts = [slice(start, end) for start, end in zip(starts, [*starts[1:], len(boxes)], strict=True)]
        return {
            str(track): (rows["frame"][part], Shown(rows["t_s"][part], boxes[part]))
            for track, part in zip(tracks, parts, strict=True)
        }

    def _load_frames(self, video: str) -> dict[str, tuple[np.ndarray, Shown]]:
        found = self._connection.execute("SELECT time_base, width, height FROM videos WHERE video_id = ?", [video])
        rows = (
            self._connection.execute(
                "SELECT frame, pts FROM packets WHERE list_contains(?, batch) AND video_id = ? ORDER BY frame",
                [self._of_batch(video), video],
            ).fetchnumpy()
            if (about := found.fetchone())
            else None
        )
        if rows is None or about is None:
            return {}
        times = seconds(rows["pts"], Fraction(about[0]))
        boxes = np.tile(np.array([0.0, 0.0, about[1], about[2]]), (len(times), 1))
        return {"": (rows["frame"], Shown(times, boxes))}

    def _of_batch(self, video: str) -> list[str]:
        if self._batches is None:
            self._batches = defaultdict(list)
            for video_id, batch in self._connection.execute("SELECT video_id, batch FROM videos").fetchall():
                self._batches[video_id].append(batch)
        return self._batches.get(video, [])


_NOTHING = (np.empty(0, np.int64), Shown(np.empty(0), np.empty((0, 4))))


def _boxes_in(loaded: dict[str, tuple[np.ndarray, Shown]]) -> int:
    return sum(len(frames) for frames, _ in loaded.values())
