"""Which clip comes when in an epoch, and at which rank.

The order is one list for all ranks and workers, made of the index alone, before anything is read. Every rank takes
each so-manieth of it. Here: plain arithmetic. Not here: data sets and loaders.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch.distributed

from rushes.errors import SettingsError
from rushes.training.chance import CLIPS, SHARDS, chance

Uneven = Literal["keep", "drop", "pad"]


@dataclass(frozen=True)
class Order:
    """How the clips of an epoch are put in order and shared out.

    Without ``shuffle`` they come as they lie. With it, shards come in random order, and then every ``window`` clips are
    shuffled among themselves: what is near in time is near in storage. A ``window`` of all clips or more is a plain
    shuffle.

    ``rank`` of ``world_size`` takes the clips number rank, rank + world_size, … of the order. ``uneven`` says what
    becomes of it when they do not come out even: ``keep`` gives every clip once, so that some ranks have one more than
    others; ``drop`` leaves the last few out; ``pad`` gives the first few once more. With the last two, all ranks have
    the same number.
    """

    shuffle: bool
    window: int
    rank: int
    world_size: int
    uneven: Uneven

    def __post_init__(self) -> None:
        if self.uneven not in get_args(Uneven):
            raise SettingsError(f"uneven={self.uneven!r}: use one of {', '.join(get_args(Uneven))}")
        if self.window < 1:
            raise SettingsError(f"window={self.window}: shuffle at least one clip at a time")
        if not 0 <= self.rank < self.world_size:
            raise SettingsError(f"rank {self.rank} of {self.world_size}: ranks count from 0 to below the world's size")

    def epoch(self, shards: npt.NDArray[np.int64], seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """Return int64 (n,): the clips in the order of an epoch. ``shards`` (n,) says where each clip lies."""
        clips = np.arange(len(shards))
        if not self.shuffle:
            return clips
        by_shard = np.lexsort((clips, shards, chance(seed, epoch, SHARDS, shards)))
        return by_shard[np.lexsort((chance(seed, epoch, CLIPS, by_shard), clips // self.window))]

    def share(self, order: npt.NDArray[np.int64], done: int = 0) -> npt.NDArray[np.int64]:
        """Return this rank's part of an order, after the first ``done`` of it."""
        rest = order[done:]
        if self.uneven == "drop":
            rest = rest[: len(rest) // self.world_size * self.world_size]
        if self.uneven == "pad":
            rest = np.concatenate([rest, np.resize(order, -len(rest) % self.world_size)])
        return rest[self.rank :: self.world_size]


def own_rank(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Return rank and world size: those given, else torch.distributed's, else what torchrun set, else (0, 1)."""
    if (rank is None) != (world_size is None):
        raise SettingsError("rank and world_size belong together: give both, or neither")
    if rank is not None and world_size is not None:
        return rank, world_size
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def told(order: Order) -> dict[str, Any]:
    """Return what of an order shapes an epoch, whatever the number of ranks."""
    return {"shuffle": order.shuffle, "window": order.window if order.shuffle else None}
