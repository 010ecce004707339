"""From what a person gave to the videos it stands for: which format it is, and what that finds.

Here: files, folders, addresses, folders elsewhere, manifests elsewhere. Not here: what is in a format (``formats``),
what becomes of the sources (``register``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rushes.errors import SettingsError, StoreError
from rushes.ranges import Fingerprint, open_ranges
from rushes.ranges.address import check_address, is_elsewhere, local_path, protocol_of, shown
from rushes.ranges.listing import list_files
from rushes.sources.formats.known import FORMATS, recognise
from rushes.sources.formats.videos import VIDEO_SUFFIXES
from rushes.sources.ids import video_id_of
from rushes.sources.source import Format, Given, Misfit, Source

AUTO = "auto"
# What these hold is never a video: one that no format knows is a mistake, not a broken video.
LISTS = frozenset([".csv", ".tsv", ".txt", ".list", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".gzip"])
# Formats of folders that have to be looked through, and read, file by file.
_FOLDERS = frozenset(["mot", "lasot", "frames"])
_MOST_LIST_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Found:
    """A source, or what is none, with the format that found it; ``content`` where a listing told it already."""

    source: Source | Misfit
    format: Format
    content: Fingerprint | None = None


def find(
    given: str, format_name: str = AUTO, media: str | None = None, creds_key: str | None = None
) -> Iterator[Found]:
    """Yield what one path or address stands for. Raises ``StoreError`` when that is nothing at all."""
    if format_name != AUTO and format_name not in FORMATS:
        raise SettingsError(f"unknown format {format_name!r}; there are: auto, {', '.join(FORMATS)}")
    if media is not None:
        media = _media_folder(media)
    if not is_elsewhere(given):
        yield from _here(_local(given), format_name, media)
        return
    check_address(given)
    if format_name in _FOLDERS:
        raise SettingsError(f"{shown(given)}: as {format_name} only what lies here can be added: copy it first")
    suffix = "" if given.endswith("/") else PurePosixPath(shown(given)).suffix.lower()
    is_list = format_name == AUTO and suffix in LISTS
    if is_list or format_name not in (AUTO, "video", "folder"):
        yield from _list_elsewhere(given, format_name, media, creds_key)
    elif format_name == "video" or (
        format_name == AUTO and (protocol_of(given) in ("http", "https") or suffix in VIDEO_SUFFIXES)
    ):
        yield Found(_addressed(given), FORMATS["video"])
    else:
        yield from _folder_elsewhere(given, creds_key)


def _local(given: str) -> Path:
    path = Path(os.path.abspath(Path(local_path(given)).expanduser()))
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{given!a}: a name that is not UTF-8: rename it") from None
    return path


def _media_folder(media: str) -> str:
    """Return where a manifest's videos are to be found: an absolute folder, or an address that ends with a slash."""
    if is_elsewhere(media):
        check_address(media)
        return media if media.endswith("/") else media + "/"
    folder = _local(media)
    if not folder.is_dir():
        raise SettingsError(f"--media {media}: no such folder")
    return str(folder)


def _here(path: Path, format_name: str, media: str | None) -> Iterator[Found]:
    if not path.exists() and (format_name not in (AUTO, "video") or path.suffix.lower() in LISTS):
        raise StoreError(f"{path}: no such file or folder")
    format = FORMATS[format_name] if format_name != AUTO else _recognised(path, str(path))
    anything = False
    for source in format.sources(Given(path, str(path), media)):
        anything = True
        yield Found(source, format)
    if not anything:
        raise StoreError(f"{path}: nothing in it that could be added as {format.name} ({format.what})")


def _recognised(path: Path, name: str) -> Format:
    """Return the format of a path. A file that is called a video, or nothing known, is one, whatever is in it."""
    format = recognise(path) if path.exists() else None
    if format is None and path.is_dir():
        suffixes = ", ".join(sorted(VIDEO_SUFFIXES))
        raise StoreError(f"{name}: no video files in that folder ({suffixes}), nor pictures, nor a known data set")
    if format is None and path.exists() and path.suffix.lower() in LISTS:
        if path.stat().st_size == 0:
            raise StoreError(f"{name}: an empty file, which names no videos")
        raise StoreError(f"{name}: no known format; say which with --format: {', '.join(FORMATS)}")
    return format or FORMATS["video"]


def _addressed(uri: str, place: str | None = None) -> Source:
    return Source(uri, video_id_of(shown(uri).rstrip("/").rpartition("/")[2]), place)


def _folder_elsewhere(uri: str, creds_key: str | None) -> Iterator[Found]:
    """Yield the videos below an address, by one listing."""
    root = uri.rstrip("/") + "/"
    anything = False
    for address, content in list_files(uri, creds_key):
        name = address.removeprefix(root) if address.startswith(root) else address.rpartition("/")[2]
        is_one = address == uri
        if is_one or (PurePosixPath(name).suffix.lower() in VIDEO_SUFFIXES and "/." not in f"/{name}"):
            anything = True
            yield Found(Source(address, video_id_of(name)), FORMATS["video"], content)
    if not anything:
        raise StoreError(f"{shown(uri)}: no video files there ({', '.join(sorted(VIDEO_SUFFIXES))})")


def _list_elsewhere(uri: str, format_name: str, media: str | None, creds_key: str | None) -> Iterator[Found]:
    """Read a manifest that is elsewhere; the addresses in it that are no full ones are taken as lying beside it."""
    ranges = open_ranges(uri, creds_key)
    size = ranges.fingerprint().size
    if size > _MOST_LIST_BYTES:
        raise StoreError(f"{ranges.name}: {size} bytes, more than a list of videos has")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / (PurePosixPath(ranges.name).name.strip(".")[-100:] or "list")
        with ranges.open() as there, path.open("wb") as copy:
            shutil.copyfileobj(there, copy, 8 << 20)
        format = FORMATS[format_name] if format_name != AUTO else _recognised(path, ranges.name)
        beside = media or uri.partition("?")[0].rpartition("/")[0] + "/"
        for source in format.sources(Given(path, ranges.name, beside)):
            yield Found(source, format)
