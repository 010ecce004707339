"""HD-VILA-100M: a video's page and the spans of it that are clips, as JSON lines or one JSON array.

``{"video_id", "url", "clip": [{"clip_id", "span": ["H:MM:SS.mmm", "H:MM:SS.mmm"]}, …]}``. Here: those fields, and
times of day. Not here: how lines and arrays are read (``lines``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import Item, first_object, misfit, objects, parsed, place
from rushes.sources.formats.named import Named, Names, Refused
from rushes.sources.formats.youtube_ids import video_id as youtube_name
from rushes.sources.formats.youtube_ids import youtube_id
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "hdvila"
_TIME = re.compile(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9}(?:\.\d*)?)", re.ASCII)


def seconds(value: Any) -> float | None:
    """Return the seconds of ``0:01:02.5``, ``01:02.5``, ``62.5`` or a number; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 1e9 else None
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    hours, minutes, rest = int(found[1] or 0), int(found[2] or 0), float(found[3])
    if (found[1] and minutes >= 60) or (found[2] and rest >= 60):
        return None
    return hours * 3600 + minutes * 60 + rest


def add_span(rows: Rows, line: int, item: int, name: Any, times: Any, attributes: dict[str, Any]) -> None:
    """Add a clip that is to be cut; ``times`` are its begin and end in any way that ``seconds`` knows."""
    start, end = (seconds(t) for t in times) if isinstance(times, list) and len(times) == 2 else (None, None)
    if start is None or end is None:
        rows.reject(line, Reason.BAD_SPAN, f"clip {str(name)[:200]!r}: {str(times)[:200]} is no begin and end", item)
        return
    segment_id = name if isinstance(name, str) else None
    rows.segment(line, "span", start, end, segment_id=segment_id, attributes=attributes)


def records(rows: Rows, lines: Slice) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the object of each line, with its number; a line that is none is a reject."""
    for number, text in lines.lines:
        record = parsed(text)
        if record is None:
            rows.reject(number, Reason.BAD_LINE, "no JSON object")
        else:
            yield number, record


def _recognises(path: Path) -> bool:
    first = first_object(path)
    return first is not None and isinstance(first.get("clip"), list) and ("video_id" in first or "url" in first)


def _sources(given: Given) -> Iterator[Source | Misfit]:
    names = Names(given)
    for item in objects(given.path):
        yield _source(given, names, item)


def _source(given: Given, names: Names, item: Item) -> Source | Misfit:
    number, text, record = item
    if record is None:
        return misfit(given, number, text, "no JSON object")
    id, url = record.get("video_id"), record.get("url")
    if not isinstance(id, str | None) or not isinstance(url, str | None) or not (id or url):
        return misfit(given, number, text, "video_id and url are to be text, and one of them must be there")
    if id is None and youtube_id(url or "") is None:
        return misfit(given, number, text, "no video_id, and its address is none of YouTube's, which would tell it")
    named = names.file(id) if id and given.media else _named(names, id, url)
    if isinstance(named, Refused):
        return misfit(given, number, text, named.detail, named.reason)
    lines = Slice(_NAME, given.name, ((number, text),))
    return Source(named.uri, named.video_id, place(given, number), named.within, (lines,))


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    rows = Rows(lines.annotation, footage)
    for number, record in records(rows, lines):
        clips = record.pop("clip", [])
        if not isinstance(clips, list):
            rows.reject(number, Reason.BAD_LINE, f"clip is no list, but {str(clips)[:200]}")
            continue
        of_video = {key: value for key, value in record.items() if key not in ("video_id", "url")}
        for item, clip in enumerate(clips):
            _add_clip(rows, number, item, clip, of_video)
    return rows.done()


def _named(names: Names, id: str | None, url: str | None) -> Named | Refused:
    own = youtube_name(id) if id and youtube_id(id) == id else id or None
    return names.address(url, own) if url else names.youtube(id or "")


def _add_clip(rows: Rows, line: int, item: int, clip: Any, of_video: dict[str, Any]) -> None:
    if not isinstance(clip, dict):
        rows.reject(line, Reason.BAD_LINE, f"a clip is no object, but {str(clip)[:200]}", item)
        return
    told = {key: value for key, value in clip.items() if key not in ("clip_id", "span")}
    add_span(rows, line, item, clip.get("clip_id"), clip.get("span"), of_video | told)


FORMAT = Format(
    _NAME,
    "HD-VILA-100M's JSON lines or array: video_id, url, clip: [{clip_id, span}]; only the spans are cut",
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
