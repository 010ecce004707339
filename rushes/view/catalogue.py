"""What a data set's sequences can be filtered by: split, class of a box, and words in their id, video or label.

A hundred thousand sequences are six columns here; boxes are looked at once, for their classes, when these are first
asked for. Here: filters, and a page of what they leave. Not here: a sequence's frames and boxes (``sequence``).
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rushes.packaging.reader import Dataset
from rushes.packaging.reading.cells import Array
from rushes.view.sequence import class_name

_COLUMNS = ("sequence_id", "video_id", "label", "split", "n_frames", "n_boxes")


@dataclass(frozen=True)
class Filter:
    """Which sequences are wanted; what is None or empty leaves none out. All words of ``text`` must be found."""

    split: str | None = None
    class_id: int | None = None
    text: str = ""


class Catalogue:
    """The sequences of a data set as a list that can be filtered. May be asked by several threads."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._lock = threading.RLock()
        self._matching = lru_cache(maxsize=16)(self._find)

    def splits(self) -> dict[str, int]:
        """Return the splits that there are, and how many sequences are in each."""
        return dict(sorted(Counter(self._dataset.splits).items()))

    def classes(self) -> list[tuple[int, str, int]]:
        """Return id and name of each class that a box has, and how many sequences have one, the most first."""
        with self._lock:
            found = [
                (class_id, class_name(self._dataset, class_id), len(places))
                for class_id, places in self._places.items()
            ]
        return sorted(found, key=lambda one: (-one[2], one[0]))

    def page(self, wanted: Filter, start: int, count: int) -> dict[str, Any]:
        """Return, for JSON, how many sequences a filter leaves, and ``count`` of them from ``start`` on."""
        with self._lock:
            places = self._matching(wanted)
            rows = self._facts.take(places[start : start + count]).to_pylist()
        found = zip(places[start : start + count].tolist(), rows, strict=True)
        return {"total": len(places), "rows": [{"place": place, **row} for place, row in found]}

    def _find(self, wanted: Filter) -> Array:
        """Return the places int64 (m,) of the sequences that a filter leaves, in order."""
        left = np.ones(len(self._dataset), bool)
        if wanted.split is not None:
            left &= _true(pc.equal(self._facts["split"], wanted.split))
        if wanted.class_id is not None:
            left &= np.isin(np.arange(len(left)), self._places.get(wanted.class_id, []))
        for word in wanted.text.split():
            left &= _true(pc.match_substring(self._text, word, ignore_case=True))
        return np.flatnonzero(left)

    @cached_property
    def _facts(self) -> pa.Table:
        return self._dataset.facts(*_COLUMNS)

    @cached_property
    def _text(self) -> pa.ChunkedArray:
        words = [self._facts[name] for name in ("sequence_id", "video_id", "label")]
        return pc.binary_join_element_wise(*words, "\n", null_handling="replace")

    @cached_property
    def _places(self) -> dict[int, Array]:
        return self._dataset.places_by_class()


def _true(found: pa.ChunkedArray) -> Array:
    return np.asarray(pc.fill_null(found, False))
