"""The inbox: a folder of the store whose files are registered without anybody saying so.

A file, or a folder with all that is in it, is registered once it looks the same at two looks: whoever copies it there
has ended. Here: which items are whole, and what was registered at which look. Not here: registering (``register``), and
who looks (the pipeline's sensor).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from rushes.sources.register import register
from rushes.store.objects import Objects

FOLDER = "inbox"
COLLECTION = "inbox"
# Names of files that are still being written, by the programs that write them.
_UNFINISHED = (".part", ".partial", ".crdownload", ".tmp", ".filepart")


@dataclass(frozen=True)
class Taken:
    """What became of the items that were whole: the batches' names, and what is wrong with each that was refused."""

    batches: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    words: str = "nothing new that is whole"


class Inbox:
    """One look into the inbox; ``cursor`` is what the look before left, and then what this one leaves."""

    def __init__(self, objects: Objects, cursor: str | None) -> None:
        self._objects = objects
        before = json.loads(cursor) if cursor else {}
        self._before: dict[str, str] = before.get("seen", {})
        self._added: dict[str, str] = before.get("added", {})
        self._now = dict(_items(objects))

    @property
    def cursor(self) -> str:
        """What the next look has to know."""
        added = {name: mark for name, mark in self._added.items() if name in self._now}
        return json.dumps({"seen": self._now, "added": added}, sort_keys=True)

    def take(self) -> Taken:
        """Register the items that have not changed since the look before, and were not added as they are now.

        They go into batches together. What is wrong with one is said, and it is not tried again until it changes.
        """
        whole = [n for n, mark in self._now.items() if self._before.get(n) == mark != self._added.get(n)]
        self._added |= {name: self._now[name] for name in whole}
        uris = [self._objects.full_uri(f"{FOLDER}/{name}") for name in whole]
        if not uris:
            return Taken()
        refused: dict[str, str] = {}
        done = register(self._objects, uris, COLLECTION, refused=lambda uri, error: refused.update({uri: str(error)}))
        words = list(refused.values())
        if good := len(uris) - len(refused):
            words.insert(0, f"{good} items: {done.new} videos, {len(done.annotated)} known ones annotated")
        words += [f"{uri}: was forgotten: not registered" for uri in done.forgotten]
        return Taken(tuple(batch.name for batch in done.batches), tuple(refused.values()), "; ".join(words))


def _items(objects: Objects) -> Iterator[tuple[str, str]]:
    """Yield what lies in the inbox, a file or a folder, with a mark of all that is in it."""
    marks: dict[str, list[str]] = {}
    for name, mark in objects.marks(FOLDER):
        item = name.removeprefix(f"{FOLDER}/").partition("/")[0]
        if not item.startswith((".", "~")) and not item.endswith(_UNFINISHED):
            marks.setdefault(item, []).append(f"{name} {mark}")
    for item, own in sorted(marks.items()):
        yield item, hashlib.sha256("\n".join(sorted(own)).encode()).hexdigest()[:16]
