"""The native format: JPEGs or films in plain tar shards, and Parquet that knows where each of them lies.

Here: writing. The images are the given bytes, never encoded again; any tar program unpacks them, and by their offsets
any of them is one ranged read. Of a film the packets are known by their places, so that frames are read likewise.
Not here: the paths and schemas (``native_layout``), reading (``reader``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rushes.packaging import native_layout as layout
from rushes.packaging.media_rows import film_row, packet_rows, place_of
from rushes.packaging.packed import File, PackedSequence, Shard, ShardSummary, class_name, in_order, members
from rushes.packaging.packed_facts import facts
from rushes.packaging.tar import Tar

_Row = dict[str, Any]
_FILMS = "films"  # what the index is told of a shard that has them


def shard_files(sequences: Iterable[PackedSequence], shard: Shard, class_names: Sequence[str]) -> Iterator[File]:
    """The tar of a shard and its three tables. Nothing is ever dropped."""
    tar = Tar()
    media_path = layout.media_path(shard.stem)
    sequence_rows: list[_Row] = []
    frames = [layout.FRAMES.empty_table()]
    boxes = [layout.BOXES.empty_table()]
    films: list[_Row] = []
    packets = [layout.PACKETS.empty_table()]
    for sequence in members(sequences, shard):
        for class_id in {int(i) for frame_boxes in sequence.boxes for i in frame_boxes.class_ids}:
            class_name(class_names, class_id)
        sequence_rows.append(_sequence_row(sequence))
        if (film := sequence.film) is None:
            names = (f"{sequence.sequence_id}/{step:06d}.jpg" for step in range(len(sequence)))
            offsets = [tar.add(name, jpeg) for name, jpeg in zip(names, sequence.jpegs, strict=True)]
            frames.append(_frame_rows(sequence, media_path, offsets, [len(jpeg) for jpeg in sequence.jpegs]))
        else:
            offset = 0 if film.data is None else tar.add(f"{sequence.sequence_id}.mp4", film.data)
            films.append(film_row(film, sequence.sequence_id, media_path, offset))
            packets.append(packet_rows(film, sequence.sequence_id))
            at = np.searchsorted(film.frames, sequence.frames)
            place = place_of(film, media_path)
            frames.append(_frame_rows(sequence, place, offset + film.index.pos[at], film.index.size[at]))
        boxes.append(_box_rows(sequence))
    yield File(media_path, tar.close(), tar.count)
    yield _parquet(layout.table_path("frames", shard.stem), pa.concat_tables(frames))
    yield _parquet(layout.table_path("boxes", shard.stem), pa.concat_tables(boxes))
    if films:
        table = pa.Table.from_pylist(films, schema=layout.FILMS)
        yield _parquet(layout.table_path("films", shard.stem), table, carried=_FILMS)
        yield _parquet(layout.table_path("packets", shard.stem), pa.concat_tables(packets))
    table = pa.Table.from_pylist(sequence_rows, schema=layout.SEQUENCES)
    yield _parquet(layout.table_path("sequences", shard.stem), table)


def index_files(shards: Sequence[ShardSummary], class_names: Sequence[str]) -> Iterator[File]:
    """``index.parquet`` and then ``index.json``, whose presence says that the data set is whole."""
    ordered = in_order(shards)
    rows = [
        {"sequence_id": sequence_id, "split": summary.shard.split, "n_frames": length}
        for summary in ordered
        for sequence_id, length in zip(summary.sequence_ids, summary.lengths, strict=True)
    ]
    yield _parquet(layout.SEQUENCE_INDEX_PATH, pa.Table.from_pylist(rows, schema=layout.SEQUENCE_INDEX))
    index = {
        "format": layout.FORMAT,
        "version": layout.FILMS_VERSION if any(_FILMS in summary.carried for summary in ordered) else layout.VERSION,
        "class_names": list(class_names),
        "shards": [
            {
                "stem": summary.shard.stem,
                "split": summary.shard.split,
                "sequences": len(summary.sequence_ids),
                "frames": sum(summary.lengths),
            }
            for summary in ordered
        ],
    }
    yield File(layout.INDEX_PATH, (json.dumps(index, indent=1) + "\n").encode(), len(ordered))


def _sequence_row(sequence: PackedSequence) -> _Row:
    n_boxes = sum(len(boxes) for boxes in sequence.boxes)
    return facts(sequence) | {"n_boxes": n_boxes, "embedding": sequence.embedding}


def _frame_rows(
    sequence: PackedSequence, path: str, offsets: Sequence[int] | np.ndarray, sizes: Sequence[int] | np.ndarray
) -> pa.Table:
    count = len(sequence)
    columns = [
        [sequence.sequence_id] * count,
        range(count),
        sequence.frames,
        sequence.times_s,
        [path] * count,
        offsets,
        sizes,
    ]
    return _table(columns, layout.FRAMES)


def _box_rows(sequence: PackedSequence) -> pa.Table:
    boxes = sequence.boxes
    ltwh = np.concatenate([b.boxes for b in boxes])
    columns = [
        [sequence.sequence_id] * len(ltwh),
        np.repeat(np.arange(len(boxes)), [len(b) for b in boxes]),
        *ltwh.T,
        np.concatenate([b.track_numbers for b in boxes]),
        np.concatenate([b.class_ids for b in boxes]),
        np.concatenate([b.scores for b in boxes]),
        np.concatenate([b.generated for b in boxes]),
        np.concatenate([b.annotated for b in boxes]),
        np.concatenate([b.considered for b in boxes]),
        np.concatenate([b.visibility for b in boxes]),
    ]
    return _table(columns, layout.BOXES)


def _table(columns: Sequence[Any], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(values, type_) for values, type_ in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _parquet(path: str, table: pa.Table, carried: str | None = None) -> File:
    """Strings as dictionaries, floats split by byte, whole numbers as differences: small, and quick to write."""
    sink = io.BytesIO()
    strings = [field.name for field in table.schema if pa.types.is_string(field.type)]
    encodings = {field.name: "BYTE_STREAM_SPLIT" for field in table.schema if pa.types.is_floating(field.type)}
    encodings |= {field.name: "DELTA_BINARY_PACKED" for field in table.schema if pa.types.is_integer(field.type)}
    pq.write_table(table, sink, compression="zstd", use_dictionary=strings, column_encoding=encodings)
    return File(path, sink.getvalue(), table.num_rows, carried=carried)
