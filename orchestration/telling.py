"""What goes wrong with Dagster's own files, in one line that says where and what to do.

Here: recognising it, wherever Dagster comes upon it. Not here: the store (``rushes.store.disk``), temporary files
(``rushes.work.faults``), Postgres that cannot be reached (``history``).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from rushes.errors import StoreError

_REMEDIES = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room on its disk",
    errno.EROFS: "mount it for writing, or set DAGSTER_HOME to a folder that may be written",
    errno.EACCES: "change who owns it, or set DAGSTER_HOME to a folder that may be written",
}
_SAID = {"is full": errno.ENOSPC, "readonly": errno.EROFS, "unable to open": errno.EACCES}


@contextmanager
def telling_of_history() -> Iterator[None]:
    """Raise ``StoreError`` for a history that cannot be written."""
    try:
        yield
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        code = next((code for words, code in _SAID.items() if words in said), None)
        raise _told(said, _REMEDIES[code] if code else "see that it is well") from error
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        raise _told(" ".join(str(error).split()), _REMEDIES[error.errno]) from error


def _told(said: str, remedy: str) -> StoreError:
    where = "Postgres" if os.environ.get("RUSHES_POSTGRES") else os.environ.get("DAGSTER_HOME", "its folder")
    return StoreError(f"Dagster's history in {where}: {said}: {remedy}; the same command goes on from there")
