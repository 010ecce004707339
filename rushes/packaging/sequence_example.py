"""``tf.train.SequenceExample`` without TensorFlow: a map of features, and a map of lists of features.

Here: the message's descriptor, made at run time from its published field numbers, and the way to and from plain values.
Not here: which keys there are. A feature is an int64 array, a float32 array, or a tuple of bytes; its type tells which
of the three lists of the message it becomes, also when it is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from rushes.packaging.packed import PackagingError

Feature = npt.NDArray[np.int64] | npt.NDArray[np.float32] | tuple[bytes, ...]

_PACKAGE = "tensorflow"
_Field = descriptor_pb2.FieldDescriptorProto


def build(context: Mapping[str, Feature], feature_lists: Mapping[str, Sequence[Feature]]) -> bytes:
    """The serialised message; maps are written sorted by key, so that the same values give the same bytes."""
    example = _SequenceExample()
    for key, feature in context.items():
        _fill(example.context.feature[key], feature)
    for key, steps in feature_lists.items():
        feature_list = example.feature_lists.feature_list[key]
        for step in steps:
            _fill(feature_list.feature.add(), step)
    return bytes(example.SerializeToString(deterministic=True))


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


def _fill(message: Any, feature: Feature) -> None:
    # SetInParent marks the kind also where there is no value: readers take a feature without a kind for a broken one.
    if isinstance(feature, tuple):
        message.bytes_list.SetInParent()
        message.bytes_list.value.extend(feature)
    elif feature.dtype.kind == "f":
        message.float_list.SetInParent()
        message.float_list.value.extend(feature.tolist())
    else:
        message.int64_list.SetInParent()
        message.int64_list.value.extend(feature.tolist())


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
