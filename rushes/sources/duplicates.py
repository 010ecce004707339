"""The same content twice: one video of it is kept, in the order of registration, and the others name that one.

What annotations say of a copy they say of the one that is kept, so their lines go there: as in MOT17, whose sequences
come three times, with other detections each time. A content that its batch has no longer is free, and the batches that
have copies of it are to be built again. Here: judging the videos of a batch beside each other and beside the store. Not
here: who has which content (``rushes.store.contents``), near duplicates, which only their vectors can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rushes.ranges.address import shown
from rushes.store.annotations import Kept, Lines, attach, kept_lines, line_text, write_lines
from rushes.store.contents import Owner, claim, owner_of, release, wait_for
from rushes.store.manifests import Entry, read_batch, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import REJECTS, VIDEOS
from rushes.store.tables import read_partition
from rushes.work.step import Settled
from rushes.work.turn import turn

_ASSET = "raw_videos"
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
        return _owner(objects, sha256, batch, of_content[sha256], here)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        owners = dict(zip(of_content, threads.map(owner, of_content), strict=True))
    copies = {
        entry: owners[sha256]
        for sha256, entries in of_content.items()
        for entry in entries
        if owners[sha256] != Owner(batch, entry.video_id)
    }
    annotated = _hand_over(objects, batch, copies)
    _free(objects, batch, of_content)
    return {
        entry.entry_id: _reject(batch, entry, whose, entry.entry_id in annotated) for entry, whose in copies.items()
    }


def _owner(objects: Objects, sha256: str, batch: str, entries: Sequence[Entry], here: set[tuple[str, str]]) -> Owner:
    """Claim a content for the first of its entries; return whose it is."""
    claimant = Owner(batch, entries[0].video_id)
    owner = claim(objects, sha256, claimant, here)
    if owner.batch == batch:
        return owner
    wait_for(objects, sha256, batch)
    return claim(objects, sha256, claimant, here)  # it may have been given up before that was said


def _free(objects: Objects, batch: str, contents: Mapping[str, object]) -> None:
    """Give up the contents that a batch has had and has no longer; ask for those that have copies to be built again."""
    try:
        before = read_partition(objects, VIDEOS, {"batch": batch}, ["sha256"]).column("sha256").to_pylist()
    except FileNotFoundError:
        return
    for sha256 in sorted({one for one in before if one is not None and one not in contents}):
        owner = owner_of(objects, sha256)
        if owner is not None and owner.batch == batch:
            for other in release(objects, sha256):
                _ask_for(objects, other)


def _ask_for(objects: Objects, batch: str) -> None:
    """Have a batch's copies count as unfinished, so that its next build judges them again. Nothing is made anew."""
    with turn(objects, _ASSET, batch):
        record = read_record(objects, _ASSET, batch)
        if record is not None:
            rejects = read_partition(objects, REJECTS, {"asset": _ASSET, "partition": batch}).to_pylist()
            copies = {reject["item_id"] for reject in rejects if reject["reason"] == Reason.DUPLICATE}
            write_record(objects, replace(record, unfinished=tuple(sorted({*record.unfinished, *copies}))))


def _hand_over(objects: Objects, batch: str, copies: Mapping[Entry, Owner]) -> set[str]:
    """Let the lines that speak of copies count for the videos that are kept; return the copies that have any.

    Lines that the kept video has already, from whatever file, are not given twice. Of a list that names both, the kept
    one's own lines stay: those of a copy count as another file's.
    """
    if not copies:
        return set()
    lines = kept_lines(objects, read_batch(objects, batch))
    of_owners: dict[Owner, list[tuple[Entry, Kept]]] = {}
    for entry, owner in copies.items():
        for one in lines.get(entry.entry_id, ()):
            of_owners.setdefault(owner, []).append((entry, one))
    for name in sorted({owner.batch for owner in of_owners}):
        has = lines if name == batch else kept_lines(objects, read_batch(objects, name))
        listing = write_lines(
            objects,
            {
                owner.video_id: _news(objects, given, has.get(owner.video_id, ()))
                for owner, given in of_owners.items()
                if owner.batch == name
            },
        )
        if listing is not None:
            attach(objects, name, listing)
    return {entry.entry_id for given in of_owners.values() for entry, _ in given}


def _news(objects: Objects, given: Sequence[tuple[Entry, Kept]], has: Sequence[Kept]) -> list[Lines]:
    """Return the lines of copies that the video which is kept does not have."""
    there = {(one.annotation, one.sha256) for one in has}
    news = []
    for entry, one in given:
        if (one.annotation, one.sha256) not in there:
            there.add((one.annotation, one.sha256))
            origin = f"{one.origin}#{entry.entry_id}"
            news.append(Lines(one.annotation, one.format, origin, line_text(objects, one)))
    return news


def _reject(batch: str, entry: Entry, owner: Owner, annotated: bool) -> Reject:
    whose = owner.video_id if owner.batch == batch else f"{owner.video_id} of {owner.batch}"
    detail = f"{shown(entry.source_uri)}: the same bytes as the video {whose}, which was kept"
    if annotated:
        detail += "; its annotations went there"
    return Reject("video", entry.entry_id, _ASSET, Reason.DUPLICATE, detail)
