"""What a kind of column has to offer: how a sample is checked and laid down in a row, and what is given back of it.

Here: that interface, and what is declared of a column. Not here: the kinds themselves (one module for each family).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rushes.errors import RushesError, SettingsError
from rushes.handmade.intake import Intake
from rushes.store.objects import Objects


class SampleError(RushesError):
    """A sample is not what its column holds."""


@dataclass(frozen=True)
class Declaration:
    """What is declared of a column. ``info`` is for facts about its samples; some kinds know what they mean."""

    htype: str
    dtype: str | None = None
    sample_compression: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


class Kind(ABC):
    """A column's type. Raises ``SettingsError`` when what is declared does not go together."""

    # Options of a declaration that the kind has a use for.
    options: tuple[str, ...] = ()

    def __init__(self, declared: Declaration) -> None:
        self.declared = declared
        given = {"dtype": declared.dtype, "sample_compression": declared.sample_compression}
        given |= {name: declared.info.get(name) for name in ("coords", "class_names")}
        unfit = [name for name, value in given.items() if value is not None and name not in self.options]
        if unfit:
            raise SettingsError(f"a column of htype {declared.htype!r} takes no {' and no '.join(unfit)}")

    @abstractmethod
    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        """Return a sample as an array of one value, always of the same type. Raises ``SampleError``."""

    @abstractmethod
    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        """Return what a person gets of a sample; its pixels are not read yet."""


def kind_of(value: object) -> str:
    """Say in a message what was given."""
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if shape is not None else type(value).__name__
