"""What is declared of a data set: its columns and the names of its credentials keys.

``dataset.json`` says where a data set begins, and each change since is a document of its own, numbered, written only if
nobody else wrote that number: of two processes that declare at once, the later one sees what the earlier one did. The
last number counts. Here: reading and changing it. Not here: what a declaration means (``htypes``, ``kinds``).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from typing import Any

from rushes.errors import StoreError
from rushes.store.objects import Objects

ABOUT = "dataset.json"
_FOLDER = "declared"
_FORMAT, _VERSION = "rushes-handmade", 2
_READ = (1, _VERSION)  # in version 1, dataset.json itself was changed

About = dict[str, Any]


def begin(objects: Objects, path: str | os.PathLike[str], overwrite: bool) -> None:
    """Declare a data set without columns. Raises ``StoreError`` for one that is there and is not to be given up."""
    about = _document({"rows": f"rows/{secrets.token_hex(4)}", "columns": {}, "creds_keys": []})
    if objects.create(ABOUT, about):
        return
    if not overwrite:
        raise StoreError(
            f"{objects.uri}: there is a data set already: rushes.load({os.fspath(path)!r}) opens it, "
            "overwrite=True begins anew and gives up what is in it"
        )
    _first(objects)  # whatever else lies here under that name is not ours to give up
    objects.write(ABOUT, about)  # from here on the new one is there, whatever becomes of the old one's files
    for folder in ("rows", "media", _FOLDER):
        for name in list(objects.list(folder)):
            objects.delete(name)


def read(objects: Objects) -> About:
    """Return what is declared now. Raises ``StoreError`` when there is no data set."""
    return _latest(objects)[0]


def change(objects: Objects, make: Callable[[About], None]) -> About:
    """Have ``make`` change what is declared, as often as somebody else was quicker, and return what then is.

    What it raises leaves everything as it was.
    """
    while True:
        about, number = _latest(objects)
        make(about)
        if objects.create(_path(about, number + 1), _document(about)):
            return about


def _latest(objects: Objects) -> tuple[About, int]:
    about = _first(objects)
    names = list(objects.list(_path(about, 0).rpartition("/")[0]))
    if not names:
        return about, 0
    return _parsed(objects, names[-1]), int(names[-1].rpartition("/")[2].removesuffix(".json"))


def _path(about: About, number: int) -> str:
    """Documents lie under the name of the folder of rows: what was given up does not speak of what came after."""
    return f"{_FOLDER}/{about['rows'].rpartition('/')[2]}/{number:06d}.json"


def _first(objects: Objects) -> About:
    try:
        return _parsed(objects, ABOUT)
    except FileNotFoundError:
        raise StoreError(f"{objects.uri}: no data set there: rushes.empty makes one") from None


def _parsed(objects: Objects, name: str) -> About:
    try:
        about = json.loads(objects.read(name))
    except ValueError:
        about = {}
    known = isinstance(about, dict) and about.pop("format", None) == _FORMAT and about.pop("version", None) in _READ
    if not known:
        raise StoreError(
            f"{objects.uri}: its {name} is not of {_FORMAT} version {_VERSION}; packaged data sets are opened by "
            "rushes.open(…).dataset(NAME)"
        )
    found: About = about
    return found


def _document(about: About) -> bytes:
    document = {"format": _FORMAT, "version": _VERSION, **about}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()
