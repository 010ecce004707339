"""Sequences: runs of frames of one clip or along one track, in columns.

Here: cutting items into sequences, on every frame or on a time grid, and the rows of ``CANDIDATE``. A sequence never
crosses a cut, for an item lies within one clip. Not here: which items (``items``), vectors (``vectors``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.selection.candidates.seen import classes
from rushes.selection.choice import CANDIDATE, FRAMES
from rushes.selection.recipes.recipe import Recipe
from rushes.store.rejects import Reason, Reject
from rushes.video.index import seconds
from rushes.video.sampling import frames_at_each


@dataclass(frozen=True)
class Pieces:
    """Runs cut out of lists of frames: whole numbers (k,) each.

    ``of``: the list, ``offset``: place of the first frame in it, ``size``: frames, ``padded``: times that the last
    one is repeated.
    """

    of: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    padded: np.ndarray


def pieces(
    counts: np.ndarray, length: int | None, stride: int | None, remainder: Literal["drop", "keep", "pad"]
) -> Pieces:
    """Cut lists of so many frames into runs of ``length``, one every ``stride`` frames; None: each is one run.

    Frames behind the last whole run that are in none of them, and are not passed over by the stride, are the
    remainder: dropped, kept as a shorter run, or padded to the whole length with the last frame.
    """
    counts = np.asarray(counts, np.int32)  # of tens of millions of runs, half the memory
    if length is None:
        of = np.flatnonzero(counts > 0).astype(np.int32)
        return Pieces(of, np.zeros_like(of), counts[of], np.zeros_like(of))
    length = min(length, int(np.iinfo(np.int32).max))
    step = min(stride or length, int(np.iinfo(np.int32).max))
    whole = np.where(counts >= length, (counts - length) // step + 1, 0)
    covered = np.where(whole > 0, (whole - 1) * step + length, 0)
    left = (covered < counts) & (whole * step < counts) & (remainder != "drop")
    runs = whole + left
    of = np.repeat(np.arange(len(counts), dtype=np.int32), runs)
    nth = np.arange(len(of), dtype=np.int32) - (np.cumsum(runs) - runs).astype(np.int32)[of]
    size = np.minimum(length, counts[of] - nth * step)
    padded = length - size if remainder == "pad" else np.zeros_like(size)
    return Pieces(of, nth * step, size, padded)


def cut(connection: duckdb.DuckDBPyConnection, recipe: Recipe, items: pa.Table) -> tuple[pa.Table, list[Reject]]:
    """Return the sequences of the items, as rows of candidates by id, and items whose frames are in no index.

    The items are ``Items.rows``. ``FRAMES`` is among the columns when the recipe gives a rate.
    """
    start, stop = (items.column(name).to_numpy() for name in ("start", "stop"))
    if recipe.fps is None:
        found = pieces(stop - start, recipe.length, recipe.stride, recipe.remainder)
        first = start[found.of] + found.offset
        return by_id(rows(connection, items, found, first, first + found.size - 1)), []
    frames, begins, counts, rejects = _on_grid(connection, items, recipe.fps)
    found = pieces(counts, recipe.length, recipe.stride, recipe.remainder)
    at = begins[found.of] + found.offset
    made = rows(connection, items, found, frames[at], frames[at + found.size - 1])
    return by_id(made.append_column(FRAMES, _lists(frames, at, found.size, found.padded))), rejects


def rows(
    connection: duckdb.DuckDBPyConnection, items: pa.Table, found: Pieces, first: np.ndarray, last: np.ndarray
) -> pa.Table:
    """Return rows of candidates, in the order of the pieces, from ``first`` to ``last`` frame."""
    first = np.asarray(first, np.int32)
    if not np.array_equal(found.of, np.arange(len(items))):  # there and back for a million whole tracks takes its time
        items = items.take(pa.array(found.of))
    taken = {name: _whole(items.column(name)) for name in items.column_names}
    number = pc.utf8_lpad(pa.array(first).cast(pa.string()), 6, "0")
    made = {
        "sequence_id": pc.binary_join_element_wise(taken["item"].cast(pa.string()), number, ".s"),
        **{name: taken[name] for name in CANDIDATE.names if name in taken},
        "first_frame": pa.array(first),
        "last_frame": pa.array(np.asarray(last, np.int32)),
        "n_frames": pa.array((found.size + found.padded).astype(np.int32)),
        "n_padded": pa.array(found.padded.astype(np.int32)),
        "pooled": pa.repeat(pa.scalar(False), len(first)),
    }
    made |= {name: taken[name] for name in items.column_names if name not in (*made, "item", "start", "stop")}
    if taken["track_id"].null_count:
        made |= _of_clips(connection, made)
    return pa.table({name: made[name] for name in [*CANDIDATE.names, *(n for n in made if n not in CANDIDATE.names)]})


def _of_clips(connection: duckdb.DuckDBPyConnection, made: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return the class and score of the sequences of clips; those of tracks keep theirs (none are mixed)."""
    spans = pa.table({name: made[name] for name in ("clip_id", "first_frame", "last_frame")})
    names, scores = classes(connection, spans)
    return {"class_name": names, "weighted_score": scores}


