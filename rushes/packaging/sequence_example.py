"""``tf.train.SequenceExample`` without TensorFlow: a map of features, and a map of lists of features.

Here: the way from plain values to the message's bytes and back. Written by hand, by protobuf's published encoding: a
data set has a great many features of a few bytes, and a message object for each costs more than all else. Read by
protobuf, from a descriptor made at run time of the published field numbers. Not here: which keys there are.

A feature is an int64 array, a float32 array, or a tuple of bytes; its type tells which of the three lists of the
message it becomes, also when it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from rushes.packaging.packed import PackagingError

Feature = npt.NDArray[np.int64] | npt.NDArray[np.float32] | tuple[bytes, ...]
Context = Mapping[str, Feature]

_PACKAGE = "tensorflow"
_Field = descriptor_pb2.FieldDescriptorProto

# What stands before a field of a length and its bytes: its number, and that wire type (2).
_FIRST, _SECOND = b"\x0a", b"\x12"
_BYTES, _FLOATS, _INTS = b"\x0a", b"\x12", b"\x1a"  # the three lists of a feature


@dataclass(frozen=True)
class Steps:
    """A list of features in one piece: ``values`` are those of all steps, ``counts`` tells how many each step has."""

    values: Feature
    counts: Sequence[int]


Lists = Mapping[str, Sequence[Feature] | Steps]


def build(context: Context, feature_lists: Lists) -> bytes:
    """The serialised message; maps are written sorted by key, so that the same values give the same bytes."""
    features = [_pair(key, _feature(context[key])) for key in sorted(context)]
    lists = [part for key in sorted(feature_lists) for part in _pair_in_parts(key, _feature_list(feature_lists[key]))]
    message = (_field(_FIRST, features) if features else []) + (_field(_SECOND, lists) if lists else [])
    return b"".join(message)


def parse(data: bytes) -> tuple[dict[str, Feature], dict[str, list[Feature]]]:
    """The context and the feature lists of a serialised message; PackagingError when it is none."""
    example = _SequenceExample()
    try:
        example.ParseFromString(data)
    except DecodeError as error:
        raise PackagingError("record is not a tf.train.SequenceExample: check the file's format") from error
    context = {key: _values(feature) for key, feature in example.context.feature.items()}
    lists = {
        key: [_values(feature) for feature in feature_list.feature]
        for key, feature_list in example.feature_lists.feature_list.items()
    }
    return context, lists


def whole(*values: int) -> Feature:
    """A feature of whole numbers."""
    return np.array(values, np.int64)


def real(*values: float) -> Feature:
    """A feature of float32 numbers."""
    return np.array(values, np.float32)


def text(*values: str | bytes) -> Feature:
    """A feature of bytes."""
    return tuple(value.encode() if isinstance(value, str) else value for value in values)


def one_each(values: Sequence[int] | npt.NDArray[np.int64]) -> Steps:
    """A list with one whole number a step."""
    return Steps(np.array(values, np.int64), [1] * len(values))


def _pair(key: str, value: bytes) -> bytes:
    """A pair of a map, which is the first field of either of the two."""
    return _entry(_key(key) + _SECOND + _varint(len(value)) + value)


def _pair_in_parts(key: str, value: list[bytes]) -> list[bytes]:
    return _field(_FIRST, [_key(key), *_field(_SECOND, value)])


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return _entry(key.encode())


def _field(tag: bytes, parts: list[bytes]) -> list[bytes]:
    """Bytes as a field. They stay in parts: images are copied once, when all is joined."""
    return [tag + _varint(sum(map(len, parts))), *parts]


def _feature_list(steps: Sequence[Feature] | Steps) -> list[bytes]:
    if isinstance(steps, Steps):
        kind = _kind(steps.values)
        return [part for payload in _payloads(steps) for part in (_step_head(kind, len(payload)), payload)]
    return [part for step in steps for part in _step(step)]


def _step(feature: Feature) -> list[bytes]:
    payload = _strings(feature) if isinstance(feature, tuple) else [_numbers(feature)]
    return [_step_head(_kind(feature), sum(map(len, payload))), *payload]


def _feature(feature: Feature) -> bytes:
    payload = b"".join(map(_entry, feature)) if isinstance(feature, tuple) else _numbers(feature)
    return _head(_kind(feature), len(payload)) + payload


def _kind(feature: Feature) -> bytes:
    if isinstance(feature, tuple):
        return _BYTES
    return _FLOATS if feature.dtype.kind == "f" else _INTS


@lru_cache(maxsize=4096)
def _head(kind: bytes, size: int) -> bytes:
    """What stands before a feature's values. Numbers are one field of the list, strings a field each.

    The list is there also where there is no value: readers take a feature without a kind for a broken one.
    """
    field = b"" if kind == _BYTES or size == 0 else _FIRST + _varint(size)
    return kind + _varint(len(field) + size) + field


@lru_cache(maxsize=4096)
def _step_head(kind: bytes, size: int) -> bytes:
    head = _head(kind, size)
    return _FIRST + _varint(len(head) + size) + head


def _payloads(steps: Steps) -> Iterator[bytes]:
    """The values of each step, encoded."""
    values, spans = steps.values, list(pairwise(accumulate(steps.counts, initial=0)))
    if not isinstance(values, tuple):
        if values.dtype.kind == "f":
            data = _numbers(values)
            return (data[4 * start : 4 * end] for start, end in spans)
        if _all_small(values):
            data = values.astype(np.uint8).tobytes()
            return (data[start:end] for start, end in spans)
    encoded = list(map(_entry, values) if isinstance(values, tuple) else map(_varint, values.tolist()))
    return (b"".join(encoded[start:end]) for start, end in spans)


def _all_small(values: npt.NDArray[Any]) -> bool:
    """Whether each whole number takes a byte."""
    return len(values) == 0 or bool(values.min() >= 0 and values.max() <= 0x7F)


def _entry(value: bytes) -> bytes:
    """Bytes as a message's first field, such as a string of a list and the key of a pair."""
    return _FIRST + _varint(len(value)) + value


