"""TrackVerse's tracks, one JSON line each, in the three schemas that its files have had.

The first has ``frame_ts`` and ``frame_bboxes`` with scores and classes of each frame; the second ``track_ts`` and
``track_bbox``, one a frame; the released one is the first without scores. A line names its video by ``yid``, by the
name of its track's file, or not at all: then the file is one video's, ``XX/YID-meta.jsonl.gzip``. In all of them a box
is ``[x, y, w, h]`` in pixels of a frame of ``video_size``, which is [height, width]. Nothing of a line is lost: what is
of the whole track goes to its segment, what is of a frame to its box. Here: those lines. Not here: the tracks that are
made of such rows (``rushes.tracking``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import first_object, misfit, numbered, parsed, place
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.youtube_ids import youtube_id
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "trackverse"
_META_FILE = re.compile(r"([A-Za-z0-9._-]+)-meta\.jsonl(\.gz|\.gzip)?")
# Where this stands in a line of JSON it is the line's own field: within a string the quotes would be escaped.
_YID = re.compile(r'"yid"\s*:\s*"([A-Za-z0-9._-]+)"')
# The track's own file, ``XX/YID-LABEL-HASH.mp4``.
_TRACK_FILES = ("track_mp4_filename", "mp4_filename", "fn")
_TRACK_FILE = re.compile(r"([A-Za-z0-9_-]{11})-.*", re.DOTALL)
_IDS, _LABEL_IDS, _LABELS = ("track_id", "tid"), ("top10_lbl", "top10_label_ids"), ("top10_desc", "top10_label_names")
_LONGEST_SHOWN = 100
# How far the making of a video's tracks has come, in a file of its own: ``XX/YID-progress.json``.
_PROGRESS = "trackverse-progress"
_LONGEST_PROGRESS = 1 << 20


class _BadLineError(Exception):
    """Says why a line is no track."""


@dataclass(frozen=True)
class _Track:
    """A line: its boxes and their times, what else it says of each frame, what it says of the whole track."""

    times: Sequence[Any]
    boxes: Sequence[Any]
    of_frames: Mapping[str, Sequence[Any]]
    of_track: Mapping[str, Any]
    start_s: float
    end_s: float
    scale: tuple[float, float]


def _is_track(record: Mapping[str, Any] | None) -> bool:
    return record is not None and ("frame_bboxes" in record or "track_bbox" in record)


def _recognises(path: Path) -> bool:
    if not path.is_dir():
        return _is_track(first_object(path))
    return any(_META_FILE.fullmatch(found.name) for found in chain(path.glob("*-meta.*"), path.glob("??/*-meta.*")))


def _sources(given: Given) -> Iterator[Source | Misfit]:
    names = Names(given)
    if not given.path.is_dir():
        yield from _of_file(names, given)
        return
    for folder, subfolders, files in os.walk(given.path):
        subfolders.sort()
        for file in sorted(files):
            if _META_FILE.fullmatch(file):
                path = Path(folder, file)
                yield from _of_file(names, Given(path, f"{given.name}/{path.relative_to(given.path)}", given.media))


def _of_file(names: Names, given: Given) -> Iterator[Source | Misfit]:
    one_video = _META_FILE.fullmatch(given.path.name)
    if one_video:
        yield from _of_video(names, given, one_video[1])
        return
    for number, text in numbered(given.path):
        yield _of_lines(names, given, _youtube_id_in(text), [(number, text)])


def _of_video(names: Names, given: Given, id: str) -> Iterator[Source | Misfit]:
    """Yield the source of one video's file; of a damaged one, what could be read, and where that ends."""
    lines: list[tuple[int, str]] = []
    damage = ""
    try:
        lines.extend(numbered(given.path))
    except SettingsError as error:
        damage = str(error)
    source = _of_lines(names, given, id, lines)
    yield source if isinstance(source, Misfit) else replace(source, slices=(*source.slices, *_progress(given, id)))
    if damage:
        yield misfit(given, lines[-1][0] + 1 if lines else 1, "", damage)


