"""The ids of YouTube's videos, in all the ways in which they are written.

Here: from an address to an id, and from an id to the page and to the video's name. Not here: lists of them
(``youtube``), what is downloaded (``rushes.sources.download``).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_HOSTS = re.compile(r"(www\.|m\.|music\.)?(youtube\.com|youtube-nocookie\.com)")
_SHORT_HOSTS = ("youtu.be", "www.youtu.be")
# Paths that have an id as their next part.
_BEFORE_ID = frozenset(["shorts", "embed", "live", "v", "e"])


def youtube_id(text: str) -> str | None:
    """Return the id in an address of a video on YouTube, or in an id alone; None for anything else."""
    found = text if "/" not in text else _id_in_address(text)
    return found if found is not None and _ID.fullmatch(found) else None


def watch_uri(id: str) -> str:
    """Return the address of the page on which a video is shown."""
    return f"https://www.youtube.com/watch?v={id}"


def video_id(id: str) -> str:
    """Return the name that a video gets: its id, with ``yt`` before one that begins as no name may."""
    return id if id[0].isalnum() else f"yt{id}"


def _id_in_address(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    path = parts.path.strip("/").split("/")
    if host in _SHORT_HOSTS:
        return path[0]
    if not _HOSTS.fullmatch(host):
        return None
    if path == ["watch"]:
        return next(iter(parse_qs(parts.query).get("v", [])), None)
    return path[1] if len(path) > 1 and path[0] in _BEFORE_ID else None
