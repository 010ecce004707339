"""The same content twice: one video of it is kept, in the order of registration, and the others name that one.

Here: judging the videos of a batch beside each other and beside the store. Not here: who has which content
(``rushes.store.contents``), near duplicates, which only their vectors can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rushes.ranges.address import shown
from rushes.store.contents import Owner, claim
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.work.step import Settled

# Each claim waits for a disk or a server.
_AT_ONCE = 16


def duplicates(objects: Objects, batch: str, videos: Sequence[Settled]) -> dict[str, Reject]:
    """Return a reject for each video of a batch whose bytes are another's, by entry."""
    of_content: dict[str, list[Entry]] = {}
    for entry, rows in videos:
        for sha256 in filter(None, rows["videos"].column("sha256").to_pylist()):
            of_content.setdefault(sha256, []).append(entry)

    here = {(entry.video_id, sha256) for sha256, entries in of_content.items() for entry in entries}

    def owner(sha256: str) -> Owner:
        return claim(objects, sha256, Owner(batch, of_content[sha256][0].video_id), here)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        owners = dict(zip(of_content, threads.map(owner, of_content), strict=True))
    return {
        entry.entry_id: _reject(batch, entry, owners[sha256])
        for sha256, entries in of_content.items()
        for entry in entries
        if owners[sha256] != Owner(batch, entry.video_id)
    }


def _reject(batch: str, entry: Entry, owner: Owner) -> Reject:
    whose = owner.video_id if owner.batch == batch else f"{owner.video_id} of {owner.batch}"
    detail = f"{shown(entry.source_uri)}: the same bytes as the video {whose}, which was kept"
    return Reject("video", entry.entry_id, "raw_videos", Reason.DUPLICATE, detail)
