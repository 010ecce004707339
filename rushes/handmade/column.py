"""A column of a data set, or a part of one: its samples by number, and appending to it.

Here: selecting samples. Not here: what a sample is (``kinds``), where it lies (``rows``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from rushes.handmade.kinds import Kind
from rushes.handmade.rows import Rows
from rushes.handmade.views import positions
from rushes.store.objects import Objects

if TYPE_CHECKING:
    from rushes.handmade.dataset import Dataset


class Samples:
    """Samples of one column: ``samples[1]`` is one, ``samples[1:3]`` are some, ``samples[1, key]`` is part of one."""

    def __init__(self, get: Callable[[int], Any], places: Sequence[int]) -> None:
        self._get = get
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            if len(key) != 2:
                raise TypeError(f"a sample and a part of it, as in [0, 100:200], but {len(key)} keys were given")
            return self[key[0]][key[1]]
        places = positions(key, len(self), "sample")
        if isinstance(places, int):
            return self._get(self._places[places])
        return Samples(self._get, [self._places[i] for i in places])

    def numpy(self) -> list[Any]:
        """Return each sample's values. Mind the size of videos."""
        return [sample.numpy() for sample in self]


class Column(Samples):
    """One column: a list of samples that can be appended to."""

    def __init__(self, name: str, dataset: Dataset, rows: Rows, objects: Objects) -> None:
        self.name = name
        self._dataset = dataset
        self._rows = rows
        self._objects = objects

    def __repr__(self) -> str:
        return f"<column {self.name!r}: {len(self)} samples of htype {self.htype}>"

    def __len__(self) -> int:
        return self._rows.count(self.name)

    def __getitem__(self, key: Any) -> Any:
        return Samples(self._sample, range(len(self)))[key]

    @property
    def kind(self) -> Kind:
        """What its samples are, as declared now."""
        return self._dataset.kinds[self.name]

    @property
    def htype(self) -> str:
        """Its declared type."""
        return self.kind.declared.htype

    @property
    def info(self) -> Info:
        """Facts about its samples, such as ``coords``; what is set is written at once."""
        return Info(self.name, self._dataset)

    def append(self, sample: Any) -> None:
        """Add a sample: it is in the data set whole when this returns, or not at all.

        Raises ``SampleError`` when it is not what the column holds, and what reading it raises.
        """
        self._dataset.add({self.name: sample})

    def extend(self, samples: Iterable[Any]) -> None:
        """Append one sample after another: those before one that is refused stay."""
        for sample in samples:
            self.append(sample)

    def to(self, type: str = "pixel", mode: str = "LTWH", of: str | None = None) -> Samples:
        """Return the same boxes in other coords, of a column of ``bbox`` or ``sequence[bbox]``.

        ``type`` is ``pixel`` or ``fractional``, ``mode`` ``LTRB``, ``LTWH`` or ``CCWH``. Between pixels and fractions
        it takes the pictures' sizes: those of the data set's column of videos or images, of which ``of`` names one
        where there are several. Raises ``SettingsError``.
        """
        from rushes.handmade.turned import turned

        return turned(self._dataset, self, {"type": type, "mode": mode}, of)

    def _sample(self, number: int) -> Any:
        return self.kind.decode(self._rows.value(self.name, number), self._objects)


class Info(MutableMapping[str, Any]):
    """A column's facts, a dict that is part of ``dataset.json``."""

    def __init__(self, column: str, dataset: Dataset) -> None:
        self._column = column
        self._dataset = dataset

    def __repr__(self) -> str:
        return repr(dict(self))

    def __len__(self) -> int:
        return len(self._facts())

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts())

    def __getitem__(self, name: str) -> Any:
        return self._facts()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._dataset.change_info(self._column, lambda facts: facts.update({name: value}))

    def __delitem__(self, name: str) -> None:
        self._dataset.change_info(self._column, lambda facts: facts.pop(name))

    def _facts(self) -> dict[str, Any]:
        return dict(self._dataset.kinds[self._column].declared.info)
