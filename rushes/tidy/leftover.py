"""What is left over, and how old it is by the store's own clock.

A store's clock may be another than this machine's, and this machine's may be set. So the time of now is that of an
object which is put to be looked at. Here: that. Not here: what is left over.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rushes.errors import StoreError
from rushes.store.objects import Objects

_PROBES = "tidying"


@dataclass(frozen=True)
class Leftover:
    """Something to be removed: ``what`` it is, in plural, its name in the store, and its bytes."""

    what: str
    name: str
    size: int


@dataclass(frozen=True)
class Remain(Leftover):
    """Something that is no object of the store, and is removed by ``remove``."""

    remove: Callable[[], object]


@dataclass(frozen=True)
class Lying:
    """What lies in a store, of which only what was put before ``limit`` is looked at."""

    objects: Objects
    limit: float

    @classmethod
    def older_than(cls, objects: Objects, seconds: float) -> Lying:
        """Take the time from the store. Raises ``StoreError`` when it does not tell any."""
        name = f"{_PROBES}/{uuid.uuid4().hex}"
        objects.write(name, b"")
        try:
            now = max((put for other, _, put in objects.lying(_PROBES) if other == name), default=None)
        finally:
            objects.delete(name)
        if now is None:
            raise StoreError(
                f"{objects.uri}: its server does not say when an object was put: nothing can be called old"
            )
        return cls(objects, now - seconds)

    def under(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield name and bytes of what is old enough under a folder."""
        for name, size, put in self.objects.lying(prefix):
            if put < self.limit:
                yield name, size
