"""MediaSequence's examples as a PyTorch data set, with what MediaSequence's own readers yield.

    dataset = MediaSequenceDataset(open_mediasequence("…/mediasequence", "street_train_tfrecord"))
    loader = DataLoader(dataset, batch_size=4, shuffle=True, num_workers=2, collate_fn=padded)

Here: tensors of one example, and batches of several. Not here: reading (``rushes.packaging.mediasequence_reader``),
what the values are (``rushes.packaging.mediasequence_sample``), and the native format (beside this).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from rushes.packaging.mediasequence_reader import MediaSequence
from rushes.packaging.mediasequence_sample import sample
from rushes.packaging.packed import PackagingError

Sample = dict[str, Any]


class MediaSequenceDataset(Dataset[Sample]):
    """A map-style data set: a dict of tensors an example, decoded in the process that asks for it.

    The values are those of ``mediasequence_sample.sample``, arrays as tensors of the same shape and type: ``images``
    uint8 (t, h, w, c). ``classes`` is the number of labels that clips and segments may have, by default that of the
    files beside the shards; ``prefix`` says which images; ``transform`` is given each dict and returns what the data
    set then yields. Raises PackagingError when nothing says how many classes there are.
    """

    def __init__(
        self,
        examples: MediaSequence,
        classes: int | None = None,
        prefix: str = "",
        transform: Callable[[Sample], Any] | None = None,
    ) -> None:
        self.examples = examples
        self.classes = len(examples.label_names) if classes is None else classes
        if classes is None and not self.classes:
            raise PackagingError(f"{examples.objects.uri} has no labels.csv: give the number of classes")
        self.prefix = prefix
        self.transform = transform

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Any:
        values = sample(self.examples[index], self.classes, self.prefix)
        tensors = {
            name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value for name, value in values.items()
        }
        return self.transform(tensors) if self.transform else tensors


def padded(samples: Sequence[Mapping[str, Any]]) -> Sample:
    """Collate samples: tensors get zeros behind, in each dimension, up to the largest, and a first dimension for the
    samples; numbers become a tensor, strings a list. Where ``indicator_matrix`` is 0 there was no image.
    """
    return {name: _together([sample[name] for sample in samples]) for name in samples[0]}


def _together(values: Sequence[Any]) -> Any:
    if isinstance(values[0], str):
        return list(values)
    if not isinstance(values[0], torch.Tensor):
        return torch.tensor(values)
    largest = [max(sizes) for sizes in zip(*(value.shape for value in values), strict=True)]
    batch = values[0].new_zeros((len(values), *largest))
    for row, value in zip(batch, values, strict=True):
        row[tuple(slice(size) for size in value.shape)] = value
    return batch
