"""A vector for each sequence, made of those that are stored along it.

Here: how several become one, and which cannot be used. Not here: reading them (``embedded``), comparing them
(``k_center``, ``near``, …).
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from rushes.errors import SettingsError, StoreError
from rushes.selection.candidates.embedded import UNEQUAL, Embedded, Slice
from rushes.selection.choice import FRAMES
from rushes.selection.recipes.recipe import Recipe
from rushes.store.rejects import Reason

_IN_MEMORY = 1 << 30  # bytes; more go into a temporary file
_BLOCK = 4_096  # rows
# A mean of unit vectors that is shorter than this is what rounding left of none.
_NOTHING = 1e-5
_MISSING, _BAD = 1, 2
_REASONS = (None, Reason.NO_EMBEDDING, Reason.BAD_EMBEDDING)

WORDS = {
    Reason.NO_EMBEDDING: "its clip or track has no vector",
    Reason.BAD_EMBEDDING: "a vector of it is zero or not finite, or they cancel out",
}
"""Why there is no vector of something, in words."""


@dataclass(frozen=True)
class Loaded:
    """Vectors of m sequences: float32 (m, d) of length 1, zero where ``reason`` says why there is none.

    ``own``: bool (m,), whether a vector lies within the sequence; else the nearest of its clip or track was taken.
    ``model`` made them; empty when there is none at all, and then d is 0.
    """

    vectors: np.ndarray
    reason: list[Reason | None]
    own: np.ndarray
    model: str


def load(connection: duckdb.DuckDBPyConnection, recipe: Recipe, rows: pa.Table, at: np.ndarray) -> Loaded:
    """Return the vectors of sequences; beyond a gigabyte they lie in a temporary file that goes with the array.

    ``rows``: columns of ``CANDIDATE``, and ``FRAMES`` when the recipe gives a rate; ``at``: which rows. The stored
    vectors from a sequence's first frame to its last are brought to length 1, then ``recipe.aggregate`` makes one of
    them: their mean, their greatest in each dimension, or the first; ``concat`` takes for each frame of the sequence
    the nearest stored one of its clip or track, the last one's again for repeated frames. The outcome is brought to
    length 1 again. One bad vector within a sequence spoils it. Where none lies within it, the one nearest to its
    middle stands for all; ties go to the earlier. Raises ``SettingsError`` for vectors of more than one model.
    """
    try:
        embedded = Embedded(connection, rows, at)
    except SettingsError as error:
        raise SettingsError(f"recipe {recipe.name}: {error}") from None
    frames = _Frames(rows, at, recipe.length or 1) if recipe.aggregate == "concat" else None
    vectors: np.ndarray | None = None
    states = np.full(len(at), _MISSING, np.int8)
    own = np.zeros(len(at), bool)
    for part in embedded:
        made, state = _concatenated(part, frames) if frames else _aggregated(part, recipe.aggregate)
        if vectors is None:
            vectors = allocated(len(at), made.shape[1])
        if made.shape[1] != vectors.shape[1]:
            raise StoreError(UNEQUAL)
        vectors[part.places], states[part.places] = made, state
        own[part.places] = part.high > part.low
    if vectors is None:
        vectors = np.zeros((len(at), 0), np.float32)
    return Loaded(vectors, [_REASONS[state] for state in states], own, embedded.model)


def allocated(count: int, width: int) -> np.ndarray:
    """Return float32 (count, width) of zeros, in memory or in a file that is deleted with it."""
    if count * width * 4 <= _IN_MEMORY:
        return np.zeros((count, width), np.float32)
    with tempfile.TemporaryFile(prefix="rushes-vectors-") as file:
        try:
            file.truncate(count * width * 4)
            if hasattr(os, "posix_fallocate"):  # else a full disk would kill the process at some later write
                os.posix_fallocate(file.fileno(), 0, count * width * 4)
        except OSError as error:
            room = f"{count * width * 4 / 1e9:.1f} GB of vectors in {tempfile.gettempdir()}"
            raise StoreError(f"no room for {room} ({error.strerror}): set TMPDIR to a larger folder") from None
        return np.memmap(file, np.float32, "r+", shape=(count, width))


def taken(vectors: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a copy of the rows at these places, in this order."""
    copy = allocated(len(at), vectors.shape[1])
    for start in range(0, len(at), _BLOCK):
        copy[start : start + _BLOCK] = vectors[at[start : start + _BLOCK]]
    return copy


