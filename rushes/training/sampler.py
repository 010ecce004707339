"""The order of a map-style data set's clips, for the ``sampler`` of a DataLoader.

Here: what a DataLoader asks of a sampler. Not here: the order (``order``), and how far one has come (``epochs``).
"""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler

from rushes.training.clips import Clips
from rushes.training.epochs import Epochs
from rushes.training.order import Order, Uneven, own_rank


class ClipSampler(Sampler[int]):
    """The numbers of this rank's clips, in the order of the epoch. Unlike torch's, it repeats none unless told to."""

    def __init__(
        self, clips: Clips, shuffle: bool, *, window: int, rank: int | None, world_size: int | None, uneven: Uneven
    ) -> None:
        self.epochs = Epochs(clips, Order(shuffle, window, *own_rank(rank, world_size), uneven))

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[int]:
        return iter(self.epochs.ahead().tolist())

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch."""
        self.epochs.clips.set_epoch(epoch)
