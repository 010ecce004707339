"""Films as rows of two tables: what a decoder has to be told of each, and its packets.

Here: rows of films, and back. Not here: the tables' schemas (``native_layout``), the mp4s (``native``).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.packaging import native_layout as layout
from rushes.packaging.media_film import Film
from rushes.video.index import PacketIndex

# From the folder of a data set's native format to the store's own: datasets/NAME/VERSION/native.
_STORE = "../../../../"
_INDEXED = ("pts", "dts", "pos", "size", "keyframe", "droppable", "decode_order")


def place_of(film: Film, archive: str) -> str:
    """Return the file that a film's bytes are in, by its path from the data set's folder; of a link, its address."""
    if film.data is not None:
        return archive
    where: str = film.video["media_uri"]
    return where if film.video["linked"] else _STORE + where


def film_row(film: Film, sequence_id: str, archive: str, offset: int) -> dict[str, Any]:
    """Return a film's row; ``offset`` is where its mp4 begins in the archive."""
    linked = film.data is None and bool(film.video["linked"])
    about = {name: film.video[name] for name in layout.CODING}
    return about | {
        "sequence_id": sequence_id,
        "how": film.how,
        "file": place_of(film, archive),
        "offset": offset,
        "size": len(film.data) if film.data is not None else film.video["size_bytes"],
        "elsewhere": linked,
        "creds_key": film.video["creds_key"] if linked else None,
        "etag": film.video["etag"] if linked else None,
        "n_packets": len(film.index),
    }


def packet_rows(film: Film, sequence_id: str) -> pa.Table:
    """Return the rows of a film's packets."""
    index = film.index
    columns = {
        "sequence_id": [sequence_id] * len(index),
        "frame": film.frames,
        **{name: getattr(index, name) for name in _INDEXED},
    }
    arrays = [pa.array(columns[field.name], field.type) for field in layout.PACKETS]
    return pa.Table.from_arrays(arrays, schema=layout.PACKETS)


def index_of(row: Mapping[str, Any], packets: Mapping[str, np.ndarray]) -> PacketIndex:
    """Return the index that rows of packets hold, column by column."""
    columns: dict[str, Any] = {name: packets[name] for name in _INDEXED}
    return PacketIndex(Fraction(row["time_base"]), **columns)
