"""The tables: the one place that says which there are and what a row of each means.

Writers, the pandera checks, the SQL views and ``docs/tables.md`` are all made from what stands here. Not here: rows,
files, or how they are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

BATCH = "batch"
RECIPE = "recipe"


@dataclass(frozen=True)
class Column:
    """A column: its Arrow type, what it means, and the rules a value keeps.

    ``low``/``high`` bound numbers, ``choices`` are the only texts allowed. A ``binary`` column holds values of one
    length per file and is written as fixed-size binary; values of ``large_binary`` have any length.
    """

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: Hive Parquet, partitioned by ``keys``, sorted by ``order``, one row for each distinct ``unique``."""

    name: str
    asset: str
    row: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    unique: tuple[str, ...]
    keys: tuple[str, ...] = (BATCH,)
    row_group_size: int = 131_072

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of a file of the table (partition keys stand in the path only)."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @cached_property
    def _empty(self) -> pa.Table:
        return self.arrow.empty_table()

    def empty(self) -> pa.Table:
        """Return a table with no rows."""
        return self._empty

    def from_rows(self, rows: Iterable[dict[str, object]]) -> pa.Table:
        """Return the rows as an Arrow table of this schema; a missing or unknown column is an error."""
        rows = list(rows)
        names = {c.name for c in self.columns}
        for row in rows:
            if row.keys() != names:
                raise ValueError(f"{self.name}: columns {sorted(row.keys() ^ names)} missing or unknown")
        return pa.Table.from_pylist(rows, schema=self.arrow)


_text, _i16, _i32, _i64 = pa.string(), pa.int16(), pa.int32(), pa.int64()
_f32, _f64, _bool = pa.float32(), pa.float64(), pa.bool_()
_moment = pa.timestamp("us")  # UTC: a zone in the type would have SQL answer in that of the machine

_VIDEO = Column("video_id", _text, "the video's name, unique in the store")
_CLIP = Column("clip_id", _text, "video_id and the frame range the clip was cut at")
_FRAME = Column("frame", _i32, "frame number in presentation order, from 0", low=0)
_RANGE = (
    Column("start_frame", _i32, "first frame", low=0),
    Column("end_frame", _i32, "one past the last frame", low=1),
    Column("start_s", _f64, "presentation time of the first frame, seconds"),
    Column("end_s", _f64, "presentation time at which the last frame ends, seconds"),
)
_BOX = (
    Column("x", _f32, "left edge, pixels of the source frame"),
    Column("y", _f32, "top edge, pixels of the source frame"),
    Column("w", _f32, "width, pixels of the source frame", low=0),
    Column("h", _f32, "height, pixels of the source frame", low=0),
)
_SCORE = Column("score", _f32, "confidence, 0 to 1", low=0, high=1)

VIDEOS = Table(
    "videos",
    "raw_videos",
    "a video",
    (
        _VIDEO,
        Column("collection", _text, "where its batch came from"),
        Column("source_uri", _text, "the path or URI it was registered under"),
        Column("media_uri", _text, "where its bytes are: an object of the store, or the source itself"),
        Column("linked", _bool, "true when the bytes were left where they are"),
        Column("creds_key", _text, "name of the credentials that a linked source needs", nullable=True),
        Column("sha256", _text, "hash of the file's bytes; null for a link that was not read whole", nullable=True),
        Column("size_bytes", _i64, "size of the file", low=1),
        Column("etag", _text, "what the server calls this content of a linked source", nullable=True),
        Column("container", _text, "container format"),
        Column("codec", _text, "video codec"),
        Column("width", _i32, "width as shown, after rotation, pixels", low=1),
        Column("height", _i32, "height as shown, after rotation, pixels", low=1),
        Column("rotation", _i16, "degrees counter-clockwise by which frames are turned to be upright"),
        Column("time_base", _text, "seconds per pts tick, as a fraction"),
        Column("start_pts", _i64, "pts of frame 0"),
        Column("duration_s", _f64, "from the first frame's start to the last frame's end, seconds", low=0),
        Column("fps", _f64, "mean frames per second", low=0),
        Column("is_vfr", _bool, "true when frames are not evenly spaced"),
        Column("n_frames", _i32, "number of frames", low=1),
        Column("has_audio", _bool, "true when there is an audio stream"),
        Column("recorded_at", _moment, "when it was recorded, UTC; null where the file does not say", nullable=True),
        Column("kind", _text, "container or frames", choices=("container", "frames")),
        Column(
            "read_by",
            _text,
            "frames are read by their packets, through the container, or by decoding from the start",
            choices=("packets", "container", "start"),
        ),
        Column("read_note", _text, "why not by packets, and what is amiss with the file", nullable=True),
        Column("pixel_format", _text, "FFmpeg's name of the coded pixels' format"),
        Column("colorspace", _i16, "matrix coefficients as in ITU-T H.273; 2: not said", low=0),
        Column("color_range", _i16, "1 limited, 2 full, 0 not said", low=0),
        Column("codec_tag", _text, "the container's own code of the codec"),
        Column("bits_per_sample", _i16, "bits per sample, for codecs that leave it to the container", low=0),
        Column("reorder_depth", _i16, "how many frames may wait for others to be shown before them", low=0),
        Column("extradata", pa.large_binary(), "what the decoder is told before the first packet", nullable=True),
    ),
    order=("video_id",),
    unique=("video_id",),
)

