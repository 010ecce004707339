"""Write and edit ONNX models without the onnx package.

Here: the few messages of the ONNX format that are needed, a graph writer for networks whose weights come as a bare
checkpoint, and two edits (free input sizes, quicker softmax). Not here: running a model (``rushes.models.inference``).

Messages and field numbers: onnx.proto of the ONNX specification, IR version 8, operator set 17. Fields that are not
listed here pass through an edit unchanged, as protobuf keeps unknown fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

IR_VERSION = 8
OPERATOR_SET = 17

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "float": _Field.TYPE_FLOAT,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}
# message: {field: (number, type, repeated)}
_MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Model": {
        "ir_version": (1, "int64", False),
        "graph": (7, "Graph", False),
        "opset_import": (8, "OperatorSet", True),
    },
    "OperatorSet": {"domain": (1, "string", False), "version": (2, "int64", False)},
    "Graph": {
        "node": (1, "Node", True),
        "name": (2, "string", False),
        "initializer": (5, "Tensor", True),
        "input": (11, "ValueInfo", True),
        "output": (12, "ValueInfo", True),
    },
    "Node": {
        "input": (1, "string", True),
        "output": (2, "string", True),
        "op_type": (4, "string", False),
        "attribute": (5, "Attribute", True),
    },
    "Attribute": {
        "name": (1, "string", False),
        "f": (2, "float", False),
        "i": (3, "int64", False),
        "ints": (8, "int64", True),
        "type": (20, "int32", False),
    },
    "Tensor": {
        "dims": (1, "int64", True),
        "data_type": (2, "int32", False),
        "name": (8, "string", False),
        "raw_data": (9, "bytes", False),
    },
    "ValueInfo": {"name": (1, "string", False), "type": (2, "Type", False)},
    "Type": {"tensor_type": (1, "TensorType", False)},
    "TensorType": {"elem_type": (1, "int32", False), "shape": (2, "Shape", False)},
    "Shape": {"dim": (1, "Dimension", True)},
    "Dimension": {"dim_value": (1, "int64", False), "dim_param": (2, "string", False)},
}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7
_ELEMENT_TYPES = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int64): 7, np.dtype(np.float16): 10}


def _define_messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="rushes_onnx.proto", package="rushes_onnx", syntax="proto2")
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for field_name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            field.type = _SCALARS.get(kind, _Field.TYPE_MESSAGE)
            if kind not in _SCALARS:
                field.type_name = f".rushes_onnx.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"rushes_onnx.{name}")) for name in _MESSAGES
    }


_classes = _define_messages()


def free_input_sizes(model: bytes) -> bytes:
    """The same model with inputs of any batch size, height and width: (N, C, H, W) keeps only its C.

    Weights that the file also lists as inputs, as old exporters did, are taken off that list: they become constants
    that a runtime may fold. Output sizes are left to shape inference.
    """
    parsed = _classes["Model"].FromString(model)
    graph = parsed.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    for value in inputs:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if axis != 1:
                dim.ClearField("dim_value")
                dim.dim_param = f"{value.name}_{axis}"
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    del graph.input[:]
    graph.input.extend(inputs)
    return parsed.SerializeToString(deterministic=True)


def spell_out_softmax(model: bytes) -> bytes:
    """The same model with every softmax over an inner axis written as exponentials and their sum.

    ONNX Runtime's softmax is slow over any axis but the last: in the box head of a YOLO network this saves a tenth of
    the whole. Models of an operator set whose reductions are written in another way are given back as they are.
    """
    parsed = _classes["Model"].FromString(model)
    if not any(opset.domain == "" and 13 <= opset.version <= OPERATOR_SET for opset in parsed.opset_import):
        return model
    nodes = list(parsed.graph.node)
    del parsed.graph.node[:]
    for node in nodes:
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), -1)
        if node.op_type == "Softmax" and axis >= 0:
            _add_softmax(parsed.graph, node.input[0], node.output[0], axis)
        else:
            parsed.graph.node.append(node)
    return parsed.SerializeToString(deterministic=True)


def _add_softmax(graph: Any, x: str, result: str, axis: int) -> None:
    greatest, shifted, powers, total, axes = (f"{result}/{part}" for part in ("max", "sub", "exp", "sum", "axes"))
    graph.initializer.append(_tensor(axes, np.array([axis], np.int64)))
    graph.node.append(_node("ReduceMax", [x], greatest, axes=[axis], keepdims=1))
    graph.node.append(_node("Sub", [x, greatest], shifted))
    graph.node.append(_node("Exp", [shifted], powers))
    graph.node.append(_node("ReduceSum", [powers, axes], total, keepdims=1))
    graph.node.append(_node("Div", [powers, total], result))


class GraphWriter:
    """An ONNX graph put together node by node; every method that makes a value returns that value's name."""

    def __init__(self) -> None:
        self._model = _classes["Model"](ir_version=IR_VERSION)
        self._model.opset_import.add(version=OPERATOR_SET)
        self._graph = self._model.graph
        self._graph.name = "rushes"

    def input(self, name: str, dtype: type[np.generic], shape: Sequence[int | str]) -> str:
        """An input of the graph; a dimension given by a name is free."""
        _describe(self._graph.input.add(name=name), dtype, shape)
        return name

    def output(self, value: str, dtype: type[np.generic], shape: Sequence[int | str]) -> None:
        """Makes ``value`` an output of the graph."""
        _describe(self._graph.output.add(name=value), dtype, shape)

    def constant(self, array: np.ndarray) -> str:
        """A weight or any other fixed array (float32, float16, uint8 or int64)."""
        name = f"c{len(self._graph.initializer)}"
        self._graph.initializer.append(_tensor(name, array))
        return name

    def add(self, operator: str, *inputs: str, **attributes: float | int | Sequence[int]) -> str:
        """A node with one output. Attributes are a float, an int, or several ints, as the operator asks."""
        name = f"v{len(self._graph.node)}"
        self._graph.node.append(_node(operator, inputs, name, **attributes))
        return name

    def to_bytes(self) -> bytes:
        """The model as the bytes of an ``.onnx`` file; the same graph gives the same bytes."""
        serialised: bytes = self._model.SerializeToString(deterministic=True)
        return serialised


def _node(operator: str, inputs: Sequence[str], output: str, **attributes: float | int | Sequence[int]) -> Any:
    node = _classes["Node"](op_type=operator, input=inputs, output=[output])
    for key, setting in attributes.items():
        if isinstance(setting, float):
            node.attribute.add(name=key, f=setting, type=_ATTRIBUTE_FLOAT)
        elif isinstance(setting, int):
            node.attribute.add(name=key, i=setting, type=_ATTRIBUTE_INT)
        else:
            node.attribute.add(name=key, ints=setting, type=_ATTRIBUTE_INTS)
    return node


def _tensor(name: str, array: np.ndarray) -> Any:
    little_endian = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    kind = _ELEMENT_TYPES[array.dtype]
    return _classes["Tensor"](name=name, dims=array.shape, data_type=kind, raw_data=little_endian.tobytes())


def _describe(value: Any, dtype: type[np.generic], shape: Sequence[int | str]) -> None:
    value.type.tensor_type.elem_type = _ELEMENT_TYPES[np.dtype(dtype)]
    for size in shape:
        if isinstance(size, str):
            value.type.tensor_type.shape.dim.add(dim_param=size)
        else:
            value.type.tensor_type.shape.dim.add(dim_value=size)
