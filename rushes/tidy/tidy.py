"""Tidying up: what is left over and old is removed, or only told.

Nothing goes that a build, a data set, a recipe or ``rushes forget`` needs, whatever runs meanwhile; and what a build
would have taken all the same, it makes again. Here: the order, and the account. Not here: what is left over (one module
a kind).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rushes.store.objects import Objects
from rushes.tidy import parts, versions
from rushes.tidy.leftover import Leftover, Lying, Remain
from rushes.tidy.remains import old_downloads, old_notes, old_writes
from rushes.tidy.uploads import old_uploads

WEEK_S = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Account:
    """What was removed, or would be: how many, and bytes, by what it was."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    bytes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def tidy(
    objects: Objects,
    older_than_s: float = WEEK_S,
    *,
    earlier_versions: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda words: None,
) -> Account:
    """Remove what is left over and was put longer ago than so many seconds, by the store's own clock.

    Versions of data sets that are whole and not the current one go only with ``earlier_versions``. ``progress`` is told
    what is being looked at.
    """
    lying = Lying.older_than(objects, older_than_s)
    account = Account()
    for words, found in _found(lying, earlier_versions, dry_run):
        progress(f"looking for {words}")
        for one in found:
            account.counts[one.what] += 1
            account.bytes[one.what] += one.size
            if not dry_run:
                _remove(objects, one)
    return account


def _found(lying: Lying, earlier: bool, dry_run: bool) -> Iterator[tuple[str, Iterator[Leftover]]]:
    yield "unfinished writes", old_writes(lying)
    yield "unfinished uploads", old_uploads(lying)
    yield "unfinished downloads", old_downloads(lying)
    yield "notes", old_notes(lying)
    yield "parts", _parts(lying, dry_run)
    yield "what was measured", parts.old_measured(lying)
    yield "versions of data sets", _versions(lying, earlier, dry_run)


def _parts(lying: Lying, dry_run: bool) -> Iterator[Leftover]:
    for asset, batch, left in parts.old_parts(lying):
        yield from left if dry_run else parts.in_their_turn(lying.objects, asset, batch, left)


def _versions(lying: Lying, earlier: bool, dry_run: bool) -> Iterator[Leftover]:
    for recipe, version, files in versions.old_versions(lying, earlier):
        yield from files if dry_run else versions.in_their_turn(lying.objects, recipe, version, files)


def _remove(objects: Objects, one: Leftover) -> None:
    if isinstance(one, Remain):
        one.remove()
        return
    objects.delete(one.name)
    folder = os.path.dirname(one.name)
    while objects.is_local and os.path.dirname(folder):  # folders that are empty now
        try:
            os.rmdir(objects.path(folder))
        except OSError:
            return
        folder = os.path.dirname(folder)
