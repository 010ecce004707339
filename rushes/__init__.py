"""Rushes: raw video into curated, versioned data sets of object tracks and frame sequences.

``rushes.open`` gives a store: its tables by SQL, its videos and its packaged data sets; ``rushes.open_file`` a video
that is in none, ``rushes.open_dataset`` a packaged data set by its address. The pipeline that fills a store is a
Dagster project beside this library. ``rushes.empty`` makes a data set by hand and ``rushes.load`` opens it again;
``rushes.read`` and ``rushes.link`` are what is appended to it.
Importing this needs numpy, pyarrow, av, fsspec and duckdb alone.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.store.access import Store

if TYPE_CHECKING:
    from rushes.handmade import empty, link, load, read
    from rushes.packaging.find import open_dataset
    from rushes.video.video import open_file

__all__ = ["Store", "empty", "link", "load", "open", "open_dataset", "open_file", "read"]
__version__ = "0.1.0"

# ONNX Runtime, as soon as it is imported by anybody, gives the machine a number and tells Microsoft of its use.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def open(uri: str | os.PathLike[str] | None = None) -> Store:
    """Open a store: a folder or an ``s3://`` prefix; by default ``$RUSHES_STORE``, else the folder ``store`` here."""
    return Store(uri or os.environ.get("RUSHES_STORE") or Path("store"))


def __getattr__(name: str) -> Any:
    """Take what few programs need from where it is when it is first asked for."""
    if name == "open_file":
        return importlib.import_module("rushes.video.video").open_file
    if name == "open_dataset":
        return importlib.import_module("rushes.packaging.find").open_dataset
    if name in ("empty", "link", "load", "read"):
        return getattr(importlib.import_module("rushes.handmade"), name)
    raise AttributeError(f"module 'rushes' has no attribute {name!r}")
