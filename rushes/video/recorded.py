"""When a video was recorded, in the file's own words.

Only what stands inside the file is asked: the time of a file on disk changes with each copy. Here: which tags tell it,
and what of what they say is a date. Not here: opening files (``probe``, ``images``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone

from PIL import Image

# FFmpeg's names of tags, in lower case, in order of trust: the camera's own moment with its zone (QuickTime), the
# container's (mp4, mov, Matroska's DateUTC, AVI's IDIT; in UTC), and what people or programs wrote beside it.
_TAGS = ("com.apple.quicktime.creationdate", "creation_time", "date_recorded", "date_digitized", "date")
# Exif's folder of a picture's making; in it the moment, its fraction of a second and its distance from UTC.
_EXIF, _ORIGINAL, _FRACTION, _OFFSET = 0x8769, 0x9003, 0x9291, 0x9011
# Days at which clocks begin that nobody has set: spreadsheets', QuickTime's, Unix's, FAT's.
_UNSET = frozenset((date(1899, 12, 30), date(1904, 1, 1), date(1970, 1, 1), date(1980, 1, 1)))
_FIRST_FILM = datetime(1888, 1, 1)
_DATE = re.compile(
    r"(?P<year>\d{4})(?P<between>[-:/.]?)(?P<month>\d\d)(?P=between)(?P<day>\d\d)"
    r"(?:[T ]+(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s*(?:UTC|(?P<zone>Z|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII | re.IGNORECASE,
)


def recorded_at(*metadata: Mapping[str, str]) -> datetime | None:
    """Return the moment that a container's tags, or else its streams', tell; UTC without a zone, None for none."""
    lowered = [{name.lower(): text for name, text in tags.items()} for tags in metadata]
    return _first(tags[name] for name in _TAGS for tags in lowered if name in tags)


def picture_taken_at(picture: Image.Image) -> datetime | None:
    """Return the moment that a picture's Exif data tells (``DateTimeOriginal``), as ``recorded_at`` does."""
    try:
        exif = picture.getexif().get_ifd(_EXIF)
    except (OSError, ValueError, KeyError, TypeError, SyntaxError):  # Pillow's ways to say that it is damaged
        return None
    moment, fraction, offset = (str(exif.get(tag, "")).strip(" \0") for tag in (_ORIGINAL, _FRACTION, _OFFSET))
    return parse_date(moment + (f".{fraction}" if fraction.isdecimal() else "") + offset)


def parse_date(text: str) -> datetime | None:
    """Return a date, or a date and a time, as a moment in UTC, to the microsecond and without a zone.

    Taken are the forms of ISO 8601 and of Exif (``2024:05:01 12:30:00``); without a zone it is UTC. None for all else:
    a year or a month alone, a day at which clocks begin that nobody has set, times before there were films.
    """
    found = _DATE.fullmatch(text.strip(" \0\r\n\t"))
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    micros = int((found["fraction"] or "")[:6].ljust(6, "0"))
    try:
        there = datetime(year, month, day, hour, minute, second, micros, _zone(found["zone"]))
        moment = there.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # no such day or hour; or before the first or after the last that there is
        return None
    unset = moment.date() in _UNSET or there.date() in _UNSET
    return None if unset or moment < _FIRST_FILM else moment


def _first(texts: Iterable[str]) -> datetime | None:
    return next(filter(None, map(parse_date, texts)), None)


def _zone(text: str | None) -> timezone:
    """Return the zone of ``Z``, ``+02``, ``+0200`` or ``+02:00``. Raises ``ValueError`` for a day or more."""
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[0] == "-" else away)
