"""From an address, or a name in a store, to the folder of the data set's native format.

Here: which folder. Not here: reading it (``reader``).
"""

from __future__ import annotations

import json
import os
from typing import Any

import fsspec

from rushes.errors import StoreError
from rushes.packaging import native_layout as layout
from rushes.packaging.reader import Dataset, DatasetError
from rushes.packaging.reader import open_dataset as open_native
from rushes.store.objects import Objects

_ABOUT = "dataset.json"


def open_dataset(uri: str | os.PathLike[str]) -> Dataset:
    """Open a packaged data set, wherever it lies: a local folder, ``s3://…``, ``https://…``, what else fsspec reads.

    ``uri`` is the folder of the native format, one of a version of the data set, or the data set's own, of which the
    version that was packaged last is meant. Raises ``DatasetError`` when there is none there.
    """
    fs, root = _place(uri)
    if fs.exists(f"{root}/{layout.INDEX_PATH}"):
        return open_native(fs, root)
    try:
        about = json.loads(fs.cat_file(f"{root}/{_ABOUT}"))
    except FileNotFoundError:
        raise DatasetError(
            f"{os.fspath(uri)}: no data set there, neither {layout.INDEX_PATH} nor {_ABOUT}; packaged ones are under "
            "datasets/ of a store"
        ) from None
    _check_native(about, os.fspath(uri))
    of_version = f"{root}/native"
    return open_native(fs, of_version if fs.exists(f"{of_version}/{layout.INDEX_PATH}") else _native(root, about))


def open_named(objects: Objects, name: str) -> Dataset:
    """Open a packaged data set of a store. Raises ``StoreError`` when it was not packaged so."""
    try:
        about = json.loads(objects.read(f"datasets/{name}/{_ABOUT}"))
    except FileNotFoundError:
        raise StoreError(f"no data set named {name!r} in {objects.uri}; see: rushes status") from None
    _check_native(about, name)
    return open_native(objects.fs, _native(objects.path(f"datasets/{name}"), about))


def _native(root: str, about: dict[str, Any]) -> str:
    return f"{root}/{about['version']}/native"


def _check_native(about: dict[str, Any], name: str) -> None:
    if "recipe" not in about:
        raise StoreError(f"data set {name!r} was made by hand, not packaged: open it with rushes.load")
    if "native" not in about["recipe"]["formats"]:
        raise StoreError(f"data set {name!r} was not packaged as native: add that to its recipe's formats")


def _place(uri: str | os.PathLike[str]) -> tuple[fsspec.AbstractFileSystem, str]:
    text = os.fspath(uri).rstrip("/")
    if not text.startswith(("http://", "https://")):
        objects = Objects(text)
        return objects.fs, objects.root
    try:
        fs, root = fsspec.core.url_to_fs(text)
    except ImportError as error:
        raise StoreError(f"cannot open {text}: {error}") from error
    return fs, root
