"""What an asset does to one video, as far as keeping house about it goes.

Here: the contract between an asset's computation and the building of batches. Not here: the computations themselves
(each room's own), and the list of steps (``rushes.steps``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from rushes.settings import Settings
from rushes.store.annotations import Kept
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reject


@dataclass(frozen=True)
class Task:
    """One video's turn: the rows that upstream assets have of it, by table. ``entry`` is how it was registered.

    ``lines`` are the annotations that came with it, for the asset that reads no other.
    """

    objects: Objects
    entry: Entry
    collection: str
    rows: Mapping[str, pa.Table]
    lines: Sequence[Kept] = ()

    @property
    def video(self) -> dict[str, Any]:
        """The video's row of ``videos``."""
        return self.rows["videos"].to_pylist()[0]


Settled = tuple[Entry, Mapping[str, pa.Table]]
Downloading = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Outcome:
    """What came of it: rows by table, and what was dropped."""

    rows: Mapping[str, Sequence[dict[str, Any]] | pa.Table] = field(default_factory=dict)
    rejects: Sequence[Reject] = ()


class Compute(Protocol):
    """Does a step's work: loads its models when made, then takes videos one by one.

    Raises ``VideoError`` for a video that cannot be used; ``ModelError`` or ``StoreError`` for a fault that is not the
    video's and stops the batch; any other exception counts as a failure of this video that a later build tries again.
    """

    def __call__(self, task: Task) -> Outcome: ...


class Fetch(Protocol):
    """Brings here what a video's computation will read: done in threads ahead of it, since it is all waiting.

    It raises what the computation would raise. ``progress`` is told (name, bytes so far, bytes in all if known).
    """

    at_once: int
    per_lane: int

    def lane(self, entry: Entry) -> str | None:
        """Return who is asked (a host), so that nobody is asked too much at once; None when nothing is to be had."""
        ...

    def __call__(self, entry: Entry, progress: Downloading) -> None: ...


@dataclass(frozen=True)
class Step:
    """A batch asset.

    ``version`` is raised by hand when the code gives other rows for the same input. ``reads`` are the upstream assets,
    nearest last, and ``uses`` the tables of theirs that it is given. ``params`` and ``models`` name what else shapes
    the rows: a change of either makes a part stale. ``compute`` imports and makes the computation, in the process that
    runs it; ``fetch`` what goes ahead of it. ``settle`` judges the videos of a batch beside each other when they are
    put together: it returns a reject for each that is not to be there after all.
    """

    asset: str
    version: str
    reads: tuple[str, ...]
    uses: tuple[str, ...]
    tables: tuple[str, ...]
    params: Callable[[Settings], Mapping[str, Any]]
    models: Callable[[Settings], Sequence[str]]
    compute: Callable[[Settings], Compute]
    fetch: Callable[[Objects, Settings], Fetch] | None = None
    settle: Callable[[Objects, str, Sequence[Settled]], Mapping[str, Reject]] | None = None
