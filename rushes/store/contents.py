"""Which video has which content: for every hash, the one that came first and is kept.

Here: claims to a content, one small object each, and word of the batches that have copies of it. Not here: what becomes
of a video whose content is another's (``rushes.sources.duplicates``).
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import asdict, dataclass

from rushes.store.manifests import batch_path
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import read_partition


@dataclass(frozen=True)
class Owner:
    """The video that has a content, by the batch it is in."""

    batch: str
    video_id: str


def claim(objects: Objects, sha256: str, claimant: Owner, here: Container[tuple[str, str]] = ()) -> Owner:
    """Claim a content; return who has it: the claimant, or another who had it before.

    ``here`` are the videos of the claimant's batch and their contents, where its table may still say those of before.
    """
    name = _name(sha256)
    data = json.dumps(asdict(claimant)).encode()
    if objects.create(name, data):
        return claimant
    owner = _owner(objects.read(name))
    if owner == claimant:
        return claimant
    if owner is not None:
        is_here = owner.batch == claimant.batch
        if (owner.video_id, sha256) in here if is_here else _has_it(objects, owner, sha256):
            return owner
    objects.write(name, data)  # forgotten, or replaced by another file
    return claimant


def owner_of(objects: Objects, sha256: str) -> Owner | None:
    """Return the video that a content was last claimed for; None when nobody claimed it."""
    name = _name(sha256)
    return _owner(objects.read(name)) if objects.exists(name) else None


def wait_for(objects: Objects, sha256: str, batch: str) -> None:
    """Leave word that a batch has copies of a content that is another batch's. To be left before it is claimed."""
    objects.write(f"{_waiting(sha256)}/{batch}", b"")


def release(objects: Objects, sha256: str) -> list[str]:
    """Give up a content's claim, whosever it is; return the batches that wait for it."""
    objects.delete(_name(sha256))  # first: who leaves word after this gets the content
    words = list(objects.list(_waiting(sha256)))
    for word in words:
        objects.delete(word)
    return [word.rpartition("/")[2] for word in words]


def _name(sha256: str) -> str:
    return f"contents/{sha256[:2]}/{sha256}"


def _waiting(sha256: str) -> str:
    return f"{_name(sha256)}.copies"


def _owner(data: bytes) -> Owner | None:
    try:
        return Owner(**json.loads(data))
    except (ValueError, TypeError):
        return None  # cut off by a power failure


def _has_it(objects: Objects, owner: Owner, sha256: str) -> bool:
    """Tell whether a video has a content, or is about to: its batch may be under way in another process."""
    try:
        rows = read_partition(objects, VIDEOS, {"batch": owner.batch}, ["video_id", "sha256"])
    except FileNotFoundError:
        return objects.exists(batch_path(owner.batch))
    return {"video_id": owner.video_id, "sha256": sha256} in rows.to_pylist()
