"""What a linked source elsewhere held when it was last looked at, for those that have changed since registration.

A plan asks nobody but the store, so somebody who looks must leave word. Here: that word, one small object a link. Not
here: looking (``rushes.sources.register``), what follows from it (``rushes.work.plan``).
"""

from __future__ import annotations

from rushes.store.objects import Objects

FOLDER = "links"


def write_seen(objects: Objects, entry_id: str, content: str) -> bool:
    """Leave word of a link's content; return whether that is news."""
    name = f"{FOLDER}/{entry_id}"
    data = content.encode()
    if objects.exists(name) and objects.read(name) == data:
        return False
    objects.write(name, data)
    return True


def read_seen(objects: Objects) -> dict[str, str]:
    """Return the word left of each link, by entry."""
    names = list(objects.list(FOLDER))
    found = zip(names, objects.read_all(names), strict=True)
    return {name.removeprefix(f"{FOLDER}/"): data.decode() for name, data in found}