PACKETS = Table(
    "packets",
    "raw_videos",
    "a frame's packet",
    (
        _VIDEO,
        _FRAME,
        Column("pts", _i64, "presentation time in ticks of the time base"),
        Column("dts", _i64, "decoding time in ticks of the time base", nullable=True),
        Column("pos", _i64, "byte offset in the file; null when the bytes are no single range of it", nullable=True),
        Column("size", _i32, "bytes", low=0),
        Column("keyframe", _bool, "decoding can begin here"),
        Column("droppable", _bool, "no other frame depends on it"),
        Column("decode_order", _i32, "place in the order of decoding, from 0", low=0),
        Column("name", _text, "the file of a frame of an image sequence", nullable=True),
    ),
    order=("video_id", "frame"),
    unique=("video_id", "frame"),
)

ANNOTATION_BOXES = Table(
    "annotation_boxes",
    "raw_videos",
    "an imported box",
    (
        _VIDEO,
        Column("annotation", _text, "the set of annotations it belongs to: its format, or a part of that"),
        Column("line", _i32, "line of the file it came from, from 1", low=1),
        Column("item", _i32, "place among the boxes and spans of that line, from 0", low=0),
        _FRAME,
        Column("object_id", _text, "the object's name throughout the video; null for a lone detection", nullable=True),
        Column("class_id", _i32, "the class's number in its own vocabulary", nullable=True),
        Column("class_name", _text, "the class's name", nullable=True),
        Column("x", _f64, "left edge, pixels of the source frame, from 0"),
        Column("y", _f64, "top edge, pixels of the source frame, from 0"),
        Column("w", _f64, "width, pixels of the source frame", low=0),
        Column("h", _f64, "height, pixels of the source frame", low=0),
        Column("score", _f64, "confidence as given; null where none is", nullable=True),
        Column("considered", _bool, "false for a box that evaluation is told to leave out"),
        Column("visibility", _f64, "share of the object that can be seen, as given", nullable=True),
        Column("flags", pa.list_(_text), "what else is marked: distractor, occluded, out_of_view, …"),
        Column("attributes", _text, "whatever else the line said, as JSON", nullable=True),
    ),
    order=("video_id", "annotation", "line", "item"),
    unique=("video_id", "annotation", "line", "item"),
)

ANNOTATION_SEGMENTS = Table(
    "annotation_segments",
    "raw_videos",
    "an imported span of time",
    (
        _VIDEO,
        Column("annotation", _text, "the set of annotations it belongs to: its format, or a part of that"),
        Column("line", _i32, "line of the file it came from, from 1", low=1),
        Column("item", _i32, "place among the boxes and spans of that line, from 0", low=0),
        Column(
            "kind",
            _text,
            "span: only this is to be cut into clips; label: what happens there; track: an object's whole time; "
            "annotated: all boxes of this time are given, so that a frame without one has none",
            choices=("span", "label", "track", "annotated"),
        ),
        Column("segment_id", _text, "its own name, or the object's", nullable=True),
        Column("class_id", _i32, "the label's number in its own vocabulary", nullable=True),
        Column("label", _text, "the label", nullable=True),
        Column("start_s", _f64, "begin as given, seconds from the first frame"),
        Column("end_s", _f64, "end as given, seconds from the first frame"),
        Column("start_frame", _i32, "first frame in it", low=0),
        Column("end_frame", _i32, "one past the last frame in it", low=1),
        Column("score", _f64, "confidence as given; null where none is", nullable=True),
        Column("attributes", _text, "whatever else the line said, as JSON", nullable=True),
    ),
    order=("video_id", "annotation", "line", "item"),
    unique=("video_id", "annotation", "line", "item"),
)

