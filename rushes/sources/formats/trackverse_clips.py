"""TrackVerse's list of clips: JSON lines that each name a span of a YouTube video.

``{"clip_id": "<id of 11 characters>.N.mp4", "duration": [start, end]}``. Here: those lines. Not here: how a time is
written (``hdvila``), tracks (``trackverse_tracks``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.hdvila import add_span, records
from rushes.sources.formats.lines import Item, first_object, misfit, objects, place
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.youtube_ids import youtube_id
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "trackverse-clips"
_ID_LENGTH = 11


def _recognises(path: Path) -> bool:
    first = first_object(path)
    return first is not None and "clip_id" in first and "duration" in first


def _sources(given: Given) -> Iterator[Source | Misfit]:
    names = Names(given)
    for item in objects(given.path):
        yield _source(given, names, item)


def _source(given: Given, names: Names, item: Item) -> Source | Misfit:
    number, text, record = item
    if record is None:
        return misfit(given, number, text, "no JSON object")
    clip = record.get("clip_id")
    id = clip[:_ID_LENGTH] if isinstance(clip, str) else ""
    if youtube_id(id) != id or str(clip)[_ID_LENGTH : _ID_LENGTH + 1] != ".":
        detail = f"clip_id {str(clip)[:100]!r} does not begin with a YouTube id and a dot"
        return misfit(given, number, text, detail, Reason.BAD_ID)
    named = names.youtube(id)
    if isinstance(named, Refused):
        return misfit(given, number, text, named.detail, named.reason)
    lines = Slice(_NAME, given.name, ((number, text),))
    return Source(named.uri, named.video_id, place(given, number), named.within, (lines,))


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    rows = Rows(lines.annotation, footage)
    for number, record in records(rows, lines):
        told = {key: value for key, value in record.items() if key not in ("clip_id", "duration")}
        add_span(rows, number, 0, record.get("clip_id"), record.get("duration"), told)
    return rows.done()


FORMAT = Format(
    _NAME,
    'TrackVerse\'s clip lines: {"clip_id": "ID.N.mp4", "duration": [start, end]}; only these spans are cut',
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
