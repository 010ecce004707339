"""Columns of words: ``text``, ``json`` for whatever JSON can say, and sequences of either.

In a row a sample is text, which SQL can read. Here: text and JSON as they were given. Not here: numbers (``arrays``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa

from rushes.handmade.intake import Intake
from rushes.handmade.kinds import Declaration, Kind, SampleError, kind_of
from rushes.handmade.views import Many, positions
from rushes.store.objects import Objects


class TextKind(Kind):
    """A piece of text."""

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        return pa.array([self.written(sample, "the sample")], pa.large_string())

    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        return self.given(value.as_py())

    def written(self, sample: Any, which: str) -> str:
        """Return a sample as the text that is kept. Raises ``SampleError``."""
        if not isinstance(sample, str):
            raise SampleError(f"{which}: text is expected, not {kind_of(sample)}")
        return _encodable(str(sample), which)

    def given(self, text: str) -> Value:
        """Return what a person gets of a kept text."""
        return Value(text)


class JsonKind(TextKind):
    """Dicts, lists, text, numbers, true, false and null, within each other."""

    def written(self, sample: Any, which: str) -> str:
        try:
            text = json.dumps(sample, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise SampleError(f"{which}: JSON cannot say this ({error})") from None
        if json.loads(text) != sample:
            raise SampleError(f"{which}: JSON would give it back otherwise: its keys are text, and it has no tuples")
        return _encodable(text, which)

    def given(self, text: str) -> Value:
        return Value(json.loads(text))


class TextSequenceKind(Kind):
    """A list of texts, or of what JSON can say."""

    def __init__(self, declared: Declaration, item: TextKind) -> None:
        super().__init__(declared)
        self._item = item

    def encode(self, sample: Any, intake: Intake) -> pa.Array:
        if not isinstance(sample, Sequence) or isinstance(sample, (str, bytes)):
            raise SampleError(f"a sequence is a list, not {kind_of(sample)}")
        texts = [self._item.written(item, f"item {number}") for number, item in enumerate(sample)]
        return pa.array([texts], pa.large_list(pa.large_string()))

    def decode(self, value: pa.Scalar, objects: Objects) -> Any:
        return ValueList([self._item.given(text) for text in value.as_py()])


class Value:
    """A text, or a value of JSON."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"<{self._value!r}>"

    def data(self) -> Any:
        """Return the text, dict, list or number."""
        return self._value

    def numpy(self) -> np.ndarray:
        """Return it as an array of objects, of shape ()."""
        array = np.empty((), object)
        array[()] = self._value
        return array


class ValueList(Sequence[Value]):
    """A sequence of such."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    @overload
    def __getitem__(self, key: int) -> Value: ...
    @overload
    def __getitem__(self, key: Many) -> ValueList: ...
    def __getitem__(self, key: int | Many) -> Value | ValueList:
        places = positions(key, len(self), "item")
        return self._values[places] if isinstance(places, int) else ValueList([self._values[i] for i in places])

    def data(self) -> list[Any]:
        """Return the texts or values."""
        return [value.data() for value in self._values]

    def numpy(self) -> np.ndarray:
        """Return them as an array of objects, of shape (n,)."""
        array = np.empty(len(self), object)
        array[:] = self.data()
        return array


def _encodable(text: str, which: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SampleError(f"{which}: half of a character cannot be kept: it is no text that UTF-8 can say") from None
    return text
