"""Lists of YouTube videos: a text file with an id, or the address of a video, on each line.

Other addresses on the web are taken as they are. A ``#`` begins a comment, and only a line's first column counts. Here:
such lists. Not here: what an id is (``youtube_ids``), what is downloaded (``rushes.sources.download``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rushes.sources.formats.lines import beginning, misfit, numbered, place
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.youtube_ids import youtube_id
from rushes.sources.source import Format, Given, Misfit, Source

# A line's first column: in quotes, or up to a space or comma.
_FIRST = re.compile(r'\s*(?:"([^"]*)"|([^\s,]*))')


def _first_column(text: str) -> str:
    found = _FIRST.match(text)
    return (found[1] or found[2] or "") if found else ""


def _is_listed(text: str) -> bool:
    return youtube_id(text) == text or text.lower().startswith(("http://", "https://"))


def _recognises(path: Path) -> bool:
    """Tell by the first lines: each is an id or an address, and nothing else."""
    listed = [line for line in beginning(path) if not line.startswith("#")]
    return bool(listed) and all(_is_listed(line) and _first_column(line) == line for line in listed)


def _sources(given: Given) -> Iterator[Source | Misfit]:
    names = Names(given)
    for number, text in numbered(given.path):
        if not text.lstrip().startswith("#"):
            yield _source(given, names, number, text)


def _source(given: Given, names: Names, number: int, text: str) -> Source | Misfit:
    name = _first_column(text)
    if not _is_listed(name):
        return misfit(given, number, text, "neither a YouTube id nor an address on the web")
    named = names.youtube(name) if youtube_id(name) == name else names.address(name)
    if isinstance(named, Refused):
        return misfit(given, number, text, named.detail, named.reason)
    return Source(named.uri, named.video_id, place(given, number), named.within)


FORMAT = Format("youtube", "a list of YouTube ids, or of addresses on the web, one a line", _recognises, _sources)
