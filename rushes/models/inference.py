"""Run ONNX models: one way to open a session, the same for every network of the house.

Here: threads, providers and logging of ONNX Runtime. Not here: what goes in or comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from rushes.errors import ModelError
from rushes.models.batches import MemoryExhaustedError

_OUT_OF_MEMORY = ("Failed to allocate memory", "out of memory", "bad_alloc")


def onnx_session(model: Path | bytes, threads: int = 1, device: str = "auto") -> onnxruntime.InferenceSession:
    """A session for an ``.onnx`` file or its bytes: on CUDA where the installed ONNX Runtime has it, else on the CPU.

    ``device`` may insist on ``cpu`` or ``cuda``; raises ``ModelError`` where the latter is not to be had.

    One thread by default, since the work is spread over processes, one a core: a video's frames then give the same
    bytes however many run beside it. Only errors are logged.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    providers = [_CPU] if device == "cpu" else _providers()
    session = onnxruntime.InferenceSession(source, options, providers=providers)
    if device == "cuda" and not on_gpu(session):
        raise ModelError(
            "ONNX Runtime has no CUDA device here: set device to auto or cpu, or install onnxruntime-gpu instead of "
            "onnxruntime"
        )
    return session


def run(
    session: onnxruntime.InferenceSession, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] | None = None
) -> list[np.ndarray]:
    """Return the named outputs, by default all. Raises ``MemoryExhaustedError`` where there is not the memory."""
    try:
        return list(session.run(outputs, inputs))
    except (faults.Fail, faults.RuntimeException) as error:
        if not any(words in str(error) for words in _OUT_OF_MEMORY):
            raise
        raise MemoryExhaustedError("ONNX Runtime could not allocate it") from None


def on_gpu(session: onnxruntime.InferenceSession) -> bool:
    """Whether the session runs on CUDA, where large batches pay; on the CPU single images are as quick."""
    return session.get_providers()[0] == _CUDA


_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def _providers() -> list[str]:
    return [name for name in (_CUDA, _CPU) if name in onnxruntime.get_available_providers()]
