"""What is downloaded ahead of bringing a source in, and from whom.

Here: which sources need it. Not here: downloading (``download``), how many at once are under way (``rushes.work``).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rushes.ranges.address import is_elsewhere, protocol_of
from rushes.settings import Ingest
from rushes.sources.download import Downloader, find
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.work.step import Downloading


class FetchVideo:
    """The fetching that goes ahead of ``raw_videos``."""

    def __init__(self, objects: Objects, settings: Ingest) -> None:
        self.at_once, self.per_lane = settings.downloads, settings.per_host
        self._objects = objects
        self._download = Downloader(objects, settings)

    def lane(self, entry: Entry) -> str | None:
        """Return the host, or bucket, that a source is to be downloaded from; None when it is not."""
        settled = entry.misfit is not None or entry.rival is not None or entry.linked
        if settled or not is_elsewhere(entry.source_uri) or find(self._objects, entry) is not None:
            return None
        return urlsplit(entry.source_uri).netloc.rpartition("@")[2] or protocol_of(entry.source_uri)

    def __call__(self, entry: Entry, progress: Downloading) -> None:
        """Download a source. Raises ``VideoError`` when it cannot be had."""
        self._download(entry, progress)
