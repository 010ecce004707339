"""Builds that did not end well: why, how often it was tried, and who is at it.

A note per asset and partition, there from when a build begins until one ends well. A build that was killed without a
word leaves its note, and so counts as an attempt like one that failed. Here: the notes' fields and where they lie, as
JSON that a person can read. Not here: who builds again, and when (``rushes.work.build``, ``orchestration``).
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from rushes.errors import RushesError, StoppedError
from rushes.processes import is_there
from rushes.store.objects import Objects

FOLDER = "failures"


@dataclass(frozen=True)
class Note:
    """What is known of a partition's builds since the last one that ended well.

    ``attempts`` were begun at ``shape``, the identity that the partition was to have: at another one counting begins
    anew. ``message`` is why the last that ended has failed, None when it has not. ``process`` (host:pid) is at it now,
    or was killed without a word.
    """

    attempts: int = 0
    message: str | None = None
    shape: str = ""
    process: str | None = None

    def given_up(self, shape: str, most: int) -> bool:
        """Tell whether what would have this shape was tried so often that nothing tries again by itself."""
        return self.shape == shape and self.attempts >= most

    @property
    def is_dead(self) -> bool:
        """Whether the build was killed: its process was on this machine and is gone. Of others nothing is known."""
        host, _, pid = (self.process or "").rpartition(":")
        return host == socket.gethostname() and not is_there(int(pid))


class Attempt:
    """A build that is under way. ``unfinished`` is set when it ended but has left something to be tried again."""

    unfinished = False


def failure_path(asset: str, partition: str) -> str:
    """Return the name of a partition's note."""
    return f"{FOLDER}/{asset}/{partition}.json"


def read_note(objects: Objects, asset: str, partition: str) -> Note | None:
    """Return a partition's note; None when all is well."""
    try:
        return _note(objects.read(failure_path(asset, partition)))
    except FileNotFoundError:
        return None


def read_notes(objects: Objects) -> dict[tuple[str, str], Note]:
    """Return all notes by asset and partition: one listing, and what it finds read at once."""
    paths = list(objects.list(FOLDER))
    try:
        read = [_note(data) for data in objects.read_all(paths)]
    except FileNotFoundError:  # one was cleared meanwhile
        found = {key: read_note(objects, *key) for key in map(_key, paths)}
        return {key: note for key, note in found.items() if note is not None}
    return dict(zip(map(_key, paths), read, strict=True))


def read_failure(objects: Objects, asset: str, partition: str) -> str | None:
    """Return why the last build of a partition failed; None when it did not."""
    note = read_note(objects, asset, partition)
    return note.message if note else None


def write_failure(
    objects: Objects, asset: str, partition: str, message: str, shape: str = "", attempts: int = 1
) -> None:
    """Note why a partition is not what it should be, until it is built.

    ``shape`` and ``attempts`` are for what no build has noted yet, as a check that fails after the first one.
    """
    note = read_note(objects, asset, partition)
    counted = note if note and (not shape or note.shape == shape) else Note(attempts, shape=shape)
    _write(objects, asset, partition, replace(counted, message=message, process=None))


def clear_failure(objects: Objects, asset: str, partition: str) -> None:
    """Forget a partition's note."""
    objects.delete(failure_path(asset, partition))


def allow_again(objects: Objects, asset: str, partition: str) -> None:
    """Count a partition's attempts from nothing again; why it failed stays known until it is built."""
    if (note := read_note(objects, asset, partition)) is not None:
        _write(objects, asset, partition, replace(note, attempts=0, process=None))


@contextmanager
def noting_failure(objects: Objects, asset: str, partition: str, shape: str) -> Iterator[Attempt]:
    """Count an attempt to build a partition, and note what is raised inside as its failure.

    One that ends well forgets the note; but from the second attempt on, or with something left unfinished, the count
    stays, since a check that comes later may still find it wanting. One that a person stopped counts as none.
    """
    before = read_note(objects, asset, partition)
    count = before.attempts if before and before.shape == shape else 0
    begun = Note(count + 1, before.message if before else None, shape, _this_process())
    _write(objects, asset, partition, begun)
    attempt = Attempt()
    try:
        yield attempt
    except StoppedError:
        _put_back(objects, asset, partition, before)
        raise
    except Exception as error:
        _write(objects, asset, partition, replace(begun, message=_words(error), process=None))
        raise
    except BaseException:
        _put_back(objects, asset, partition, before)
        raise
    if attempt.unfinished or count:
        _write(objects, asset, partition, replace(begun, message=None, process=None))
    else:
        clear_failure(objects, asset, partition)


def _put_back(objects: Objects, asset: str, partition: str, note: Note | None) -> None:
    if note is None:
        clear_failure(objects, asset, partition)
    else:
        _write(objects, asset, partition, replace(note, process=None))


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, RushesError) else f"{type(error).__name__}: {said}"


def _key(path: str) -> tuple[str, str]:
    _, asset, file = path.split("/", 2)
    return asset, file.removesuffix(".json")


def _note(data: bytes) -> Note:
    """Return what a note says; one that is not whole, as a machine that lost power may leave it, says only that."""
    try:
        fields = json.loads(data)
    except ValueError:
        return Note(1, "its last build was cut off")
    return Note(**{"attempts": 1, **fields})


def _write(objects: Objects, asset: str, partition: str, note: Note) -> None:
    said = {name: value for name, value in asdict(note).items() if value not in (None, "")}
    objects.write(failure_path(asset, partition), json.dumps(said, indent=1, ensure_ascii=False).encode())


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
