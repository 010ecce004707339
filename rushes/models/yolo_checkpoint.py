"""Read the networks that Ultralytics keeps in its checkpoints (``.pt``), running none of what such a file may ask for.

Such a file is a pickle of whole modules, and an ordinary unpickler calls whatever a pickle names. Here it is read by
torch's restricted unpickler, which is given the classes of layers and no function, and these classes can be filled but
not called: a layer's ``__init__`` may look at the disk, and evaluates what is in its arguments. So a checkpoint that
somebody handed over is as harmless as a list of numbers. Not here: state dicts (``checkpoint``), running the network.
"""

from __future__ import annotations

import os

os.environ["YOLO_OFFLINE"] = "true"  # read when ultralytics is imported: no downloads, no installs, no telemetry
os.environ["YOLO_AUTOINSTALL"] = "false"
os.environ["YOLO_VERBOSE"] = "false"

import importlib
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals
from ultralytics.nn.tasks import DetectionModel

from rushes.errors import ModelError

# What a checkpoint of a detector is made of; the losses lie in those that were saved in mid-training.
_LAYERS = ("torch.nn.modules.", "ultralytics.nn.modules.", "ultralytics.nn.tasks.")
_LOSSES = ("ultralytics.utils.loss.", "ultralytics.utils.tal.")
_SETTINGS = "ultralytics.utils.IterableSimpleNamespace"

_UNREADABLE = (  # what torch raises for bytes that are no checkpoint, and for one that wants too much
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    ImportError,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    TypeError,
)


def read_network(path: Path) -> DetectionModel:
    """The detector of a checkpoint, averaged weights first, in float32, on the CPU, ready for inference.

    Raises ``ModelError`` for a file that is no such checkpoint and for one that wants more than layers.
    """
    try:
        classes = {name: _class_of(name) for name in get_unsafe_globals_in_checkpoint(str(path))}
        stand_ins = {_unbuildable(own): name for name, own in classes.items()}
        with safe_globals(list(stand_ins.items())):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise ModelError(
            f"{path} is no checkpoint of an Ultralytics network ({_said(error)}): give a .pt of its training, or an "
            ".onnx export"
        ) from None
    network = (content.get("ema") or content.get("model")) if isinstance(content, dict) else None
    if not isinstance(network, DetectionModel):
        raise ModelError(f"{path} is no Ultralytics detector: give a .pt of its training, or an .onnx export")
    for module in network.modules():
        if type(module) in stand_ins:
            module.__class__ = classes[stand_ins[type(module)]]
    return network.float().eval()


def _class_of(name: str) -> type[Any]:
    """Return the class of layers or losses with this name. Raises ``UnpicklingError`` for the name of anything else."""
    module_name, _, class_name = name.rpartition(".")
    found: Any = None
    if name == _SETTINGS or name.startswith((*_LAYERS, *_LOSSES)):
        found = getattr(importlib.import_module(module_name), class_name, None)
    if not isinstance(found, type) or found.__module__ != module_name:
        raise pickle.UnpicklingError(f"it wants {name}, which is no layer of a network")
    return found


def _unbuildable(own: type[Any]) -> type[Any]:
    """Return a class whose instances can be filled with what was saved of others', but never called for.

    A pickled module is made by ``__new__`` alone; a bag of settings is pickled as a call, and harmless.
    """
    if own.__module__ + "." + own.__name__ == _SETTINGS:
        return own
    return type(own.__name__, (own,), {"__init__": _refuse})


def _refuse(self: object, *_: object, **__: object) -> None:
    raise pickle.UnpicklingError(f"it wants to call {type(self).__name__}")


def _said(error: Exception) -> str:
    """Return torch's reason, without its advice."""
    words = " ".join(str(error).split()).partition("WeightsUnpickler error: ")
    return (words[2] or words[0]).partition(" Check the documentation")[0][:160] or type(error).__name__