def _strings(values: tuple[bytes, ...]) -> list[bytes]:
    return [part for value in values for part in (_FIRST + _varint(len(value)), value)]


def _numbers(values: npt.NDArray[Any]) -> bytes:
    if values.dtype.kind == "f":
        return values.astype("<f4", copy=False).tobytes()
    return b"".join(map(_varint, values.tolist()))


@lru_cache(maxsize=4096)
def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as those of 64 bits."""
    rest, encoded = value & 0xFFFFFFFFFFFFFFFF, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _values(message: Any) -> Feature:
    kind = message.WhichOneof("kind")
    if kind == "float_list":
        return np.array(message.float_list.value, np.float32)
    if kind == "int64_list":
        return np.array(message.int64_list.value, np.int64)
    return tuple(message.bytes_list.value)


def _make_sequence_example() -> Any:
    """The message class, from tensorflow/core/example/{feature,example}.proto's names, types and numbers."""
    file = descriptor_pb2.FileDescriptorProto(name="rushes/sequence_example.proto", package=_PACKAGE, syntax="proto3")
    _add_list(file, "BytesList", _Field.TYPE_BYTES)
    _add_list(file, "FloatList", _Field.TYPE_FLOAT)
    _add_list(file, "Int64List", _Field.TYPE_INT64)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (name, kind) in enumerate(
        (("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List")), start=1
    ):
        _add_field(feature, name, number, kind).oneof_index = 0
    _add_map(file.message_type.add(name="Features"), "feature", "Feature")
    _add_field(file.message_type.add(name="FeatureList"), "feature", 1, "Feature", _Field.LABEL_REPEATED)
    _add_map(file.message_type.add(name="FeatureLists"), "feature_list", "FeatureList")
    example = file.message_type.add(name="SequenceExample")
    _add_field(example, "context", 1, "Features")
    _add_field(example, "feature_lists", 2, "FeatureLists")
    # A pool of its own: the default one may hold TensorFlow's messages of the same names.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.SequenceExample"))


def _add_list(file: Any, name: str, type_: int) -> None:
    values = file.message_type.add(name=name)
    values.field.add(name="value", number=1, type=type_, label=_Field.LABEL_REPEATED)


def _add_field(message: Any, name: str, number: int, kind: str, label: int = _Field.LABEL_OPTIONAL) -> Any:
    return message.field.add(
        name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{kind}", label=label
    )


def _add_map(message: Any, name: str, kind: str) -> None:
    """A map<string, kind>: on the wire a repeated pair, which protobuf wants named after the field."""
    entry_name = "".join(word.capitalize() for word in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    _add_field(entry, "value", 2, kind)
    _add_field(message, name, 1, f"{message.name}.{entry_name}", _Field.LABEL_REPEATED)


_SequenceExample = _make_sequence_example()
