"""A data set made by hand, as a person holds it.

Here: declaring columns, appending, credentials keys. Not here: where it is written what was declared (``declared``),
the samples (``rows``, ``kinds``).
"""

from __future__ import annotations

import json
import keyword
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rushes.errors import SettingsError
from rushes.handmade import declared as declarations
from rushes.handmade.column import Column
from rushes.handmade.htypes import kind
from rushes.handmade.intake import Intake
from rushes.handmade.kinds import Declaration, Kind, SampleError
from rushes.handmade.rows import Rows
from rushes.ranges import credentials
from rushes.store.objects import Objects

if TYPE_CHECKING:
    from rushes.handmade.gallery import Gallery
    from rushes.training.clips import Clips


def empty(path: str | os.PathLike[str], overwrite: bool = False) -> Dataset:
    """Make a data set without columns: a folder, or an ``s3://`` prefix. ``overwrite`` gives up one that is there.

    Raises ``StoreError`` when there is one and it is not to be given up.
    """
    objects = Objects(path)
    declarations.begin(objects, path, overwrite)
    return Dataset(objects)


def load(path: str | os.PathLike[str]) -> Dataset:
    """Open a data set that ``empty`` made. Raises ``StoreError`` when there is none."""
    return Dataset(Objects(path))


class Dataset:
    """Columns by name, ``ds.videos`` or ``ds["videos"]``, each a list of samples of its own length.

    ``ds[5]`` is a dict of the samples number 5, and ``len(ds)`` the length of the shortest column.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._take_in(declarations.read(objects))

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self.objects.uri,)

    def __repr__(self) -> str:
        columns = (f"{name}: {len(self[name])} of {kind.declared.htype}" for name, kind in self.kinds.items())
        return f"<data set {self.objects.uri}: {', '.join(columns) or 'no columns yet'}>"

    def __len__(self) -> int:
        return min((len(self[name]) for name in self.kinds), default=0)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    def __enter__(self) -> Self:
        """Return itself, for programs that write in a ``with``: every append is written whole with or without one."""
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Column:
        if name.startswith("_") or name not in self.kinds:
            raise AttributeError(_no_column(name, self.__dict__.get("kinds", {})))
        return self[name]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.kinds:
                raise KeyError(_no_column(key, self.kinds))
            return Column(key, self, self._rows, self.objects)
        length = len(self)
        if not -length <= key < length:
            raise IndexError(f"sample {key} of {length}: the shortest column has so many")
        return {name: self[name][key % length] for name in self.kinds}

    def create_tensor(
        self,
        name: str,
        htype: str = "generic",
        dtype: str | type | np.dtype[Any] | None = None,
        sample_compression: str | None = None,
        coords: Mapping[str, str] | None = None,
        class_names: Sequence[str] | None = None,
    ) -> Column:
        """Declare a column and return it.

        ``dtype`` is for ``generic`` arrays, ``sample_compression`` the format of video or image files, ``coords`` what
        the four numbers of a box are, ``class_names`` those of a ``class_label``. Raises ``SettingsError``.
        """
        taken = keyword.iskeyword(name) or hasattr(Dataset, name) or name in self.__dict__
        if taken or name.startswith("_") or not name.isidentifier():
            raise SettingsError(f"column {name!r}: give a name that can be written as ds.NAME and means nothing yet")
        facts = {"coords": coords and dict(coords), "class_names": class_names and list(class_names)}
        info = {fact: value for fact, value in facts.items() if value is not None}
        named = dtype.__name__ if isinstance(dtype, type) else None if dtype is None else str(dtype)
        declared = Declaration(htype, named, sample_compression, info)
        kind(declared)

        def declare(about: declarations.About) -> None:
            if name in about["columns"]:
                raise SettingsError(f"column {name!r} is there already, of htype {about['columns'][name]['htype']}")
            about["columns"][name] = vars(declared)

        self._change(declare)
        return Column(name, self, self._rows, self.objects)

    def append(self, samples: Mapping[str, Any]) -> None:
        """Add one sample to every column: all of them are there when this returns, or none.

        Raises ``SampleError`` when one is not what its column holds, or is missing.
        """
        if not isinstance(samples, Mapping) or not all(isinstance(name, str) for name in samples):
            raise SampleError(
                f"a row is appended as a dict of a sample for each column, not as {type(samples).__name__}"
            )
        for name in samples.keys() - self.kinds.keys():
            raise SampleError(_no_column(name, self.kinds))
        if missing := [name for name in self.kinds if name not in samples]:
            raise SampleError(f"nothing is given for {', '.join(missing)}; ds.NAME.append fills one column alone")
        self.add(samples)

    def add(self, samples: Mapping[str, Any]) -> None:
        """Add one sample to each of some columns, all or none. What ``append`` of a data set and of a column do."""
        with Intake(self.objects, self.creds_keys) as intake:
            values = {name: self._encoded(name, sample, intake) for name, sample in samples.items()}
            intake.store()
            self._rows.append(values)

    def change_info(self, column: str, make: Callable[[dict[str, Any]], object]) -> None:
        """Have ``make`` change a column's facts. Raises ``SettingsError`` for what cannot be written down."""

        def note(about: declarations.About) -> None:
            info = about["columns"][column]["info"]
            make(info)
            try:
                json.dumps(info)
            except (TypeError, ValueError):
                raise SettingsError(f"{column}: info holds text, numbers, lists and dicts only") from None
            kind(Declaration(**about["columns"][column]))

        self._change(note)

    def add_creds_key(self, name: str, managed: bool = False) -> None:
        """Note that links may name this credentials key. Its values are never part of the data set.

        There is no service that manages keys: with ``managed`` a warning says where their values are looked for.
        """
        credentials.check_key(name)
        if managed:
            warnings.warn(
                f"nobody manages credentials here: values of {name!r} are taken from populate_creds, from "
                f"{credentials.variable(name)} in the environment, or from a profile of that name",
                stacklevel=2,
            )

        def add(about: declarations.About) -> None:
            about["creds_keys"] = [*dict.fromkeys([*about["creds_keys"], name])]

        self._change(add)

    def populate_creds(self, name: str, creds: credentials.Source) -> None:
        """Give the values behind a key's name, for this process alone: they are written nowhere."""
        if name not in self.creds_keys:
            raise SettingsError(f"no credentials key {name!r} in this data set: add_creds_key({name!r})")
        credentials.populate(name, creds)

    def torch(self, frames: int | None = None, *, of: str | None = None, **settings: Any) -> Clips:
        """Return a PyTorch data set of whole sequences, or of clips of ``frames`` frames cut out of them.

        A sequence is a sample of column ``of``, or of the only one of videos or sequences of images. Its boxes are of
        the column ``boxes``, or of the only one of ``sequence[bbox]``; ``ids``, ``classes`` and ``scores`` of columns
        so named, a list of arrays with a value for each box; its label is of the column ``label``. What there is no
        column of is -1, a score 1. ``settings`` and samples are those of ``rushes.training.Clips``. Raises
        ``SettingsError`` when it cannot tell which column has the pictures, or without PyTorch.
        """
        from rushes.handmade.trained import clips

        return clips(self, frames, of, settings)

    def summary(self) -> None:
        """Print a line for each column: its name, type, number of samples, and what else is declared."""
        lines = [("column", "htype", "samples", "declared")]
        for name, of in self.kinds.items():
            declared = {"dtype": of.declared.dtype, "sample_compression": of.declared.sample_compression}
            facts = {fact: value for fact, value in declared.items() if value is not None} | dict(of.declared.info)
            said = "  ".join(f"{fact}={value}" for fact, value in facts.items())
            lines.append((name, of.declared.htype, str(len(self[name])), said))
        widths = [max(map(len, column)) for column in list(zip(*lines, strict=True))[:3]]
        for *cells, said in lines:
            print("  ".join([*map(str.ljust, cells, widths), said]).rstrip())

    def visualize(self, open_browser: bool = True) -> Gallery:
        """Show the videos and sequences of images with their boxes in the browser, or inline in a notebook.

        Returns at once; ``.close()`` of what is returned ends it.
        """
        from rushes.handmade.gallery import visualize

        return visualize(self, open_browser=open_browser)

    def _encoded(self, name: str, sample: Any, intake: Intake) -> Any:
        try:
            return self.kinds[name].encode(sample, intake)
        except SampleError as error:
            raise SampleError(f"{name}: {error}") from None

    def _change(self, make: Callable[[declarations.About], None]) -> None:
        self._take_in(declarations.change(self.objects, make))

    def _take_in(self, about: declarations.About) -> None:
        self.creds_keys: list[str] = about["creds_keys"]
        self.kinds: dict[str, Kind] = {
            name: kind(Declaration(**declared)) for name, declared in about["columns"].items()
        }
        if "_rows" not in self.__dict__:
            self._rows = Rows(self.objects, about["rows"])


def _no_column(name: str, columns: Mapping[str, Any]) -> str:
    there = f"there are {', '.join(columns)}" if columns else "there are none yet"
    return f"no column {name!r}: {there}"
