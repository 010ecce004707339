"""One kind of value for every sequence of a data set.

Here: choosing sequences, and what a box's numbers are. Not here: one sequence's values (``cells``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

from rushes.coords import PIXEL_LTWH, Coords, check_coords, from_pixel_ltwh
from rushes.packaging.reading.cells import Array, Index, Ragged, positions
from rushes.packaging.reading.shards import Rows, Shards

Cell = TypeVar("Cell")


class Column(Generic[Cell]):
    """One kind of value for every sequence: ``column[5]`` is one sequence's, ``column[2:7]`` a shorter column."""

    def __init__(self, shards: Shards, rows: Array, cell: Callable[[Rows], Cell]) -> None:
        self._shards = shards
        self._rows = rows
        self._cell = cell

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cell]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: Index) -> Column[Cell]: ...
    def __getitem__(self, index: int | Index) -> Cell | Column[Cell]:
        where = positions(index, len(self), "sequence")
        if isinstance(where, int):
            return self._cell(self._shards.sequence(self._rows[where]))
        return self._of(self._rows[where])

    def _of(self, rows: Array) -> Column[Cell]:
        return Column(self._shards, rows, self._cell)


class BoxColumn(Column[Ragged]):
    """The boxes of every sequence; ``coords`` says what their four numbers are."""

    def __init__(self, shards: Shards, rows: Array, coords: Coords = PIXEL_LTWH) -> None:
        check_coords(coords)
        self.coords = dict(coords)
        super().__init__(shards, rows, self._boxes)

    def to(self, type: str = "pixel", mode: str = "LTWH") -> BoxColumn:
        """Return the same boxes, in other coords.

        ``type`` is ``pixel``, or ``fractional`` of the image's width and height; ``mode`` is ``LTRB``, ``LTWH`` or
        ``CCWH`` (the centre first). Raises ``SettingsError`` for others.
        """
        return BoxColumn(self._shards, self._rows, {"type": type, "mode": mode})

    def _of(self, rows: Array) -> BoxColumn:
        return BoxColumn(self._shards, rows, self.coords)

    def _boxes(self, sequence: Rows) -> Ragged:
        stored = sequence.boxes
        if self.coords == PIXEL_LTWH:
            return stored
        size = sequence.fact("width"), sequence.fact("height")
        return stored.turned(lambda boxes: from_pixel_ltwh(boxes, self.coords, *size))
