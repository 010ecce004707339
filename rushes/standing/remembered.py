"""What was told of batches before in this process, for as long as nothing that it was told from has changed.

A sensor looks every half minute at a store in which little happens; of a batch that is as it was, no object is read
again. The proof is in marks: those that listings have of every object that was read, and the size and time of each
local source. Here: that proof. Not here: telling (``status``).
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rushes.ranges.address import is_elsewhere, local_path
from rushes.store.manifests import Entry

Told = TypeVar("Told")


@dataclass(frozen=True)
class Proof:
    """What a batch was told from: its collection, marks of all that was read, and its local sources as they were."""

    collection: str
    marks: tuple[str, ...]
    files: bytes
    looks: bytes

    @classmethod
    def of(cls, collection: str, marks: tuple[str, ...], entries: Iterable[Entry]) -> Proof:
        """Look at a batch's sources, which is to be done before it is told how it stands."""
        paths = [local_path(entry.source_uri) for entry in entries if not is_elsewhere(entry.source_uri)]
        files = "\0".join(paths).encode("utf-8", "surrogateescape")
        return cls(collection, marks, files, _looks(files))

    def holds(self, marks: tuple[str, ...]) -> bool:
        """Tell whether everything is as it was."""
        return marks == self.marks and _looks(self.files) == self.looks


class Remembered(Generic[Told]):
    """What was told of the batches of one store."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Proof, Told]] = {}

    def collection(self, batch: str) -> str | None:
        """Return the collection of a batch of which something is remembered."""
        return self._told[batch][0].collection if batch in self._told else None

    def recall(self, batch: str, marks: tuple[str, ...]) -> Told | None:
        """Return what was told of a batch, if it still holds."""
        proof, told = self._told.get(batch, (None, None))
        return told if proof is not None and proof.holds(marks) else None

    def keep(self, batch: str, proof: Proof, told: Told) -> None:
        """Remember what is told of a batch."""
        self._told[batch] = proof, told

    def only(self, batches: Collection[str]) -> None:
        """Forget all but these batches."""
        for gone in self._told.keys() - set(batches):
            self._told.pop(gone, None)


def _looks(files: bytes) -> bytes:
    """Return sizes and modification times of files, -1 for one that is not there."""
    looks = array("q")
    for path in files.split(b"\0") if files else ():
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            looks.extend((-1, -1))
        else:
            looks.extend((status.st_size, status.st_mtime_ns))
    return looks.tobytes()
