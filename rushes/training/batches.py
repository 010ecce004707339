"""Batches of samples of different lengths, for the ``collate_fn`` of a DataLoader.

Here: two ways, one that pads and one that keeps lists. Not here: what is in a sample (``clips``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rushes.errors import RushesError
from rushes.training.sample import Sample

# What fills the places where there is nothing; elsewhere it is 0.
_FILL = {"classes": -1, "steps": -1, "frame_numbers": -1}


class CollateError(RushesError):
    """Samples that do not go into one batch."""


def collate(samples: Sequence[dict[str, Any]]) -> Sample:
    """Return a batch of tensors, padded at the end to the longest clip and the most boxes.

    Of b samples: ``frames`` (b, t, 3, h, w), ``boxes`` (b, t, k, 4), ``ids``, ``classes``, ``scores`` (b, t, k) and so
    on. ``frame_mask`` bool (b, t) is true for frames that are there, ``box_mask`` bool (b, t, k) for boxes. What is
    not there is 0, its class -1 and its place -1. Values of a transform's own are treated likewise by their kind:
    tensors that differ in their first dimension at most, lists of such, numbers; anything else becomes a list.

    Raises CollateError for frames of different sizes.
    """
    batch = Sample({name: _padded(name, [sample[name] for sample in samples]) for name in samples[0]})
    if "frames" in batch:
        batch["frame_mask"] = _mask([len(sample["frames"]) for sample in samples])
    if "boxes" in batch:
        batch["box_mask"] = _padded("", [[_ones(boxes) for boxes in sample["boxes"]] for sample in samples])
    return batch


def collate_lists(samples: Sequence[dict[str, Any]]) -> Sample:
    """Return a batch in which tensors of one shape are stacked, and all else is a list, an entry a sample."""
    return Sample({name: _stacked_or_list([sample[name] for sample in samples]) for name in samples[0]})


def _padded(name: str, values: list[Any]) -> Any:
    fill = _FILL.get(name, 0)
    if all(isinstance(value, torch.Tensor) for value in values):
        return _stacked(name, values, fill)
    if all(isinstance(value, list) and value and isinstance(value[0], torch.Tensor) for value in values):
        most = max(len(one) for value in values for one in value)
        return _stacked(name, [torch.stack([_longer(one, most, fill) for one in value]) for value in values], fill)
    return _stacked_or_list(values)


def _stacked(name: str, values: list[torch.Tensor], fill: int) -> torch.Tensor:
    if len({value.shape[1:] for value in values}) > 1 or len({value.ndim for value in values}) > 1:
        shapes = sorted({tuple(value.shape) for value in values})
        raise CollateError(
            f"{name}: shapes {shapes} do not go into one batch: give ds.torch(…) a size, or collate_lists"
        )
    if values[0].ndim:
        most = max(map(len, values))
        values = [_longer(value, most, fill) for value in values]
    return _one(values)


def _stacked_or_list(values: list[Any]) -> Any:
    if all(isinstance(value, torch.Tensor) and value.shape == values[0].shape for value in values):
        return _one(values)
    if all(isinstance(value, (bool, int, float)) for value in values):
        return torch.tensor(values)
    return values


def _one(values: list[torch.Tensor]) -> torch.Tensor:
    """Return one tensor of all, channels last in memory where they are so."""
    # Not by default_collate, which in a worker stacks into shared memory: measured, a fifth slower than a copy to it.
    if values[0].ndim == 4 and all(value.permute(0, 2, 3, 1).is_contiguous() for value in values):
        return torch.stack([value.permute(0, 2, 3, 1) for value in values]).permute(0, 1, 4, 2, 3)
    return torch.stack(values)


def _longer(value: torch.Tensor, length: int, fill: int) -> torch.Tensor:
    """Return a tensor filled up to a length along its first dimension."""
    if len(value) == length:
        return value
    return torch.cat([value, value.new_full((length - len(value), *value.shape[1:]), fill)])


def _mask(lengths: Sequence[int]) -> torch.Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def _ones(boxes: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(boxes), dtype=torch.bool)
