"""Fetching videos from elsewhere into the store: once, going on where it broke off, and never without end.

``download`` is the whole of it, by its parts: ``web`` fetches a file, ``site`` a video out of a page (by yt-dlp, in a
process of its own: ``site_process``), ``spool`` keeps what has come so far, ``pace`` and ``watched`` look at the clock.
Not here: who downloads when, and how many at once (``rushes.work``), what is in a file (``rushes.sources.ingest``).
"""

from rushes.sources.download.download import Downloaded, Downloader, Progress, find, forget

__all__ = ["Downloaded", "Downloader", "Progress", "find", "forget"]
