"""Forgetting, in an order that a kill at any moment leaves whole: the same command ends what an earlier one began.

The tombstone comes first, so that nothing brings back what is on its way out; then all that shows pictures, then rows,
and the manifests last, which say what there is to be done. Data sets are packaged anew only after all that. Here: that
order, and the account of it. Not here: any of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rushes.forget.annotations import forget_registered
from rushes.forget.batches import forget_batches, forget_failures
from rushes.forget.changes import Changes
from rushes.forget.left import left
from rushes.forget.pixels import forget_pixels, outside
from rushes.forget.recipes import Lost, forget_made, rewrite
from rushes.forget.targets import find_targets
from rushes.store.forgotten import remember
from rushes.store.manifests import Entry
from rushes.store.objects import Objects


@dataclass(frozen=True)
class Account:
    """What was removed, or would be. It is kept nowhere: it names what nobody is to find.

    ``entries``: what was registered, with its batch. ``rows``: how many of each table; ``removed``: how many objects of
    each kind. ``lost``: by recipe; ``repackaged`` and ``failed``: data sets that were packaged anew, and why others
    could not be. ``outside`` are sources that are not the store's own and still there, ``left`` what people made that
    names it.
    """

    entries: tuple[tuple[str, Entry], ...]
    rows: dict[str, int]
    removed: dict[str, int]
    lost: tuple[Lost, ...]
    repackaged: tuple[str, ...]
    failed: dict[str, str]
    outside: tuple[str, ...]
    left: tuple[str, ...]


def forget(
    objects: Objects,
    videos: Sequence[str],
    *,
    dry_run: bool = False,
    repackage: bool = True,
    workers: int | None = None,
    progress: Callable[[str], None] = lambda words: None,
) -> Account:
    """Remove videos, the same bytes under other names, and all that was made of them; tell what that was.

    Data sets that held them are packaged anew from what is left of their selections, unless ``repackage`` is false.
    ``progress`` is told what is being done. Raises ``StoreError`` for what the store does not know.
    """
    progress("looking for what is to go")
    targets = find_targets(objects, videos)
    if not dry_run:
        remember(objects, targets.videos, targets.sources, targets.contents)
    changes = Changes(objects, dry_run)
    progress("removing media files and pictures")
    forget_pixels(changes, targets)
    lost = forget_made(changes, targets)
    progress("removing rows")
    forget_batches(changes, targets)
    forget_failures(changes, targets.names)
    forget_registered(changes, targets)
    repackaged, failed = _repackage(objects, lost if repackage and not dry_run else [], workers, progress)
    return Account(
        tuple((batch, entry) for batch, entries in targets.entries.items() for entry in entries),
        dict(sorted((+changes.rows).items())),
        dict(sorted(changes.removed.items())),
        tuple(lost),
        repackaged,
        failed,
        tuple(outside(objects, targets)),
        tuple(left(objects, targets)),
    )


def _repackage(
    objects: Objects, lost: Sequence[Lost], workers: int | None, progress: Callable[[str], None]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Package what selections have left; return the recipes that were packaged, and why others could not be."""
    repackaged: list[str] = []
    failed: dict[str, str] = {}
    for one in lost:
        if one.data_set and one.rows < one.of:
            progress(f"packaging {one.recipe} without them")
            why = rewrite(objects, one, workers)
            if why is None:
                repackaged.append(one.recipe)
            else:
                failed[one.recipe] = why
    return tuple(repackaged), failed
