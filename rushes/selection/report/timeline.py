"""What became of each video over its time: its clips, what was considered there, and what was chosen.

Here: stretches of seconds as paths of an SVG that is 1000 wide. Not here: the other figures (``drawing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import duckdb
import numpy as np
import pyarrow.compute as pc

from rushes.selection.choice import Candidates, Choice
from rushes.video.index import seconds

_VIDEOS = 20
_WIDTH = 1000


@dataclass(frozen=True)
class Mark:
    """A chosen sequence: its rank, left edge and width of 1000, and its times in seconds."""

    rank: int
    left: float
    width: float
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Timeline:
    """A video: paths of clips kept and dropped, of what was considered and chosen, and marks of the first ranks."""

    video_id: str
    start_s: float
    end_s: float
    kept: str
    dropped: str
    considered: str
    chosen: str
    n_considered: int
    n_chosen: int
    marks: list[Mark]


def timelines(
    connection: duckdb.DuckDBPyConnection, candidates: Candidates, choices: Sequence[Choice], linked: int
) -> tuple[list[Timeline], int]:
    """Return at most 20 videos' timelines, those with most chosen first, and how many videos are left out.

    The first ``linked`` ranks have marks of their own.
    """
    if not len(candidates):
        return [], 0
    videos = candidates.rows.column("video_id")
    counts = {row["values"]: row["counts"] for row in pc.value_counts(videos).to_pylist()}
    ranks: dict[str, list[int]] = {}
    for rank, choice in enumerate(choices):
        ranks.setdefault(videos[choice.at].as_py(), []).append(rank)
    order = sorted(counts, key=lambda video: (-len(ranks.get(video, ())), -counts[video], video))
    shown = [
        _timeline(connection, video, candidates, choices, ranks.get(video, []), linked) for video in order[:_VIDEOS]
    ]
    return shown, len(order) - len(shown)


def _timeline(
    connection: duckdb.DuckDBPyConnection,
    video: str,
    candidates: Candidates,
    choices: Sequence[Choice],
    ranks: Sequence[int],
    linked: int,
) -> Timeline:
    starts, ends = _frame_times(connection, video)
    last_frame = len(starts) - 1
    clips = connection.execute(
        "SELECT start_frame, end_frame - 1, kept FROM filtered_clips WHERE video_id = ? ORDER BY ALL", [video]
    ).fetchall()
    rows = candidates.rows
    own = np.flatnonzero(np.asarray(pc.equal(rows.column("video_id"), video)))
    first, last = (np.asarray(rows.column(name).take(own)) for name in ("first_frame", "last_frame"))
    chosen = np.searchsorted(own, [choices[rank].at for rank in ranks])
    begin, length = float(starts[0]), max(float(ends[-1] - starts[0]), 1e-9)

    def covered(some: Sequence[tuple[int, int]] | np.ndarray) -> str:
        frames = np.minimum(np.asarray(some, np.int64).reshape(-1, 2), last_frame)
        return _stretches((starts[frames[:, 0]] - begin) / length, (ends[frames[:, 1]] - begin) / length)

    def mark(rank: int, at: Any) -> Mark:
        start, end = float(starts[min(first[at], last_frame)]), float(ends[min(last[at], last_frame)])
        left, width = _WIDTH * (start - begin) / length, _WIDTH * (end - start) / length
        return Mark(rank, round(left, 1), round(max(width, 3.0), 1), start, end)

    extents = np.stack([first, last], axis=1)
    return Timeline(
        video,
        begin,
        begin + length,
        covered([(a, b) for a, b, kept in clips if kept]),
        covered([(a, b) for a, b, kept in clips if not kept]),
        covered(extents),
        covered(extents[chosen]),
        len(own),
        len(ranks),
        [mark(rank, at) for rank, at in zip(ranks, chosen, strict=True) if rank < linked],
    )


def _frame_times(connection: duckdb.DuckDBPyConnection, video: str) -> tuple[np.ndarray, np.ndarray]:
    """Return when each frame begins and ends, float64 seconds; the last lasts as long as most."""
    base = connection.execute("SELECT time_base FROM videos WHERE video_id = ?", [video]).fetchall()[0][0]
    found = connection.execute("SELECT pts FROM packets WHERE video_id = ? ORDER BY frame", [video]).fetchnumpy()
    pts = found["pts"] if len(found["pts"]) else np.zeros(1, np.int64)  # an index that is gone has no length to show
    starts = seconds(pts, Fraction(base))
    usual = float(np.median(np.diff(starts))) if len(starts) > 1 else 1.0
    return starts, np.append(starts[1:], starts[-1] + usual)


def _stretches(starts: np.ndarray, ends: np.ndarray) -> str:
    """Return a path through all columns of 1000 that these parts of a video (0 to 1) touch: never many strokes."""
    steps = np.zeros(_WIDTH + 1, np.int64)
    left = np.clip(np.floor(starts * _WIDTH + 1e-6), 0, _WIDTH - 1).astype(np.int64)
    right = np.clip(np.ceil(ends * _WIDTH - 1e-6), left + 1, _WIDTH).astype(np.int64)
    np.add.at(steps, left, 1)
    np.add.at(steps, right, -1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.cumsum(steps) > 0]).astype(np.int8)))
    return "".join(f"M{a} 0H{b}" for a, b in edges.reshape(-1, 2))
