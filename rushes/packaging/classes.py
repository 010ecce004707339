"""The classes of a data set: which there are, and the number of each.

Tracks of one detector or annotation keep their class ids. Where a data set holds several vocabularies, or one without
numbers, its classes are numbered anew, in order of their names; classes of one name are one class. Here: that choice.
Not here: the boxes (``sequences``), names that a format knows (each its own).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from rushes.tracking.vocabulary import COCO, COCO_CLASSES

# A vocabulary whose ids go further is numbered anew: a list of names has a place for each id up to the highest.
_HIGHEST_ID = 65_535

_Class = tuple[str, int | None, str]


@dataclass(frozen=True)
class Classes:
    """``names[i]`` is the name of class i. ``renumbered`` says that i is not what the tracks' own vocabulary says."""

    names: tuple[str, ...]
    renumbered: bool = False

    def number(self, class_id: int | None, class_name: str) -> int:
        """Return the number of a track's class in this data set."""
        return self.names.index(class_name) if self.renumbered or class_id is None else class_id


def classes_of(connection: duckdb.DuckDBPyConnection, clips: Iterable[str]) -> Classes:
    """Return the classes of the tracks of these clips."""
    found: Sequence[_Class] = connection.execute(
        "SELECT DISTINCT vocabulary, class_id, class_name FROM tracks WHERE list_contains(?, clip_id) ORDER BY ALL",
        [sorted(set(clips))],
    ).fetchall()
    if all(vocabulary == COCO for vocabulary, _, _ in found):
        return Classes(COCO_CLASSES)
    numbered = {class_id: name for _, class_id, name in found if class_id is not None and class_id <= _HIGHEST_ID}
    if len(numbered) < len(found) or len({vocabulary for vocabulary, _, _ in found}) > 1:
        return Classes(tuple(sorted({name for _, _, name in found})), renumbered=True)
    return Classes(tuple(numbered.get(i, f"class {i}") for i in range(max(numbered) + 1)))
