"""Read the tensors of a PyTorch checkpoint with numpy alone.

Importing torch costs a worker seconds and hundreds of megabytes; a state dict is only arrays with names. The pickle
inside is read by an unpickler that knows four names and refuses all others, so that a file cannot run code. Of
checkpoints that hold whole modules (those of ultralytics) the arrays alone are read: every other object is kept as a
lifeless stand-in. Not here: networks (each room's own).

Both layouts of ``torch.save`` are read (see torch/serialization.py): the zip archive of PyTorch 1.6 and later, and
the older stream of five pickles followed by the storages.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rushes.errors import ModelError

_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
}
_UNREADABLE = (  # what unpickling raises for bytes that are no checkpoint
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
_STREAM_MAGIC = 0x1950A86A20F9469CFC6C

Storage = np.ndarray
_FindStorage = Callable[[str, np.dtype, int], Storage]  # (key, dtype, number of elements)


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint that holds a state dict, by name; float32, float16 or int64 as stored.

    Raises ``ModelError`` for any other content.
    """
    try:
        content = _read_archive(path) if zipfile.is_zipfile(path) else _read_stream(path)
    except _UNREADABLE as error:
        raise ModelError(f"{path} is not a checkpoint of plain tensors ({error}): give a state dict") from error
    if not isinstance(content, dict) or not all(isinstance(value, np.ndarray) for value in content.values()):
        raise ModelError(f"{path} does not hold a state dict: save `model.state_dict()` and give that")
    return dict(content)


def read_module_weights(path: Path) -> dict[str, np.ndarray]:
    """The parameters and buffers of the module in an Ultralytics checkpoint, named as its ``state_dict`` names them.

    The averaged weights (``ema``) where there are such, else those of ``model``. No class of the module's is imported,
    and nothing of the file is run. Raises ``ModelError`` for any other content.
    """
    try:
        content = _read_archive(path, _ModuleUnpickler)
        module = content.get("ema") or content.get("model")
        return dict(_arrays_of(module, ""))
    except _UNREADABLE as error:
        raise ModelError(f"{path} holds no module ({error}): give a .pt of Ultralytics' training") from error


def _arrays_of(module: Any, prefix: str) -> Iterator[tuple[str, np.ndarray]]:
    members = vars(module)
    for name, array in (*members["_parameters"].items(), *members["_buffers"].items()):
        if array is not None:
            yield prefix + name, array
    for name, inner in members["_modules"].items():
        yield from _arrays_of(inner, f"{prefix}{name}.")


def _read_archive(path: Path, unpickler: type[_Unpickler] | None = None) -> Any:
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].split("/", 1)[0]

        def find(key: str, dtype: np.dtype, size: int) -> Storage:
            return np.frombuffer(archive.read(f"{root}/data/{key}"), dtype, size)

        return (unpickler or _Unpickler)(io.BytesIO(archive.read(f"{root}/data.pkl")), find).load()


def _read_stream(path: Path) -> Any:
    waiting: dict[str, Storage] = {}

    def find(key: str, dtype: np.dtype, size: int) -> Storage:
        return waiting.setdefault(key, np.empty(size, dtype))  # filled below: the storages follow the pickles

    with path.open("rb") as file:
        if _Unpickler(file, find).load() != _STREAM_MAGIC:
            raise pickle.UnpicklingError("no checkpoint begins like this")
        _Unpickler(file, find).load()  # version of the protocol
        _Unpickler(file, find).load()  # byte order and sizes of the machine that wrote it
        content = _Unpickler(file, find).load()
        for key in _Unpickler(file, find).load():
            storage = waiting[key]
            (size,) = struct.unpack("<q", _exactly(file, 8))
            if size != storage.size:
                raise pickle.UnpicklingError(f"storage {key} has {size} elements, {storage.size} were announced")
            storage[:] = np.frombuffer(_exactly(file, storage.nbytes), storage.dtype)
    return content


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data


class _StorageType:
    """Stands for a torch storage class in the pickle."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, find_storage: _FindStorage) -> None:
        super().__init__(file)
        self._find_storage = find_storage

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise pickle.UnpicklingError(f"it wants {module}.{name}")

    def persistent_load(self, reference: Any) -> Storage:
        kind, storage_type, key, _device, size, *_ = reference
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError(f"it refers to {kind!r}")
        return self._find_storage(key, storage_type.dtype, size)


class _StandIn:
    """Takes whatever a pickle says of an object and does nothing."""

    def __new__(cls, *_: object, **__: object) -> _StandIn:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, item: object) -> None:
        pass


class _ModuleUnpickler(_Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except pickle.UnpicklingError:
            return _StandIn


def _rebuild_tensor(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> np.ndarray:
    """A view of the storage, as torch lays a tensor over it (strides counted in elements)."""
    count = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) if 0 not in shape else 0
    if offset < 0 or min(strides, default=0) < 0 or offset + count > storage.size:
        raise pickle.UnpicklingError("a tensor reaches past its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)


def _rebuild_parameter(tensor: np.ndarray, *_: object) -> np.ndarray:
    return tensor
