"""Parts that nothing names any more: of settings, code, models and sources of before.

A part is kept when the record of its partition names it, or when a build today would take it. A way back to earlier
settings costs nothing while their parts are there, so only old ones go. They are removed in the partition's own turn: a
build that meant to take one sees it gone, and makes it again. Here: which parts those are. Not here: removing
(``tidy``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rushes import settings
from rushes.errors import RushesError
from rushes.steps import STEPS
from rushes.store.manifests import batch_names, read_batch, read_batches, read_record
from rushes.store.objects import Objects
from rushes.store.parts import MEASURED
from rushes.tidy.leftover import Leftover, Lying
from rushes.work.plan import plan
from rushes.work.turn import turn

WHAT = "parts"


def old_parts(lying: Lying) -> Iterator[tuple[str, str, list[Leftover]]]:
    """Yield by asset and batch the parts that nothing names; whether that is so is to be asked again in their turn."""
    for asset in STEPS:
        of_batch: dict[str, list[Leftover]] = defaultdict(list)
        for name, size in lying.under(f"parts/{asset}"):
            if name.endswith(".part"):
                of_batch[name.split("/")[2]].append(Leftover(WHAT, name, size))
        for batch, found in of_batch.items():
            named = named_parts(lying.objects, asset, batch, {part.name for part in found})
            if left := [part for part in found if part.name not in named]:
                yield asset, batch, left


def named_parts(objects: Objects, asset: str, batch: str, of: set[str]) -> set[str]:
    """Return which of some parts a partition's record names, or a build would take; all where that cannot be told."""
    if batch not in batch_names(objects):
        return set()
    record = read_record(objects, asset, batch)
    keys = {built.key for built in record.items.values()} if record else set()
    try:
        manifest = read_batch(objects, batch)
        own = settings.load(objects, manifest.collection)
        keys |= {key for _, key in plan(objects, STEPS[asset], manifest, own).parts}
    except RushesError:
        return of
    return {name for name in of if name.rsplit("/", 1)[-1].removesuffix(".part") in keys}


def old_measured(lying: Lying) -> Iterator[Leftover]:
    """Yield what was measured of clips: all of it for videos that are not registered, else all but the newest.

    It only ever saves work: a video of which nothing is there is looked at again.
    """
    registered = {entry.video_id for batch in read_batches(lying.objects) for entry in batch.entries}
    of_video: dict[str, list[tuple[float, str, int]]] = defaultdict(list)
    for name, size, put in lying.objects.lying(f"parts/{MEASURED}"):
        if name.endswith(".part"):
            of_video[name.split("/")[2]].append((put, name, size))
    for video, found in of_video.items():
        kept = max(found)[1] if video in registered else None
        for put, name, size in sorted(found):
            if put < lying.limit and name != kept:
                yield Leftover(WHAT, name, size)


def in_their_turn(objects: Objects, asset: str, batch: str, left: list[Leftover]) -> Iterator[Leftover]:
    """Yield, in the partition's turn, those that still are named by nothing."""
    with turn(objects, asset, batch):
        named = named_parts(objects, asset, batch, {part.name for part in left})
        yield from (part for part in left if part.name not in named)
