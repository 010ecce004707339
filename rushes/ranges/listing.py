"""The files below an address that stands for a folder, by one listing.

A listing tells size and version of every file, so that nothing more has to be asked of any of them. Here: listing. Not
here: which of the files are wanted (``rushes.sources``).
"""

from __future__ import annotations

from collections.abc import Iterator

from rushes.errors import LinkError
from rushes.ranges.address import protocol_of, shown
from rushes.ranges.source import Fingerprint
from rushes.store.rejects import Reason


def list_files(uri: str, creds_key: str | None = None) -> Iterator[tuple[str, Fingerprint]]:
    """Yield the address and content of every file below an address, by name; of the one file when it is one.

    Raises ``LinkError`` when there is nothing, or it may not be seen; web servers have no listing.
    """
    protocol = protocol_of(uri)
    if protocol in ("http", "https"):
        raise LinkError(Reason.UNREADABLE, f"{shown(uri)}: the web has no folders: name its files, in a list")
    if protocol in ("s3", "s3a"):
        from rushes.ranges.s3 import list_objects

        found = list_objects(uri, creds_key)
    else:
        from rushes.ranges.other import list_others

        found = list_others(uri, creds_key)
    empty = True
    for file in found:
        empty = False
        yield file
    if empty:
        raise LinkError(Reason.MISSING_FILE, f"{shown(uri)}: nothing there")