CLIPS = Table(
    "clips",
    "scene_clips",
    "a clip: a frame range between two cuts",
    (
        _CLIP,
        _VIDEO,
        *_RANGE,
        Column("method", _text, "the detector that cut it"),
        Column("score", _f32, "the detector's score at its first frame; null where a span begins", nullable=True),
        Column(
            "span",
            _text,
            "the annotated span it was cut from: its segment_id, else annotation.line.item; null for a video cut whole",
            nullable=True,
        ),
    ),
    order=("video_id", "start_frame", "end_frame"),
    unique=("clip_id",),
)

FILTERED_CLIPS = Table(
    "filtered_clips",
    "filtered_clips",
    "a clip, judged",
    (
        _CLIP,
        _VIDEO,
        *_RANGE,
        Column("duration_s", _f64, "end_s - start_s", low=0),
        Column("trimmed", _bool, "true when the clip was cut down to the longest length allowed"),
        Column("sharpness", _f32, "median variance of the Laplacian of luma at 360 lines; low is blurred", low=0),
        Column("exposure", _f32, "mean luma, 0 black to 1 white", low=0, high=1),
        Column("contrast", _f32, "mean standard deviation of luma, 0 to 0.5", low=0, high=1),
        Column("colourfulness", _f32, "Hasler and Suesstrunk's M3, mean over frames; 0 is grey", low=0),
        Column("noise", _f32, "median deviation of noise, of 255, at 360 lines or fewer", low=0),
        Column("motion_p10", _f32, "10th percentile of optical flow, as motion: what the whole frame moves", low=0),
        Column("motion_p50", _f32, "median of optical flow, as motion", low=0),
        Column("motion", _f32, "90th percentile of optical flow, mean over steps; frame heights a second", low=0),
        Column("stillness", _f32, "share of sampled steps in which nothing changes", low=0, high=1),
        Column("letterbox", _f32, "share of the frame that is black bars through all of the clip", low=0, high=1),
        Column("slides", _f32, "share of sampled frames that look like a slide or a page of text", low=0, high=1),
        Column("quality", _f32, "sharpness, contrast, exposure and noise in one figure: not beauty", low=0, high=1),
        Column("cartoon", _f32, "the cartoon model's score, above 0 for animated; null: not asked", nullable=True),
        Column("aesthetics", _f32, "the aesthetics model's score; null: not asked", nullable=True),
        Column("n_faces", _i32, "face tracks found", low=0),
        Column("n_plates", _i32, "licence plate tracks found", low=0),
        Column(
            "privacy",
            _text,
            "which regions were looked for",
            choices=("faces", "plates", "faces+plates", "none"),
        ),
        Column("kept", _bool, "true when the clip goes on"),
        Column("reason", _text, "the first rule that dropped it; null when kept", nullable=True),
    ),
    order=("video_id", "start_frame", "end_frame"),
    unique=("clip_id",),
)

REDACTIONS = Table(
    "redactions",
    "filtered_clips",
    "a region of a frame that must not be shown",
    (
        _VIDEO,
        _CLIP,
        _FRAME,
        *_BOX,
        Column("kind", _text, "what is hidden", choices=("face", "plate")),
        _SCORE,
        Column("region", _i32, "number of the region's track within the clip, from 1", low=1),
        Column("sampled", _bool, "true on frames in which the detector saw it, false where the box is interpolated"),
    ),
    order=("video_id", "clip_id", "frame", "region"),
    unique=("clip_id", "frame", "region"),
)

TRACKS = Table(
    "tracks",
    "tracks",
    "a track: one object over time",
    (
        Column("track_id", _text, "clip_id, and the track's number in the clip or the annotation and its name there"),
        _VIDEO,
        _CLIP,
        Column(
            "class_id",
            _i32,
            "most probable class over the whole track; null where the vocabulary has no numbers",
            nullable=True,
            low=0,
        ),
        Column("class_name", _text, "its name in the vocabulary"),
        Column("vocabulary", _text, "the list of classes: the detector's, or the annotation that used it"),
        Column("n_boxes", _i32, "number of boxes", low=1),
        *_RANGE,
        Column("mean_score", _f32, "mean detection score; of annotated boxes without one, 1", low=0, high=1),
        Column("mean_area", _f32, "mean box area as a share of the frame", low=0, high=1.001),
        Column("top10_class_ids", pa.list_(_i32), "the ten classes with the highest mean score"),
        Column("top10_class_names", pa.list_(_text), "their names"),
        Column(
            "top10_mean",
            pa.list_(_f32),
            "their mean scores; of annotated tracks as told, else the share of their boxes; empty where not told",
        ),
        Column("top10_std", pa.list_(_f32), "and standard deviations"),
        Column("origin", _text, "detected by the model, or taken from annotations", choices=("detected", "annotated")),
        Column("object_id", _text, "the object's name in its annotation; null for a detected track", nullable=True),
        Column("considered", _bool, "false when evaluation is told to leave out most of its boxes"),
        Column("complete", _bool, "true when a frame between its boxes has none; else boxes between are interpolated"),
        Column("kept", _bool, "true when it lasts long enough and is large enough for the settings"),
        Column("reason", _text, "the first rule that it broke; null when kept", nullable=True),
    ),
    order=("video_id", "track_id"),
    unique=("track_id",),
)

