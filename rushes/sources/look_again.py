"""Links elsewhere that were added before: whether they still hold the file that was indexed.

Here: asking, and leaving word. Not here: what the word is (``rushes.store.links``), what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rushes.ranges import Fingerprint, open_ranges
from rushes.ranges.address import is_elsewhere
from rushes.store.links import write_seen
from rushes.store.manifests import read_batches
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import read_partition


def look_again(objects: Objects, links: dict[str, Fingerprint | None]) -> Iterator[str]:
    """Look again at known links elsewhere; leave word of those that hold another file than was indexed.

    ``links`` says what each holds, where a listing has told that already.
    """
    if not any(is_elsewhere(uri) for uri in links):
        return
    for batch in read_batches(objects):
        entries = [e for e in batch.entries if e.source_uri in links and e.linked and is_elsewhere(e.source_uri)]
        indexed = _indexed(objects, batch.name) if entries else {}
        for entry in entries:
            content = links[entry.source_uri] or open_ranges(entry.source_uri, entry.creds_key).fingerprint()
            as_indexed = indexed.get(entry.video_id) in (None, content)
            if not as_indexed and write_seen(objects, entry.entry_id, f"{content.size} {content.etag}"):
                yield entry.source_uri


def _indexed(objects: Objects, batch: str) -> dict[str, Fingerprint]:
    """Return what the videos of a batch held when they were indexed."""
    try:
        rows = read_partition(objects, VIDEOS, {"batch": batch}, ["video_id", "size_bytes", "etag"])
    except FileNotFoundError:
        return {}
    return {row["video_id"]: Fingerprint(row["size_bytes"], row["etag"]) for row in rows.to_pylist()}
