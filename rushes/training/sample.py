"""A sample, or a batch of them: a dict of tensors that passes from a worker process at little cost.

Here: the dict. Not here: what is in it (``clips``, ``batches``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

# A tensor in shared memory costs a file, and asking the worker for it; smaller ones are sent along as they are.
_SMALL_BYTES = 1 << 16


class Sample(dict[str, Any]):
    """Values by name, those that are small being sent as plain bytes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, ({name: _packed(value) for name, value in self.items()},)


@dataclass(frozen=True)
class _Small:
    array: npt.NDArray[np.generic]


def _packed(value: Any) -> Any:
    if isinstance(value, list):
        return [_packed(one) for one in value]
    if type(value) is torch.Tensor and _is_plain(value) and value.nbytes <= _SMALL_BYTES:
        return _Small(value.numpy())
    return value


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether numpy can have it as it is."""
    return (
        tensor.device.type == "cpu"
        and tensor.layout is torch.strided
        and not (tensor.requires_grad or tensor.dtype is torch.bfloat16 or tensor.is_quantized or tensor.is_conj())
    )


def _unpacked(values: dict[str, Any]) -> Sample:
    return Sample({name: _whole(value) for name, value in values.items()})


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    # A copy, since what came through the pipe may not be written to.
    return torch.from_numpy(value.array.copy()) if isinstance(value, _Small) else value