def _progress(given: Given, id: str) -> Iterator[Slice]:
    """Yield what the file beside a video's tracks says of how far their making has come, if there is one."""
    path = given.path.with_name(f"{id}-progress.json")
    if path.is_file() and path.stat().st_size <= _LONGEST_PROGRESS:
        text = " ".join(path.read_text(errors="replace").split())
        yield Slice(_PROGRESS, f"{given.name.rpartition('/')[0]}/{path.name}", ((1, text),))


def _of_lines(names: Names, given: Given, id: str | None, lines: Sequence[tuple[int, str]]) -> Source | Misfit:
    number, text = lines[0] if lines else (1, "")
    if id is None:
        return misfit(given, number, text, f"it names no video: no yid, {', '.join(_TRACK_FILES)} in it")
    # Tracks of videos that are not YouTube's are called after the video; its file is then beside them, if anywhere.
    named = names.youtube(id) if youtube_id(id) == id else names.file(id)
    if isinstance(named, Refused):
        return misfit(given, number, text, named.detail, named.reason)
    slices = (Slice(_NAME, given.name, lines),) if lines else ()
    return Source(named.uri, named.video_id, place(given, number), named.within, slices)


def _youtube_id_in(text: str) -> str | None:
    """Return the video of a line, read as little as that needs."""
    if found := _YID.search(text):
        return found[1]
    record = parsed(text) or {}
    files = (record[key].rpartition("/")[2] for key in _TRACK_FILES if isinstance(record.get(key), str))
    return next((found[1] for file in files if (found := _TRACK_FILE.fullmatch(file))), None)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    rows = Rows(lines.annotation, footage)
    taken: set[str] = set()
    for number, text in lines.lines:
        if lines.annotation == _PROGRESS:
            _add_progress(rows, number, parsed(text) or {})
            continue
        try:
            track = _track(parsed(text), footage)
        except _BadLineError as error:
            rows.reject(number, Reason.BAD_LINE, str(error))
            continue
        _add(rows, number, track, _own_id(track, number, taken))
    return rows.done()


def _add_progress(rows: Rows, line: int, record: Mapping[str, Any]) -> None:
    """Add a label for each span that was searched for tracks; in it, what is short or small has none all the same."""
    spans = record.get("segments_complete")
    if not isinstance(spans, list):
        rows.reject(line, Reason.BAD_LINE, "no list of segments_complete")
        return
    for item, span in enumerate(spans):
        start, end = map(_number, span) if isinstance(span, list) and len(span) == 2 else (None, None)
        if start is None or end is None:
            rows.reject(line, Reason.BAD_SPAN, f"segment {str(span)[:_LONGEST_SHOWN]} is no begin and end", item)
            continue
        counted = {"num_tracks": record["num_tracks"]} if "num_tracks" in record else None
        rows.segment(line, "label", start, end, label="segments_complete", attributes=counted)


def _own_id(track: _Track, line: int, taken: set[str]) -> str:
    """Return the track's id; with its line where another track of the video has it, for some files count anew."""
    given = next((track.of_track[key] for key in _IDS if key in track.of_track), None)
    id = f"line {line}" if given is None else str(given)
    id = f"{id} (line {line})" if id in taken else id
    taken.add(id)
    return id


