"""The bytes of videos that are to go: media objects, downloads and their remains, files dropped into the inbox.

Here: these, and which sources are not the store's own and stay. Not here: pictures made of them (``recipes``,
``batches``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rushes.forget.changes import Changes
from rushes.forget.targets import Targets
from rushes.ranges.address import is_elsewhere, local_path
from rushes.sources.download import find as find_download
from rushes.sources.download import forget as forget_download
from rushes.sources.inbox import FOLDER as INBOX
from rushes.store.contents import owner_of, release
from rushes.store.forgotten import remember
from rushes.store.manifests import Entry
from rushes.store.objects import Objects

# A file of an unfinished write that is older is nobody's any more.
_ABANDONED_S = 3600


def forget_pixels(changes: Changes, targets: Targets) -> None:
    """Remove the bytes of all that is to go."""
    objects = changes.objects
    for sha256 in sorted(targets.contents):
        changes.delete(_media(objects, sha256), "media files")
        if owner_of(objects, sha256) is not None:
            changes.do(partial(release, objects, sha256))
    for uri in sorted(targets.sources):
        if is_elsewhere(uri):
            changes.do(partial(_forget_download, objects, uri))
        changes.delete(_in_inbox(objects, uri), "files of the inbox")
    changes.do(partial(_remove_abandoned, objects))


def outside(objects: Objects, targets: Targets) -> Iterator[str]:
    """Yield the sources that are there still, since they are not the store's own."""
    for uri in sorted(targets.sources):
        if not is_elsewhere(uri) and not os.path.exists(local_path(uri)):
            continue
        if not uri.startswith(f"{objects.full_uri(INBOX)}/"):
            yield uri


def _forget_download(objects: Objects, uri: str) -> None:
    """Remove a download's note and remains; one that is under way is waited for, and removed with its bytes."""
    forget_download(objects, uri)
    found = find_download(objects, Entry("", "", uri))
    if found is not None:
        remember(objects, contents=[found.sha256])
        objects.delete(found.media)
        forget_download(objects, uri)


def _media(objects: Objects, sha256: str) -> list[str]:
    return [name for name in objects.list(f"media/{sha256[:2]}") if name.rsplit("/", 1)[-1].startswith(sha256)]


def _in_inbox(objects: Objects, uri: str) -> list[str]:
    """Return the objects that a source is made of, when it was dropped into the inbox: a file, or a folder's."""
    place = uri if is_elsewhere(uri) else local_path(uri)
    item = place.removeprefix(f"{objects.full_uri(INBOX)}/").rstrip("/")
    if item == place.rstrip("/") or not item:
        return []
    name = f"{INBOX}/{item}"
    return [name] if objects.exists(name) else list(objects.list(name))


def _remove_abandoned(objects: Objects) -> None:
    """Remove what writes left that were killed: it may be of any video."""
    if not objects.is_local:
        return  # an object is there whole or not at all
    for path in Path(objects.root).rglob(".tmp-*"):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()
        except FileNotFoundError:
            continue  # it was being written
