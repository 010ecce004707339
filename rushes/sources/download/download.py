"""A source elsewhere becomes an object of the store, once: the note about it comes last, and is all that counts.

Here: the way from an entry to its media object, by whichever means it can be had. Not here: the means (``web``,
``site``), what has come so far (``spool``).
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from rushes.errors import LinkError, VideoError
from rushes.ranges import open_ranges
from rushes.ranges.address import protocol_of, shown
from rushes.ranges.remote import RemoteRanges
from rushes.sources.download import site
from rushes.sources.download.spool import Part, Place, spool_folder
from rushes.sources.download.web import Fetched, Fetching, PageError, begins_as_text
from rushes.sources.trust import refuse_listed
from rushes.store.forgotten import is_forgotten_content
from rushes.store.manifests import Entry
from rushes.store.media import hash_file, media_name
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

if TYPE_CHECKING:
    from rushes.settings import Ingest

Progress = Callable[[str, int, int | None], None]

_WEB = ("http", "https")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True)
class Downloaded:
    """A download that is in the store: the object ``media``, and where it came from.

    ``address`` answered in the end, after redirects; ``etag`` is what its server calls this content; ``by`` says how it
    was had (``http``, ``s3``, …, ``yt-dlp``); ``about`` is what a site told of it (``title``, ``uploader``, …).
    """

    uri: str
    address: str
    sha256: str
    size: int
    media: str
    etag: str | None
    by: str
    about: dict[str, Any] = field(default_factory=dict)


def find(objects: Objects, entry: Entry) -> Downloaded | None:
    """Return what was downloaded of an entry's source, if it still is in the store."""
    try:
        found = Downloaded(**json.loads(objects.read(_note(entry.source_uri))))
    except FileNotFoundError:
        return None
    return found if objects.exists(found.media) else None


def forget(objects: Objects, uri: str) -> None:
    """Forget that an address was downloaded, and what came of one that was not finished. Its media object stays."""
    objects.delete(_note(uri))
    place = Place(spool_folder(objects), uri)
    with place.locked():
        place.clear()


class Downloader:
    """Downloads sources into a store. May be called by several threads at once. ``again`` has all fetched anew."""

    def __init__(self, objects: Objects, limits: Ingest, again: bool = False) -> None:
        self._objects = objects
        self._limits = limits
        self._again = again

    def __call__(self, entry: Entry, progress: Progress = lambda name, received, total: None) -> Downloaded:
        """Return what the store has of an entry's source, after fetching it if need be.

        ``progress`` is told the address, bytes that came, and of how many. Raises ``LinkError`` for what may pass: what
        came is kept, and gone on with the next time. Raises ``VideoError`` for what will not.
        """
        found = None if self._again else find(self._objects, entry)
        if found is not None:
            return found
        _check_trust(entry)
        place = Place(spool_folder(self._objects), entry.source_uri)
        with place.locked():
            found = None if self._again else find(self._objects, entry)  # somebody else may have had the lock
            return found or self._fetched(entry, place, progress)

    def _fetched(self, entry: Entry, place: Place, progress: Progress) -> Downloaded:
        name = shown(entry.source_uri)

        def count(received: int, total: int | None) -> None:
            progress(name, received, total)

        try:
            done = self._fetch(entry, place, count)
        except LinkError:
            raise
        except VideoError:
            place.clear()
            raise
        self._objects.write(_note(entry.source_uri), json.dumps(asdict(done), indent=1, sort_keys=True).encode())
        place.clear()
        return done

    def _fetch(self, entry: Entry, place: Place, count: Callable[[int, int | None], None]) -> Downloaded:
        is_web = protocol_of(entry.source_uri) in _WEB
        if is_web and (place.site.exists() or site.knows(entry.source_uri)):
            return self._from_site(entry, place, count)
        try:
            return self._from_file(entry, place, count)
        except PageError:
            place.clear()
            name = shown(entry.source_uri)
            if not is_web:
                raise VideoError(Reason.NOT_VIDEO, f"{name}: a file of text, no video") from None
            if not site.is_installed():
                raise LinkError(
                    Reason.UNAVAILABLE, f"{name}: a web page; for videos in pages: pip install 'rushes[youtube]'"
                ) from None
        return self._from_site(entry, place, count)

    def _from_file(self, entry: Entry, place: Place, count: Callable[[int, int | None], None]) -> Downloaded:
        ranges = cast(RemoteRanges, open_ranges(entry.source_uri, entry.creds_key, trust=entry.trust))
        with closing(Part(place)) as part:
            fetched = Fetching(ranges, part, self._limits, count)()
        sha256, media = part.hash.hexdigest(), media_name(part.hash.hexdigest(), _suffix(entry.source_uri, fetched))
        self._refuse_forgotten(entry, sha256)
        self._keep(place.part, media)
        by = protocol_of(entry.source_uri)
        return Downloaded(entry.source_uri, shown(fetched.address), sha256, part.received, media, fetched.version, by)

    def _from_site(self, entry: Entry, place: Place, count: Callable[[int, int | None], None]) -> Downloaded:
        video = site.fetch(entry.source_uri, entry.trust, place.site, self._limits, count)
        sha256, size = hash_file(video.path), video.path.stat().st_size
        if size > self._limits.max_bytes:
            raise VideoError(Reason.TOO_LARGE, f"{shown(entry.source_uri)}: {size} bytes, more than ingest.max_bytes")
        if begins_as_text(video.path):  # yt-dlp takes whatever is no page for a video
            raise VideoError(Reason.NOT_VIDEO, f"{shown(entry.source_uri)}: a file of text, and no video found in it")
        media = media_name(sha256, video.path.suffix.lower())
        self._refuse_forgotten(entry, sha256)
        self._keep(video.path, media)
        address = shown(str(video.about.get("webpage_url", entry.source_uri)))
        return Downloaded(entry.source_uri, address, sha256, size, media, None, "yt-dlp", video.about)

    def _refuse_forgotten(self, entry: Entry, sha256: str) -> None:
        if is_forgotten_content(self._objects, sha256):
            name = shown(entry.source_uri)
            raise VideoError(Reason.FORGOTTEN, f"{name}: the same bytes as a video that was forgotten: not taken in")

    def _keep(self, path: Path, media: str) -> None:
        """Have a whole file as an object: by renaming where both are on one disk."""
        if self._objects.exists(media):
            return
        if self._objects.is_local:
            path.chmod(0o644)
            self._objects.take_file(media, path)
        else:
            self._objects.write_file(media, path)


def _check_trust(entry: Entry) -> None:
    why = refuse_listed(entry.source_uri) if entry.trust == "listed" else None
    if why is not None:
        raise VideoError(Reason.FORBIDDEN, why)


def _note(uri: str) -> str:
    return f"downloads/{hashlib.sha256(uri.encode()).hexdigest()}.json"


def _suffix(uri: str, fetched: Fetched) -> str:
    """Return the suffix that a file's address has, or that its content type stands for."""
    kind = fetched.kind.partition(";")[0].strip().lower()
    by_kind = (mimetypes.guess_extension(kind) or "") if kind.startswith("video/") else ""
    suffixes = [PurePosixPath(shown(address)).suffix.lower() for address in (uri, fetched.address)]
    return next((suffix for suffix in suffixes if _SUFFIX.fullmatch(suffix)), by_kind)
