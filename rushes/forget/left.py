"""What people made that still names, or holds, what was forgotten: it is theirs to change.

Here: finding it, so that they are told. Not here: changing anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.forget.recipes import about_of, is_by_hand, recipes
from rushes.forget.targets import Targets
from rushes.settings import PATH as SETTINGS
from rushes.store.objects import Objects


def left(objects: Objects, targets: Targets) -> Iterator[str]:
    """Yield what still names, or holds, what was forgotten and is not for this to change: people made it."""
    names = targets.names
    for name in objects.list("recipes"):
        if name.endswith(".yaml") and names.mentioned(objects.read(name).decode()):
            yield f"{name} names it: change it, and register it anew"
    if objects.exists(SETTINGS) and names.mentioned(objects.read(SETTINGS).decode()):
        yield f"{SETTINGS} names it: change it, and set it anew"
    for name in recipes(objects):
        if is_by_hand(about_of(objects, f"datasets/{name}")) and _holds_by_hand(objects, f"datasets/{name}", targets):
            yield f"datasets/{name} was made by hand and holds it: make it again without"


def _holds_by_hand(objects: Objects, folder: str, targets: Targets) -> bool:
    """Tell whether a data set made by hand has a video's bytes, or a row that names it."""
    media = (name.rsplit("/", 1)[-1] for name in objects.list(f"{folder}/media"))
    if any(one.startswith(sha256) for one in media for sha256 in targets.contents):
        return True
    rows = (name for name in objects.list(f"{folder}/rows") if name.endswith(".parquet"))
    return any(targets.names.mentioned(str(_parquet(objects, name))) for name in rows)


def _parquet(objects: Objects, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(objects.read(name))).to_pylist()
    return rows
