"""What is chosen from, and a choice: the two things that all rooms of selection hand to each other.

Here: candidates in columns, and one chosen of them. Not here: how candidates are made (``consider``), and how they are
chosen (``choose``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

CANDIDATE = pa.schema(
    [
        pa.field("sequence_id", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("track_id", pa.string()),
        pa.field("class_name", pa.string()),
        pa.field("weighted_score", pa.float64()),
        pa.field("motion", pa.float64()),
        pa.field("first_frame", pa.int32(), nullable=False),
        pa.field("last_frame", pa.int32(), nullable=False),
        pa.field("n_frames", pa.int32(), nullable=False),
        pa.field("n_padded", pa.int32(), nullable=False),
        pa.field("pooled", pa.bool_(), nullable=False),
    ]
)
"""Columns of every candidate. ``n_frames`` counts repeated ones too, ``n_padded`` only them. ``weighted_score`` of a
clip's sequence is the highest of its class's tracks. ``pooled`` ones were chosen by an earlier selection and stay."""

FRAMES = pa.field("frames", pa.list_(pa.int32()))
"""There too when sequences do not take every frame from the first to the last."""


@dataclass(frozen=True)
class Candidates:
    """Sequences that could be chosen, sorted by id; a row's place is what ``at`` means everywhere in selection.

    ``rows``: ``CANDIDATE``'s columns, perhaps ``FRAMES``, and those that the recipe's strategies name; columns of
    text may be dictionaries. ``vectors``: float32 (n, d) of length 1, in the order of the rows, or a read-only map of
    a file; None when the recipe asks for none.
    """

    rows: pa.Table
    vectors: np.ndarray | None = None

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def frames(self, at: int) -> np.ndarray:
        """Return a sequence's frame numbers, int32, the repeated last ones too."""
        if FRAMES.name in self.rows.column_names:
            return np.asarray(self.rows.column(FRAMES.name)[at].as_py(), np.int32)
        row = self.row(at)
        frames = np.arange(row["first_frame"], row["last_frame"] + 1, dtype=np.int32)
        return np.pad(frames, (0, row["n_padded"]), mode="edge")

    def row(self, at: int) -> dict[str, Any]:
        """Return a candidate's columns, without its frames."""
        return {name: self.rows.column(name)[at].as_py() for name in self.rows.column_names if name != FRAMES.name}

    def with_pooled(self, places: Sequence[int]) -> Candidates:
        """Return the same candidates, these places among those that were chosen before."""
        pooled = self.pooled.copy()
        pooled[list(places)] = True
        at = self.rows.column_names.index("pooled")
        return replace(self, rows=self.rows.set_column(at, CANDIDATE.field("pooled"), pa.array(pooled)))

    @property
    def pooled(self) -> np.ndarray:
        """bool (n,): chosen by an earlier selection."""
        return np.asarray(self.rows.column("pooled"))


@dataclass(frozen=True)
class Choice:
    """One chosen candidate, in order of choice.

    ``score`` is the figure for which it was taken. ``nearest`` is the place of the nearest chosen or pooled one before
    it, at ``distance`` (Euclidean, of unit vectors: 0 to 2); None where no vectors are compared or it was the first.
    ``relaxed`` counts how often constraints had been relaxed.
    """

    at: int
    score: float | None
    why: str
    nearest: int | None = None
    distance: float | None = None
    relaxed: int = 0
