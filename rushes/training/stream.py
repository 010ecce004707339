"""A data set's clips as an iterable PyTorch data set: each worker takes its own clips of the rank's order.

Here: sharing them out among workers. Not here: the order (``order``), reading a clip (``clips``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch.utils.data import IterableDataset, get_worker_info

from rushes.training.clips import Clips
from rushes.training.epochs import Epochs
from rushes.training.order import Order, Uneven, own_rank


class Stream(IterableDataset[Any]):
    """This rank's clips, in the order of the epoch. No worker reads what another one does.

    Workers take turns, ``chunk`` clips each. When that is the batches' size, a DataLoader gives the same batches
    whatever the number of workers: ``Loader`` sees to that.
    """

    def __init__(
        self, clips: Clips, shuffle: bool, *, window: int, rank: int | None, world_size: int | None, uneven: Uneven
    ) -> None:
        self.epochs = Epochs(clips, Order(shuffle, window, *own_rank(rank, world_size), uneven))
        self.chunk = 1

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Any]:
        numbers = self.epochs.ahead().tolist()
        worker = get_worker_info()
        first, every = (worker.id, worker.num_workers) if worker else (0, 1)
        for start in range(first * self.chunk, len(numbers), every * self.chunk):
            for number in numbers[start : start + self.chunk]:
                yield self.epochs.clips[number]

    def in_chunks(self, chunk: int) -> Stream:
        """Return the same stream, whose workers take so many clips in a turn."""
        other = copy.copy(self)
        other.chunk = chunk
        return other

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch, also in worker processes that are there already."""
        self.epochs.clips.set_epoch(epoch)
