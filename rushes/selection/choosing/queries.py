"""What candidates are to be similar to: pictures, tracks, or whatever a query names, as vectors.

Here: what those pictures and ids are, and the error of one that is nothing. Not here: the pictures' bytes
(``query_pictures``), comparing (``gains``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from PIL import Image, ImageOps

from rushes.errors import SettingsError
from rushes.ranges.address import shown
from rushes.selection.candidates.condition import check_query
from rushes.selection.candidates.vectors import WORDS
from rushes.selection.recipes import query_pictures
from rushes.selection.recipes.options import Similarity
from rushes.store.rejects import Reason
from rushes.video.no_picture import NO_PICTURE

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
_MOST_PIXELS = 100_000_000

# What an id may be, the first that it is: where its vectors stand in ``embeddings``.
_NAMED = """
SELECT id, arg_min(item, kind) AS item FROM (
    SELECT track_id AS id, 1 AS kind,
        {'video': video_id, 'clip': clip_id, 'track': track_id, 'first': NULL, 'last': NULL} AS item FROM tracks
    UNION ALL BY NAME
    SELECT clip_id AS id, 2 AS kind,
        {'video': video_id, 'clip': clip_id, 'track': NULL, 'first': NULL, 'last': NULL} AS item FROM filtered_clips
    UNION ALL BY NAME
    SELECT video_id AS id, 3 AS kind,
        {'video': video_id, 'clip': NULL, 'track': NULL, 'first': NULL, 'last': NULL} AS item FROM videos
    UNION ALL BY NAME
    SELECT sequence_id AS id, 4 AS kind,
        {'video': video_id, 'clip': clip_id, 'track': track_id, 'first': frames[1], 'last': frames[-1]} AS item
    FROM selections
) SEMI JOIN wanted USING (id) WHERE kind <= ? GROUP BY id
"""
_VECTORS = """
SELECT n.id, e.frame, n.item.first, n.item.last, e.vector
FROM embeddings AS e JOIN named AS n
    ON e.video_id = n.item.video AND e.track_id IS NOT DISTINCT FROM n.item.track
    AND (n.item.clip IS NULL OR e.clip_id = n.item.clip)
WHERE e.model = ? ORDER BY n.id, e.clip_id, e.frame
"""


def query_vectors(
    connection: duckdb.DuckDBPyConnection,
    similarity: Similarity,
    model: str,
    picture: Callable[[str], bytes] = query_pictures.read,
) -> np.ndarray:
    """Return float32 (q, d) of length 1: a vector for each picture, each track, and each id that the query names.

    ``picture`` gives the bytes of a picture by its address.

    Pictures are turned into vectors by ``model``. A track's vector is the mean of its vectors of that model in the
    store, each brought to length 1; a clip's or video's that of its whole frames; that of a sequence of any selection
    the mean of those within it, or the one nearest to its middle. Raises ``SettingsError`` for what is none of these,
    cannot be read or has no vector, and ``ModelError`` for an unknown model.
    """
    vectors = [*_of_pictures(similarity.images, model, picture)]
    for field, ids in (("tracks", similarity.tracks), ("sql", _ids(connection, similarity))):
        vectors += _of_ids(connection, f"similarity.{field}", list(dict.fromkeys(ids)), model)
    return np.stack(vectors)


def _of_pictures(uris: Sequence[str], model: str, picture: Callable[[str], bytes]) -> Iterator[np.ndarray]:
    if not uris:
        return
    from rushes.embedding.embedder import Embedder  # it loads a network's runtime

    embedder = Embedder(model)
    for uri in uris:
        yield _mean(embedder([_pixels(uri, picture(uri))]), f"similarity.images: {shown(uri)}")


def _pixels(uri: str, data: bytes) -> np.ndarray:
    """Return uint8 (h, w, 3) RGB, the right way up."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise SettingsError(f"similarity.images: {shown(uri)}: more than {_MOST_PIXELS} pixels")
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except NO_PICTURE:
        formats = ", ".join(_FORMATS)
        raise SettingsError(f"similarity.images: {shown(uri)}: no picture that can be read ({formats})") from None


def _ids(connection: duckdb.DuckDBPyConnection, similarity: Similarity) -> list[str]:
    """Return the ids that the query names, each once, sorted."""
    if similarity.sql is None:
        return []
    try:
        statements = connection.extract_statements(similarity.sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise SettingsError("similarity.sql: give one SELECT whose first column names tracks, clips or videos")
        check_query(connection, "similarity.sql", similarity.sql)
        rows = connection.execute(statements[0]).fetchall()
    except duckdb.Error as error:
        raise SettingsError(f"similarity.sql: {str(error).splitlines()[0]}") from None
    if not rows:
        raise SettingsError("similarity.sql: no rows: there is nothing to be similar to")
    return sorted({str(row[0]) for row in rows})


def _of_ids(connection: duckdb.DuckDBPyConnection, field: str, ids: Sequence[str], model: str) -> Iterator[np.ndarray]:
    if not ids:
        return
    connection.register("wanted", pa.table({"id": pa.array(ids, pa.string())}))
    try:
        named = connection.execute(_NAMED, [1 if field == "similarity.tracks" else 4]).to_arrow_table()
        connection.register("named", named)
        rows = connection.execute(_VECTORS, [model]).fetchall()
    finally:
        connection.unregister("wanted")
        connection.unregister("named")
    known = set(named.column("id").to_pylist())
    what = "track" if field == "similarity.tracks" else "track, clip, video or chosen sequence"
    of_each: dict[str, list[tuple[int, int | None, int | None, bytes]]] = {}
    for name, *row in rows:
        of_each.setdefault(name, []).append(tuple(row))
    for name in ids:
        if name not in known:
            raise SettingsError(f"{field}: no {what} of this store is named {name!r}")
        if name not in of_each:
            raise SettingsError(f"{field}: {name} has no vector of {model or 'any model'}: build embeddings for it")
        yield _mean(_within(of_each[name]), f"{field}: {name}")


def _within(rows: Sequence[tuple[int, int | None, int | None, bytes]]) -> np.ndarray:
    """Return float32 (m, d): the vectors from the first frame to the last, or the one nearest to the middle."""
    frames = np.array([frame for frame, *_ in rows])
    vectors = np.stack([np.frombuffer(vector, "<f2").astype(np.float32) for *_, vector in rows])
    _, first, last, _ = rows[0]
    if first is None or last is None:
        return vectors
    inside = (frames >= first) & (frames <= last)
    if not inside.any():
        inside[np.abs(frames - (first + last) / 2).argmin()] = True
    some: np.ndarray = vectors[inside]
    return some


def _mean(vectors: np.ndarray, what: str) -> np.ndarray:
    """Return float32 (d,) of length 1."""
    with np.errstate(all="ignore"):
        exact = vectors.astype(np.float64)
        mean = (exact / np.linalg.norm(exact, axis=1, keepdims=True)).mean(axis=0)
        unit: np.ndarray = (mean / np.linalg.norm(mean)).astype(np.float32)
    if not np.isfinite(unit).all():
        raise SettingsError(f"{what}: {WORDS[Reason.BAD_EMBEDDING]}")
    return unit
