"""Sequences that show the very same as another: found by their stored vectors, byte by byte.

Not every frame has a vector. Two sequences are the very same when they take as many frames at the same distances, and
when the vectors that were stored of them are of the same frames, counted from the first, and the same bytes. So that no
frame goes unseen, the last vector before the sequence and the first behind it count too, where its own first or last
frame has none: each frame stands between two that are the same. What has no vector of its own is never a duplicate.

Here: exact ones. Not here: near ones (``near``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.candidates.embedded import Embedded, Slice
from rushes.selection.choice import FRAMES

_BLOCK = 1 << 16  # rows
_LOOKED_AT = 64  # dimensions


def among(connection: duckdb.DuckDBPyConnection, rows: pa.Table, at: np.ndarray) -> dict[int, int]:
    """Return which of these rows repeat an earlier one: their places in ``rows``, and those of what they repeat.

    ``rows``: columns of ``CANDIDATE``. Of those that are the same, the first of ``at`` stays.
    """
    return repeated(digests(connection, rows, at), at.tolist())


def repeated(shown: Mapping[int, bytes], places: Iterable[int]) -> dict[int, int]:
    """Return which of these places show what an earlier one of them does, and which; ``shown`` as of ``digests``."""
    first: dict[bytes, int] = {}
    return {at: first[shown[at]] for at in places if at in shown and first.setdefault(shown[at], at) != at}


def alike(vectors: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return those of ``at`` whose vectors may be the same as another's there: all that are, and few that are not.

    ``vectors``: float32 (n, d), one a sequence. What is the same in the store is the same in each of its dimensions;
    some of them are enough to leave out nearly all.
    """
    looked_at = np.unique(np.linspace(0, vectors.shape[1] - 1, _LOOKED_AT).astype(int))
    factors = np.random.default_rng(0).integers(1, 1 << 63, len(looked_at), np.uint64) | np.uint64(1)
    keys = np.empty(len(at), np.uint64)
    for start in range(0, len(at), _BLOCK):
        words = np.ascontiguousarray(vectors[at[start : start + _BLOCK]][:, looked_at]).view(np.uint32)
        keys[start : start + _BLOCK] = (words * factors).sum(axis=1, dtype=np.uint64)
    _, of, count = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(at[count[of] > 1])


def digests(connection: duckdb.DuckDBPyConnection, rows: pa.Table, at: np.ndarray) -> dict[int, bytes]:
    """Return what these rows show, by their places in ``rows``; those without a usable vector of their own have none.

    Two that show the very same have the same digest.
    """
    spacing = _spacing(rows, at)
    found = {}
    for part in Embedded(connection, rows, at):
        low, high = _seen(part)
        frames, usable = part.frames, _usable(part.raw)
        for n in np.flatnonzero(part.high > part.low).tolist():
            seen = slice(low[n], high[n])
            if usable[seen].all():
                place = int(part.places[n])
                digest = hashlib.blake2b(spacing[place], digest_size=16)
                digest.update((frames[seen] - part.first[n]).tobytes())
                digest.update(part.raw[seen].tobytes())
                found[int(at[place])] = digest.digest()
    return found


def _seen(part: Slice) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors between which every frame of a sequence stands, from and to, as far as there are any."""
    frames = part.frames
    low, high = part.low.copy(), part.high.copy()
    own = high > low
    before = np.flatnonzero(own & (low > part.begin))
    before = before[frames[low[before]] > part.first[before]]
    low[before] -= 1
    behind = np.flatnonzero(own & (high < part.end))
    behind = behind[frames[high[behind] - 1] < part.last[behind]]
    high[behind] += 1
    return low, high


def _usable(raw: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(raw).all(axis=1) & raw.any(axis=1))


def _spacing(rows: pa.Table, at: np.ndarray) -> list[bytes]:
    """Return for each sequence which frames it takes, counted from its first, the repeated ones too."""
    taken = rows.take(pa.array(at, pa.int64()))
    first, last, padded = (taken.column(name).to_numpy() for name in ("first_frame", "last_frame", "n_padded"))
    if FRAMES.name not in rows.column_names:
        return [
            f"{length},{pad}".encode() for length, pad in zip((last - first).tolist(), padded.tolist(), strict=True)
        ]
    lists = taken.column(FRAMES.name).combine_chunks()
    offsets, values = lists.offsets.to_numpy(), lists.values.to_numpy()
    return [
        (values[start:end] - values[start]).tobytes()
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
