"""Run ONNX models: one way to open a session, the same for every network of the house.

Here: threads, providers and logging of ONNX Runtime. Not here: what goes in or comes out.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from rushes.errors import ModelError


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


def on_gpu(session: onnxruntime.InferenceSession) -> bool:
    """Whether the session runs on CUDA, where large batches pay; on the CPU single images are as quick."""
    return session.get_providers()[0] == _CUDA


_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def _providers() -> list[str]:
    return [name for name in (_CUDA, _CPU) if name in onnxruntime.get_available_providers()]