TRACK_BOXES = Table(
    "track_boxes",
    "tracks",
    "a track's box in a frame",
    (
        Column("track_id", _text, "the track"),
        _VIDEO,
        _CLIP,
        _FRAME,
        Column("t_s", _f64, "presentation time, seconds"),
        *_BOX,
        _SCORE,
        Column(
            "class_id",
            _i32,
            "most probable class in this frame; null where the vocabulary has no numbers",
            nullable=True,
            low=0,
        ),
        Column("considered", _bool, "false for a box that evaluation is told to leave out"),
        Column("visibility", _f32, "share of the object that can be seen, if annotated", nullable=True, low=0, high=1),
    ),
    order=("video_id", "track_id", "frame"),
    unique=("track_id", "frame"),
)

EMBEDDINGS = Table(
    "embeddings",
    "embeddings",
    "a vector for a frame, or for a track's crop in a frame",
    (
        _VIDEO,
        _CLIP,
        Column("track_id", _text, "the track whose crop this is; null for the whole frame", nullable=True),
        _FRAME,
        Column("model", _text, "the model"),
        Column("vector", pa.binary(), "little-endian float16 values"),
    ),
    order=("video_id", "clip_id", "track_id", "frame"),
    unique=("clip_id", "track_id", "frame", "model"),
    row_group_size=16_384,
)

SELECTIONS = Table(
    "selections",
    "selected_sequences",
    "a chosen sequence",
    (
        Column("rank", _i32, "order of choice, from 0: the first n ranks are the selection of n", low=0),
        Column("sequence_id", _text, "clip or track, and the sequence's first frame"),
        _VIDEO,
        _CLIP,
        Column("track_id", _text, "the track the sequence follows; null for a sequence of a clip", nullable=True),
        Column("frames", pa.list_(_i32), "its frames, in order"),
        Column("n_padded", _i32, "how many times its last frame was repeated to fill its length", low=0),
        Column("class_name", _text, "the track's class, or of a clip's sequence the one seen most", nullable=True),
        Column("split", _text, "train, val, test, or all", choices=("train", "val", "test", "all")),
        Column("score", _f64, "the strategies' figure at the moment of choice", nullable=True),
        Column("nearest", _text, "the sequence nearest to it among those chosen before; null: none", nullable=True),
        Column("distance", _f64, "distance of their vectors, 0 to 2", nullable=True),
        Column("relaxed", _i16, "how often constraints had been relaxed when it was chosen", low=0),
        Column("why", _text, "all that in words"),
    ),
    order=("rank",),
    unique=("sequence_id",),
    keys=(RECIPE,),
)

DATASETS = Table(
    "datasets",
    "packaged_datasets",
    "a file of a data set",
    (
        Column("version", _text, "the data set's version"),
        Column("format", _text, "the format the file belongs to"),
        Column("path", _text, "path in the store"),
        Column("sha256", _text, "hash of the file"),
        Column("size", _i64, "bytes", low=0),
        Column("rows", _i64, "records in the file", low=0),
    ),
    order=("format", "path"),
    unique=("path",),
    keys=(RECIPE,),
)

REJECTS = Table(
    "rejects",
    "every asset",
    "an item dropped or failed",
    (
        Column(
            "item_kind", _text, "what was dropped", choices=("video", "annotation", "clip", "track", "sequence", "box")
        ),
        Column("item_id", _text, "its id"),
        Column("stage", _text, "what was being done"),
        Column("reason", _text, "reason code"),
        Column("detail", _text, "the reason in words"),
    ),
    order=("item_kind", "item_id", "reason", "detail"),
    unique=("item_kind", "item_id", "stage", "reason", "detail"),
    keys=("asset", "partition"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        VIDEOS, PACKETS, ANNOTATION_BOXES, ANNOTATION_SEGMENTS,
        CLIPS, FILTERED_CLIPS, REDACTIONS, TRACKS, TRACK_BOXES, EMBEDDINGS,
        SELECTIONS, DATASETS, REJECTS,
    )
}  # fmt: skip