def compacted(vectors: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Move the rows that are kept (ascending places) to the front, in place, and return them."""
    for start in range(0, len(keep), _BLOCK):
        rows = keep[start : start + _BLOCK]
        vectors[start : start + len(rows)] = vectors[rows]
    return vectors[: len(keep)]


def _aggregated(part: Slice, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one vector a sequence, and its state."""
    unit, bad = _unit(part.raw)
    low, high = _within(part)
    made = np.zeros((len(low), unit.shape[1]), np.float32)
    there = np.flatnonzero(high > low)
    made[there] = unit[low[there]]
    if how != "first":
        add = np.maximum if how == "max" else np.add
        more, nth = there[high[there] - low[there] > 1], 1
        while len(more):
            made[more] = add(made[more], unit[low[more] + nth])
            nth += 1
            more = more[high[more] - low[more] > nth]
    return _finished(part, made, _spoilt(bad, low, high), np.maximum(high - low, 1))


def _concatenated(part: Slice, frames: _Frames) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of a sequence's frames one after the other."""
    unit, bad = _unit(part.raw)
    low, high = _within(part)
    spoilt = _spoilt(bad, low, high)
    made = np.zeros((len(low), frames.length, unit.shape[1]), np.float32)
    there = np.flatnonzero(part.end > part.begin)
    for nth in range(frames.length):
        at = _nearest(part, there, frames.nth(part.places[there], nth))
        made[there, nth] = unit[at]
        spoilt[there] |= bad[at]
    return _finished(part, made.reshape(len(low), -1), spoilt, np.full(len(low), frames.length))


def _finished(part: Slice, made: np.ndarray, spoilt: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring what was made of ``count`` vectors each to length 1, in place, and tell its state."""
    length = _lengths(made)
    spoilt |= ~(length > _NOTHING * count)
    made /= np.where(spoilt, 1, length)[:, None].astype(np.float32)
    made[spoilt] = 0
    missing = part.end == part.begin
    return made, np.where(missing, _MISSING, np.where(spoilt, _BAD, 0)).astype(np.int8)


def _within(part: Slice) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors that count, from and to: those within each sequence, else the one nearest to its middle."""
    low, high = part.low.copy(), part.high.copy()
    borrow = np.flatnonzero((high == low) & (part.end > part.begin))
    low[borrow] = _nearest(part, borrow, (part.first[borrow] + part.last[borrow]) / 2)
    high[borrow] = low[borrow] + 1
    return low, high


def _nearest(part: Slice, which: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return for each of these sequences the vector of its clip or track nearest to a frame, the earlier of two."""
    right = part.place(which, frame)
    left = np.maximum(right - 1, part.begin[which])
    right = np.minimum(right, part.end[which] - 1)
    frames = part.frames
    nearer = np.abs(frames[right] - frame) < np.abs(frame - frames[left])
    return np.where(nearer, right, left)


def _unit(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 (m, d) of length 1, and which of them are zero or not finite (and left zero)."""
    vectors = raw.astype(np.float32)
    length = _lengths(vectors)
    bad = ~(np.isfinite(length) & (length > 0))
    vectors /= np.where(bad, 1, length)[:, None].astype(np.float32)
    vectors[bad] = 0
    return vectors, bad


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Return float64 (n,), the same for the same vector wherever it stands."""
    lengths = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float64)
        lengths[start : start + _BLOCK] = np.sqrt((block * block).sum(axis=1))
    return lengths


def _spoilt(bad: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which of the ranges have a bad vector among them."""
    before = np.concatenate([[0], np.cumsum(bad)])
    return np.asarray(before[high] > before[low])


class _Frames:
    """The nth frame of sequences; of one that is shorter than ``length``, its last."""

    def __init__(self, rows: pa.Table, at: np.ndarray, length: int) -> None:
        self.length = length
        taken = rows.take(pa.array(at, pa.int64()))
        self._first = taken.column("first_frame").to_numpy().astype(np.int64)
        self._last = taken.column("last_frame").to_numpy().astype(np.int64)
        self._lists: tuple[np.ndarray, np.ndarray] | None = None
        if FRAMES.name in rows.column_names:
            lists = taken.column(FRAMES.name).combine_chunks()
            self._lists = lists.offsets.to_numpy().astype(np.int64), lists.values.to_numpy()

    def nth(self, places: np.ndarray, nth: int) -> np.ndarray:
        """Return int64 frames."""
        if self._lists is None:
            return np.asarray(np.minimum(self._first[places] + nth, self._last[places]))
        offsets, values = self._lists
        return np.asarray(values[np.minimum(offsets[places] + nth, offsets[places + 1] - 1)], np.int64)
