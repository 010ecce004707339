"""What has come of a download so far, on the local disk: kept over breaks, kills and builds until it is whole.

A download has a file of its bytes, a note of which content they are of, and a folder for yt-dlp, all named by its
address; a lock keeps two processes from writing the same ones. Here: these files. Not here: where the bytes come from
(``web``, ``site``), the store (``download``).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rushes.errors import StoreError
from rushes.store.objects import Objects
from rushes.work import stop

FOLDER = "spool"
VARIABLE = "RUSHES_SPOOL"
_LOOK_S = 0.2
_PIECE = 1 << 20


def spool_folder(objects: Objects) -> Path:
    """Return where parts lie, made if need be: in a local store itself, so that a whole file need only be renamed."""
    if objects.is_local:
        folder = Path(objects.path(FOLDER))
    else:
        folder = Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir()) / f"rushes-{FOLDER}-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StoreError(f"{folder}: belongs to another user: set {VARIABLE} to a folder of your own")
    return folder


@dataclass(frozen=True)
class Content:
    """Which content the bytes of a part are of, as the server said. A ``version`` None is one it did not name."""

    size: int | None
    version: str | None


class Place:
    """A download's place in the spool."""

    def __init__(self, folder: Path, uri: str) -> None:
        stem = folder / hashlib.sha256(uri.encode()).hexdigest()
        self.part = stem.with_suffix(".part")
        self.note = stem.with_suffix(".json")
        self.site = stem.with_suffix(".site")
        self._lock = stem.with_suffix(".lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have the place alone; wait for whoever has it now."""
        descriptor = self._acquire()
        try:
            yield
        finally:
            if not any(path.exists() for path in (self.part, self.note, self.site)):
                self._lock.unlink(missing_ok=True)
            os.close(descriptor)

    def clear(self) -> None:
        """Leave nothing."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.note.with_suffix(".new").unlink(missing_ok=True)
        shutil.rmtree(self.site, ignore_errors=True)

    def _acquire(self) -> int:
        while True:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_ours(descriptor):
                    return descriptor
            except BlockingIOError:
                pass
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            stop.check()
            time.sleep(_LOOK_S)

    def _is_ours(self, descriptor: int) -> bool:
        """Tell whether the file that was locked is still the one of that name: whoever is done removes it."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._lock))
        except FileNotFoundError:
            return False


class Part:
    """The bytes that have come of a file, with their hash as far as they go. To be closed; then they are kept."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file: BinaryIO = open(place.part, "a+b")  # noqa: SIM115 - closed by ``close``
        self.content = self._noted()
        if self.content is None or self.content.version is None:
            self._file.truncate(0)  # nobody could tell whether what comes next belongs to it
        self.received = 0
        self.hash: Any = hashlib.sha256()
        self._read_again()
        if self.content and self.content.size is not None and self.received > self.content.size:
            self.begin(self.content)

    def begin(self, content: Content) -> None:
        """Begin anew, with bytes of some content."""
        self.content = content
        self._file.truncate(0)
        self.received, self.hash = 0, hashlib.sha256()
        beside = self._place.note.with_suffix(".new")
        beside.write_text(json.dumps(asdict(content)))
        os.replace(beside, self._place.note)

    def write(self, piece: bytes) -> None:
        """Add what came next."""
        self._file.write(piece)
        self.hash.update(piece)
        self.received += len(piece)

    def head(self, count: int) -> bytes:
        """Return the first bytes."""
        self._file.seek(0)
        return self._file.read(count)

    def close(self) -> None:
        """Let go of the file; what came is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _noted(self) -> Content | None:
        try:
            return Content(**json.loads(self._place.note.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _read_again(self) -> None:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            stop.check()
            self.hash.update(piece)
            self.received += len(piece)
