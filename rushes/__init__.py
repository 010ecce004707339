"""Rushes: raw video into curated, versioned data sets of object tracks and frame sequences.

``rushes.open`` gives a store: its tables by SQL and its packaged data sets. The pipeline that fills it is a Dagster
project beside this library. Importing this needs numpy, pyarrow, av, fsspec and duckdb alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from rushes.store.access import Store

__all__ = ["Store", "open"]
__version__ = "0.1.0"


def open(uri: str | os.PathLike[str] | None = None) -> Store:
    """Open a store: a folder or an ``s3://`` prefix; by default ``$RUSHES_STORE``, else the folder ``store`` here."""
    return Store(uri or os.environ.get("RUSHES_STORE") or Path("store"))
