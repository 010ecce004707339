"""Lightly's files on a selection: which frames are in which sequence, and plain lists of names.

Here: ``sequence_information.json`` and ``filenames/*.txt``, written line by line. Not here: names (``frame_names``),
vectors (``embeddings``) and pictures (``saved_frames``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TextIO

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.choice import FRAMES
from rushes.selection.report.frame_names import FrameNames
from rushes.store.objects import Objects

SEQUENCES = "sequence_information.json"

MOST = 1_000_000
"""A list of more names than this is not written."""

_AT_ONCE = 200


@contextmanager
def written(objects: Objects, name: str) -> Iterator[TextIO]:
    """Open a text to be written piece by piece; it is put into the store whole, when that went well."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            yield handle
        objects.write_file(name, path)


def write_sequences(
    objects: Objects, connection: duckdb.DuckDBPyConnection, recipe: str, names: FrameNames, folder: str
) -> None:
    """Write ``sequence_information.json``: each chosen sequence by rank, a repeated frame as often as it is in it.

    Times are those of the packets, in ticks and in seconds.
    """
    with written(objects, f"{folder}/{SEQUENCES}") as handle:
        handle.write("[")
        for rank, (video, base, frames, pts) in enumerate(_chosen(connection, recipe)):
            seconds = Fraction(base)
            fields = {
                "video_name": names.file(video),
                "frame_names": names.of(video, frames),
                "frame_timestamps_pts": pts,
                "frame_timestamps_sec": [float(one * seconds) for one in pts],
                "frame_indices": frames,
            }
            handle.write((",\n " if rank else "\n ") + json.dumps(fields, ensure_ascii=False))
        handle.write("\n]\n")


def write_lists(
    objects: Objects, names: FrameNames, folder: str, lists: Mapping[str, tuple[pa.Table, pa.Table]]
) -> dict[str, int]:
    """Write ``filenames/<list>.txt`` of frames, each once, by video; return how many names each list has.

    ``lists``: rows of sequences whose frames are in it, and of those whose frames are not. A list that would be too
    long is not written, and removed if it was there.
    """
    counts: dict[str, int] = {}
    for name, (wanted, but) in lists.items():
        path = f"{folder}/filenames/{name}.txt"
        without = dict(frames_by_video(but))
        found = [(v, np.setdiff1d(frames, without.get(v, frames[:0]))) for v, frames in frames_by_video(wanted)]
        counts[name] = sum(len(frames) for _, frames in found)
        if counts[name] > MOST:
            objects.delete(path)
            continue
        with written(objects, path) as handle:
            for video, frames in found:
                handle.writelines(f"{line}\n" for line in names.of(video, frames.tolist()))
    return counts


def frames_by_video(rows: pa.Table) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each video of some rows of candidates, by id, with the frames of its sequences, int64, ascending, once."""
    if not len(rows):
        return
    videos = rows.column("video_id").cast(pa.string()).combine_chunks().dictionary_encode()
    codes = videos.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    names = videos.dictionary.to_pylist()
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    first, last = (rows.column(name).to_numpy().astype(np.int64) for name in ("first_frame", "last_frame"))
    lists = rows.column(FRAMES.name).combine_chunks() if FRAMES.name in rows.column_names else None
    for code in sorted(range(len(names)), key=names.__getitem__):
        own = order[bounds[code] : bounds[code + 1]]
        if lists is not None:
            yield names[code], np.unique(lists.take(pa.array(own)).flatten().to_numpy().astype(np.int64))
        else:
            yield names[code], _covered(first[own], last[own])


def _covered(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the frames that ranges, both ends included, cover."""
    low = int(first.min())
    steps = np.zeros(int(last.max()) - low + 2, np.int64)
    np.add.at(steps, first - low, 1)
    np.add.at(steps, last - low + 1, -1)
    return low + np.flatnonzero(np.cumsum(steps) > 0)


def _chosen(connection: duckdb.DuckDBPyConnection, recipe: str) -> Iterator[tuple[str, str, list[int], list[int]]]:
    """Yield (video, time base, frames, pts) of each chosen sequence, by rank."""
    answer = connection.execute(
        "WITH chosen AS (SELECT rank, video_id, unnest(frames) AS frame, generate_subscripts(frames, 1) AS place "
        "FROM selections WHERE recipe = ?) "
        "SELECT c.video_id, v.time_base, list(c.frame ORDER BY c.place), list(p.pts ORDER BY c.place) FROM chosen AS c "
        "JOIN packets AS p USING (video_id, frame) JOIN videos AS v USING (video_id) "
        "GROUP BY c.rank, c.video_id, v.time_base ORDER BY c.rank",
        [recipe],
    )
    while rows := answer.fetchmany(_AT_ONCE):
        yield from rows
