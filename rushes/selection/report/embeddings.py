"""``embeddings.csv``: the vectors of the chosen sequences, in the columns of Lightly's files.

Here: writing them. Not here: where vectors come from (``sample``).
"""

from __future__ import annotations

import duckdb
import numpy as np

from rushes.errors import SettingsError
from rushes.selection.choice import Candidates, Choice
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.report.frame_names import FrameNames
from rushes.selection.report.lists import written
from rushes.selection.report.sample import vectors_of
from rushes.store.objects import Objects

EMBEDDINGS = "embeddings.csv"
_AT_ONCE = 512


def write_embeddings(
    objects: Objects,
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    candidates: Candidates,
    choices: list[Choice],
    names: FrameNames,
    folder: str,
) -> int:
    """Write a row for each chosen sequence that has a vector, by rank, and return how many.

    Columns: ``filenames`` (its first frame's), ``embedding_0`` …, ``labels`` (0: there are none). Without any vector
    there is no file.
    """
    path, count = f"{folder}/{EMBEDDINGS}", 0
    with written(objects, path) as handle:
        for start in range(0, len(choices), _AT_ONCE):
            at = np.array([choice.at for choice in choices[start : start + _AT_ONCE]], np.int64)
            try:
                vectors = vectors_of(connection, recipe, candidates, at)
            except SettingsError:  # vectors of several models have no common columns; the page says so
                break
            for place, vector in zip(at.tolist(), vectors, strict=True):
                if not np.isfinite(vector).all() or not vector.any():
                    continue
                if not count:
                    header = ",".join(f"embedding_{number}" for number in range(len(vector)))
                    handle.write(f"filenames,{header},labels\n")
                row = candidates.row(place)
                (name,) = names.of(str(row["video_id"]), [int(str(row["first_frame"]))])
                quoted = '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name
                handle.write(f"{quoted}," + ",".join(f"{value:.6g}" for value in vector.tolist()) + ",0\n")
                count += 1
    if not count:
        objects.delete(path)
    return count