def _add(rows: Rows, line: int, track: _Track, id: str) -> None:
    """Add a track's segment and boxes."""
    class_id, label = _first(track, _LABEL_IDS), _first(track, _LABELS)
    class_id, label = class_id if _is_class(class_id) else None, label if isinstance(label, str) else None
    rows.segment(
        line, "track", track.start_s, track.end_s, segment_id=id, class_id=class_id, label=label,
        attributes=track.of_track, closed=True,
    )  # fmt: skip
    for n, (time, box) in enumerate(zip(track.times, track.boxes, strict=True)):
        told = {key: values[n] for key, values in track.of_frames.items()}
        seconds, ltwh = _number(time), _ltwh(box, track.scale)
        if seconds is None or ltwh is None:
            shown = f"{box!r} at {time!r}"[:_LONGEST_SHOWN]
            rows.reject(line, Reason.BAD_BOX, f"frame {n} of the track: {shown}: no [x, y, w, h] at seconds", n + 1)
            continue
        score = _number(told.pop("frame_obj")) if _number(told.get("frame_obj")) is not None else None
        rows.box(
            line, rows.footage.nearest(seconds), ltwh, object_id=id, score=score,
            class_id=told.pop("frame_lbl") if _is_class(told.get("frame_lbl")) else class_id,
            class_name=told.pop("frame_desc") if isinstance(told.get("frame_desc"), str) else label,
            attributes={"t": time, **told}, where=f"{seconds:g} s",
        )  # fmt: skip


def _track(record: Mapping[str, Any] | None, footage: Footage) -> _Track:
    """Take a line apart. Raises ``_BadLineError``."""
    if record is None or not _is_track(record):
        raise _BadLineError("no track: no JSON object with frame_bboxes or track_bbox")
    times_in, boxes_in = ("frame_ts", "frame_bboxes") if "frame_bboxes" in record else ("track_ts", "track_bbox")
    of_frames = {
        key: value
        for key, value in record.items()
        if key in (times_in, boxes_in) or (key.startswith("frame_") and isinstance(value, list))
    }
    of_track = {key: value for key, value in record.items() if key not in of_frames}
    _check_lengths(of_frames, times_in)
    times, boxes = of_frames.pop(times_in), of_frames.pop(boxes_in)
    start, end = _ends(record.get("track_ts"), times)
    return _Track(times, boxes, of_frames, of_track, start, end, _scale(record.get("video_size"), footage))


def _check_lengths(of_frames: Mapping[str, Any], times_in: str) -> None:
    if missing := [key for key in of_frames if not isinstance(of_frames[key], list)] or [
        key for key in [times_in] if key not in of_frames
    ]:
        raise _BadLineError(f"{', '.join(missing)}: no list")
    lengths = {key: len(values) for key, values in of_frames.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise _BadLineError(f"lists that are to have an entry a frame differ in length: {told}"[:400])


def _ends(track_ts: Any, times: Sequence[Any]) -> tuple[float, float]:
    """Return when a track begins and ends: as it says, or else by its frames."""
    between = times if track_ts is None else track_ts
    ends = [_number(between[n]) for n in (0, -1)] if isinstance(between, list) and between else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise _BadLineError(f"track_ts {between!r:.{_LONGEST_SHOWN}} is no begin and end")
    return ends[0], ends[1]


def _scale(video_size: Any, footage: Footage) -> tuple[float, float]:
    """Return by how much the video is wider and higher than the frames in which the boxes were found."""
    if video_size is None:
        return 1.0, 1.0
    height, width = map(_number, video_size) if isinstance(video_size, list) and len(video_size) == 2 else (None, None)
    if not height or not width or min(height, width) <= 0:
        raise _BadLineError(f"video_size {video_size!r:.{_LONGEST_SHOWN}} is no [height, width]")
    return footage.width / width, footage.height / height


def _ltwh(box: Any, scale: tuple[float, float]) -> tuple[float, float, float, float] | None:
    if not isinstance(box, list) or len(box) != 4:
        return None
    x, y, w, h = map(_number, box)
    if x is None or y is None or w is None or h is None:
        return None
    return x * scale[0], y * scale[1], w * scale[0], h * scale[1]


def _first(track: _Track, keys: Sequence[str]) -> Any:
    """Return the first of the track's best classes, or of their names."""
    lists = (track.of_track[key] for key in keys if key in track.of_track)
    return next((values[0] for values in lists if isinstance(values, list) and values), None)


def _is_class(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None


FORMAT = Format(
    _NAME + "-tracks",
    "TrackVerse's tracks: JSON lines in any of its schemas, in one file, or in a folder of XX/ID-meta.jsonl.gzip",
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
