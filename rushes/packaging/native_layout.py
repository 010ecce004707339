"""Where the native format keeps what: paths, schemas and the version, shared by its writer and its reader.

    index.json                          class names, and the shards in order with how much is in each
    index.parquet                       a row a sequence, in the order in which the data set counts them
    media/SPLIT-00000-of-00002.tar      plain tar, SEQUENCE_ID/000000.jpg …
    sequences/SPLIT-00000-of-00002.parquet     a row a sequence of the shard
    frames/SPLIT-00000-of-00002.parquet        a row a frame: when it is, and which bytes of which tar
    boxes/SPLIT-00000-of-00002.parquet         a row a box

Where pixels are films and not JPEGs, the tar has SEQUENCE_ID.mp4, a row of frames tells the bytes of its packet, and:

    films/SPLIT-00000-of-00002.parquet         a row a sequence: where its film is, and how it is coded
    packets/SPLIT-00000-of-00002.parquet       a row a packet of a film: which frame it is, and where in the film

Sequences, frames, boxes, films and packets of a shard are in the same order. Not here: any reading or writing.
"""

from __future__ import annotations

import pyarrow as pa

FORMAT = "rushes-native"
VERSION = 1
FILMS_VERSION = 2
"""That of a data set whose pixels are films."""

INDEX_PATH = "index.json"
SEQUENCE_INDEX_PATH = "index.parquet"

SEQUENCE_INDEX = pa.schema([("sequence_id", pa.string()), ("split", pa.string()), ("n_frames", pa.int32())])

SEQUENCES = pa.schema(
    [
        ("sequence_id", pa.string()),
        ("split", pa.string()),
        ("video_id", pa.string()),
        ("clip_id", pa.string()),
        ("track_id", pa.string()),
        ("media_id", pa.string()),
        ("source_uri", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("frame_rate", pa.float64()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("n_frames", pa.int32()),
        ("n_boxes", pa.int32()),
        ("label_id", pa.int32()),
        ("label", pa.string()),
        ("embedding_model", pa.string()),
        ("embedding", pa.list_(pa.float32())),
    ]
)

FRAMES = pa.schema(
    [
        ("sequence_id", pa.string()),
        ("step", pa.int32()),
        ("frame", pa.int32()),
        ("t_s", pa.float64()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int32()),
    ]
)

BOXES = pa.schema(
    [
        ("sequence_id", pa.string()),
        ("step", pa.int32()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("w", pa.float32()),
        ("h", pa.float32()),
        ("track_number", pa.uint32()),
        ("class_id", pa.int32()),
        ("score", pa.float32()),
        ("generated", pa.bool_()),
        ("annotated", pa.bool_()),
        ("considered", pa.bool_()),
        ("visibility", pa.float32()),
    ]
)

# What a decoder has to be told of a film, as the store's table ``videos`` calls it.
CODING = (
    "codec",
    "width",
    "height",
    "rotation",
    "time_base",
    "read_by",
    "pixel_format",
    "bits_per_sample",
    "reorder_depth",
    "colorspace",
    "color_range",
    "codec_tag",
    "extradata",
)

FILMS = pa.schema(
    [
        ("sequence_id", pa.string()),
        ("how", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("elsewhere", pa.bool_()),
        ("creds_key", pa.string()),
        ("etag", pa.string()),
        ("n_packets", pa.int32()),
        ("codec", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("rotation", pa.int32()),
        ("time_base", pa.string()),
        ("read_by", pa.string()),
        ("pixel_format", pa.string()),
        ("bits_per_sample", pa.int32()),
        ("reorder_depth", pa.int32()),
        ("colorspace", pa.int32()),
        ("color_range", pa.int32()),
        ("codec_tag", pa.string()),
        ("extradata", pa.binary()),
    ]
)

PACKETS = pa.schema(
    [
        ("sequence_id", pa.string()),
        ("frame", pa.int32()),
        ("pts", pa.int64()),
        ("dts", pa.int64()),
        ("pos", pa.int64()),
        ("size", pa.int32()),
        ("keyframe", pa.bool_()),
        ("droppable", pa.bool_()),
        ("decode_order", pa.int32()),
    ]
)


def media_path(stem: str) -> str:
    return f"media/{stem}.tar"


def table_path(table: str, stem: str) -> str:
    """``table`` is ``sequences``, ``frames``, ``boxes``, ``films``, ``packets``; ``stem`` ``train-00000-of-00010``."""
    return f"{table}/{stem}.parquet"
