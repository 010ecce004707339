"""Standing failures: builds that failed, or were killed, and were not made good since.

Read from the notes alone, one listing however many batches there are. Here: which there are, and when one is left
alone. Not here: the notes (``rushes.store.failures``), how every partition stands (``status``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rushes.errors import SettingsError
from rushes.settings import Settings
from rushes.standing.status import PartitionStatus
from rushes.store.failures import allow_again, read_notes
from rushes.store.objects import Objects


@dataclass(frozen=True)
class Standing:
    """A failure: ``attempts`` in vain at the identity ``shape``, and the reason in one line."""

    asset: str
    partition: str
    attempts: int
    reason: str
    shape: str


def standing(objects: Objects) -> list[Standing]:
    """Return all standing failures, by asset and partition."""
    return [
        Standing(asset, partition, note.attempts, reason, note.shape)
        for (asset, partition), note in sorted(read_notes(objects).items())
        if (reason := f"killed without a word: {note.process}" if note.is_dead else note.message) is not None
    ]


def most_attempts(chosen: Mapping[str | None, Settings], partition: str | None = None) -> int:
    """Return after how many attempts a batch is left alone, as its collection has it; by default a recipe."""
    collection = partition.rpartition("-")[0] if partition else None
    return chosen.get(collection, chosen[None]).backfill.attempts


def left_alone(chosen: Mapping[str | None, Settings], statuses: Iterable[PartitionStatus]) -> list[PartitionStatus]:
    """Return those that nothing builds by itself any more, because they were tried in vain too often."""
    return [one for one in statuses if not one.is_built and one.attempts >= most_attempts(chosen, one.partition)]


def retry(objects: Objects, names: Sequence[str] | None) -> list[tuple[str, str]]:
    """Have named batches or recipes (None: all) tried again by whatever builds by itself; return what that concerns.

    Each is (asset, partition). Raises ``SettingsError`` for a name of which no attempt in vain is known.
    """
    notes = read_notes(objects)
    known = sorted({partition for _, partition in notes})
    for name in names or ():
        if name not in known:
            raise SettingsError(f"nothing was tried in vain of {name!r}; of these it was: {', '.join(known) or 'none'}")
    again = sorted(key for key in notes if names is None or key[1] in names)
    for asset, partition in again:
        allow_again(objects, asset, partition)
    return again