def by_id(made: pa.Table) -> pa.Table:
    """Sort rows of candidates by id: items come in the order of theirs, so that there is mostly nothing to do."""
    ids = _whole(made.column("sequence_id"))
    if len(ids) < 2 or pc.all(pc.less(ids[:-1], ids[1:])).as_py():
        return made
    return made.take(pc.sort_indices(ids)).combine_chunks()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array: of a million rows a copy costs more than most of what is done with them."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def with_frames(made: pa.Table) -> pa.Table:
    """Add ``FRAMES`` to rows of candidates that take every frame."""
    if FRAMES.name in made.column_names:
        return made
    names = ("first_frame", "last_frame", "n_padded")
    first, last, padded = (made.column(name).to_numpy().astype(np.int64) for name in names)
    size = last - first + 1
    at = np.cumsum(size) - size
    frames = np.arange(int(size.sum())) + np.repeat(first - at, size)
    return made.append_column(FRAMES, _lists(frames, at, size, padded))


def _lists(frames: np.ndarray, at: np.ndarray, size: np.ndarray, padded: np.ndarray) -> pa.Array:
    """Return list<int32>: from each place so many frames, the last repeated."""
    total = size + padded
    offsets = np.concatenate([[0], np.cumsum(total)])
    where = np.arange(offsets[-1])
    where += np.repeat(at - offsets[:-1], total)
    if padded.any():
        np.minimum(where, np.repeat(at + size - 1, total), out=where)
    values = frames[where].astype(np.int32, copy=False)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))


def _on_grid(
    connection: duckdb.DuckDBPyConnection, items: pa.Table, fps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Reject]]:
    """Return frames on a time grid, int32, where each item's begin among them, how many they are, and rejects."""
    start, stop = (items.column(name).to_numpy() for name in ("start", "stop"))
    video = items.column("video_id").combine_chunks()
    names = video.dictionary.to_pylist()
    codes = video.indices.to_numpy()
    by_video = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[by_video], np.arange(len(names) + 1))
    own = {name: by_video[bounds[n] : bounds[n + 1]] for n, name in enumerate(names)}
    found = [np.empty(0, np.int32)]
    begins, counts, missing = np.zeros(len(items), np.int64), np.zeros(len(items), np.int64), np.ones(len(items), bool)
    total = 0
    for name, times_s in _times(connection, names):
        its = own[name][stop[own[name]] <= len(times_s)]
        frames, counts[its] = frames_at_each(times_s, start[its], stop[its], fps)
        begins[its] = total + np.cumsum(counts[its]) - counts[its]
        total += len(frames)
        found.append(frames.astype(np.int32))
        missing[its] = False
    kinds = ("clip", "track")
    tracks = items.column("track_id").combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    rejects = [
        Reject(kinds[int(tracks[at])], items.column("item")[at].as_py(), "select", Reason.CORRUPT,
               "its video's index does not have all of its frames")
        for at in np.flatnonzero(missing)
    ]  # fmt: skip
    return np.concatenate(found), begins, counts, rejects


def _times(connection: duckdb.DuckDBPyConnection, videos: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield videos with the presentation times of their frames, float64 seconds; packets of one batch at a time."""
    query = "SELECT batch, video_id, time_base FROM videos SEMI JOIN wanted USING (video_id) ORDER BY ALL"
    connection.register("wanted", pa.table({"video_id": pa.array(videos, pa.string())}))
    try:
        bases: dict[str, dict[str, str]] = {}
        for batch, video, base in connection.execute(query).fetchall():
            bases.setdefault(batch, {})[video] = base
        for batch, its in bases.items():
            packets = connection.execute(
                "SELECT video_id, pts FROM packets SEMI JOIN wanted USING (video_id) WHERE batch = ? "
                "ORDER BY video_id, frame",
                [batch],
            ).to_arrow_table()
            runs = pc.run_end_encode(packets.column("video_id").combine_chunks())
            ends = runs.run_ends.to_numpy()
            pts = packets.column("pts").to_numpy()
            for video, begin, end in zip(runs.values.to_pylist(), [0, *ends[:-1]], ends, strict=True):
                yield video, seconds(pts[begin:end], Fraction(its[video]))
    finally:
        connection.unregister("wanted")
