"""The clips that one rank has before it: which epoch it is in, and how much of that was done before.

What a sampler and a stream have in common. Here: the state, and where it is kept. Not here: the order's arithmetic
(``order``), counting what was handed over (``loader``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.errors import SettingsError
from rushes.training.clips import Clips
from rushes.training.order import Order, told

State = dict[str, Any]


class Epochs:
    """The epochs of a data set's clips, as one rank sees them."""

    def __init__(self, clips: Clips, order: Order) -> None:
        self.clips = clips
        self.order = order
        # The epoch that a state was of, and how many clips of it were done; shared with worker processes.
        self._resumed = torch.tensor([-1, 0]).share_memory_()

    @property
    def begun_at(self) -> int:
        """How many clips of the epoch, those of all ranks, were done before this run came to it."""
        epoch, done = self._resumed.tolist()
        return int(done) if epoch == self.clips.epoch else 0

    def ahead(self) -> npt.NDArray[np.int64]:
        """Return int64 (n,): the clips of this rank in the epoch, from there on."""
        order = self.order.epoch(self.clips.shards, self.clips.seed, self.clips.epoch)
        return self.order.share(order, self.begun_at)

    def __len__(self) -> int:
        """How many clips this rank has in a whole epoch."""
        return len(self.order.share(np.arange(len(self.clips))))

    def over(self) -> None:
        """Forget what was done before: the epoch is over, and taken from its start if it is taken again."""
        self._resumed.copy_(torch.tensor([-1, 0]))

    def state(self, handed_over: int) -> State:
        """Return the state after so many clips were handed over by each rank since ``begun_at``."""
        done = min(self.begun_at + handed_over * self.order.world_size, len(self.clips))
        return {"epoch": self.clips.epoch, "done": done, **self._facts()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go to where a state was taken. Raises ``SettingsError`` when it is of other clips or another order."""
        for name, here in self._facts().items():
            if state.get(name) != here:
                raise SettingsError(
                    f"the state is of other clips, or of another order of them: its {name} is {state.get(name)!r}, "
                    f"and here it is {here!r}"
                )
        self.clips.set_epoch(state["epoch"])
        self._resumed.copy_(torch.tensor([state["epoch"], state["done"]]))

    def _facts(self) -> State:
        return {"clips": self.clips.fingerprint, "seed": self.clips.seed, **told(self.order)}
