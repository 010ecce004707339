"""Faults of the machine that are no video's: a full disk, too many open files. They stop the work.

They come up wherever a byte happens to be written: in temporary files, by a decoder, by SQL. Here: recognising them,
and one line that says where and what to do. Not here: the store's own objects (``rushes.store.disk``), sources that
cannot be read, which are rejects.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from rushes.errors import StoreError
from rushes.store.objects import Objects

_FULL = {errno.ENOSPC, errno.EDQUOT}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}
# Less is as good as nothing: what was to be written did not fit.
_LITTLE = 1 << 20
_GO_ON = "what was finished is kept, and the same command goes on from there"


@contextmanager
def telling_faults(objects: Objects) -> Iterator[None]:
    """Raise faults of the machine that come up inside as ``StoreError``."""
    try:
        yield
    except OSError as error:
        fault = fault_of(error, objects)
        if fault is None:
            raise
        raise fault from error


def fault_of(error: BaseException, objects: Objects) -> StoreError | None:
    """Return what an error says of the machine, in one line; None when it is another's."""
    code = error.errno if isinstance(error, OSError) else None
    if code in _FULL:
        return StoreError(f"no room left on the disk{_which(objects)}: make some; {_GO_ON}")
    if code == errno.EROFS:
        where = f" with {error.filename}" if isinstance(error, OSError) and error.filename else ""
        return StoreError(f"the disk{where} can only be read: mount it for writing; {_GO_ON}")
    if code in _TOO_MANY:
        return StoreError(f"too many open files: raise the limit (ulimit -n); {_GO_ON}")
    return None


def _which(objects: Objects) -> str:
    """Return which disk is full, as far as that shows."""
    places = {"the store": objects.root} if objects.is_local else {}
    places["temporary files"] = tempfile.gettempdir()
    full = [f"{what} ({where})" for what, where in places.items() if _free(where) < _LITTLE]
    return f" of {' and '.join(full)}" if full else ""


def _free(folder: str) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return _LITTLE
